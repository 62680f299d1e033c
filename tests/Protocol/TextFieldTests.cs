using System.Text;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Protocol;

public sealed class TextFieldTests
{
    [Theory]
    [InlineData("")]
    [InlineData("system")]
    [InlineData("linux,cma")]
    [InlineData("größe → 31 bytes of UTF-8!!")]
    [InlineData("0123456789012345678901234567890")]
    public void Text_that_fits_comes_back(string text)
    {
        var field = default(Text32);
        ((Span<byte>)field).Fill(0xFF);

        Assert.True(TextField.TryWrite(field, text));
        Assert.True(TextField.TryRead(field, out var strict));
        Assert.Equal((text, text), (strict, TextField.Read(field)));
    }

    [Theory]
    [InlineData("01234567890123456789012345678901")]
    [InlineData("with\0nul")]
    public void Text_that_does_not_fit_leaves_the_field_as_it_was(string text)
    {
        var field = default(Text32);
        TextField.Write(field, "before");

        Assert.False(TextField.TryWrite(field, text));
        Assert.Equal("before", TextField.Read(field));
    }

    [Theory]
    [InlineData("€", 3)]
    [InlineData("ü", 2)]
    [InlineData("𝄞", 4)]
    public void Text_is_cut_at_a_whole_character(string character, int bytes)
    {
        for (var lead = 25; lead <= 31; lead++)
        {
            var field = default(Text32);
            TextField.Write(field, new string('x', lead) + character + "tail that never fits whole, whatever came before it");

            Assert.True(TextField.TryRead(field, out var text));
            Assert.Equal(lead + bytes <= 31, text.Contains(character, StringComparison.Ordinal));
            Assert.InRange(Encoding.UTF8.GetByteCount(text), 31 - (bytes - 1), 31);
        }
    }

    [Fact]
    public void The_strict_reader_refuses_what_the_lenient_one_takes()
    {
        byte[] unterminated = [.. Enumerable.Repeat((byte)'x', 32)];
        byte[] hidden = [(byte)'a', 0, (byte)'b', 0];
        byte[] noUtf8 = [(byte)'a', 0xFF, 0, 0];

        Assert.False(TextField.TryRead(unterminated, out _));
        Assert.False(TextField.TryRead(hidden, out _));
        Assert.False(TextField.TryRead(noUtf8, out _));
        Assert.Equal((new string('x', 32), "a", "a\uFFFD"), (TextField.Read(unterminated), TextField.Read(hidden), TextField.Read(noUtf8)));
    }
}
