using DmaHeap.Protocol;

namespace DmaHeap.Tests.Protocol;

public sealed class BufferIdTests
{
    [Theory]
    [InlineData(0ul, 0ul, "00000000000000000000000000000000")]
    [InlineData(0x0123456789abcdeful, 1ul, "0123456789abcdef0000000000000001")]
    [InlineData(ulong.MaxValue, ulong.MaxValue, "ffffffffffffffffffffffffffffffff")]
    public void An_id_is_read_as_it_is_written(ulong epoch, ulong sequence, string text)
    {
        var id = new BufferId(epoch, sequence);

        Assert.Equal(text, id.ToString());
        Assert.True(BufferId.TryParse(text, out var read));
        Assert.Equal(id, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef000000000000001")]
    [InlineData("0123456789abcdef00000000000000010")]
    [InlineData("0x23456789abcdef0000000000000001")]
    [InlineData("0123456789abcdef 000000000000001")]
    [InlineData("0123456789abcdeg0000000000000001")]
    public void What_is_no_id_is_refused(string text)
    {
        Assert.False(BufferId.TryParse(text, out var id));
        Assert.Equal(default, id);
    }
}
