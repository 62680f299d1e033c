using System.Text;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

/// <summary>Files nobody would write: whatever is done to a valid one, it is accepted or refused with places that exist, never more.</summary>
public sealed class ConfigurationFuzzTests
{
    private const int Rounds = 6000;

    private static readonly byte[] s_seed = Encoding.UTF8.GetBytes("""
        { // é😀
          "$schema": "x", "version": 1, "limits": { "total": "2GiB", "perUser": 1073741824, },
          "heaps": { "system": { "plugin": "SystemHeap", "required": true },
            "linux,cma": { "plugin": "CmaHeap", "aliases": ["reserved", "ü"], /* ü
          */ "options": { "size": "1.5MiB", "pages": "2MiB", "threads": 7, "patience": "2s", "zones": [{ "name": "a\u0041" }] },
              "access": { "mode": "0660", "group": 44 }, "commit": "lazy" } } }
        """.Replace("\"ü\"", "\"u\"", StringComparison.Ordinal));

    private static readonly string[] s_tokens =
        ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "-1", "1e999", "0", "\"\\ud800\"", "\\", "//", "/*", "*/", "\n", "\r\n", "\uFEFF", "\"version\":1,", "\"heaps\"", "9999999999999999999999", "\0", "é", "😀", "\u2028"];

    [Theory]
    [InlineData(1)]
    [InlineData(20260)]
    public void A_mutated_file_is_accepted_or_refused_with_places_within_it(int seed)
    {
        var random = new Random(seed);
        var (accepted, refused, unparsed) = (0, 0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Mutate(random);
            var result = ConfigurationReader.Parse(bytes, "f");
            foreach (var error in result.Errors) AssertWithin(error, bytes);
            Assert.Equal(result.Errors.OrderBy(e => (e.Location.Line, e.Location.Column)), result.Errors);

            if (result.Value is { } configuration) accepted += configuration.Heaps.Count(heap => BindAll(heap, bytes));
            else if (result.Errors[0].Path.Length == 0) unparsed++;
            else refused++;
        }

        // The mutations must reach all three ends to prove anything.
        Assert.True(accepted > Rounds / 100 && refused > Rounds / 100 && unparsed > Rounds / 100, $"{accepted} accepted, {refused} refused, {unparsed} no JSON");
    }

    [Fact]
    public void The_seed_of_the_mutations_is_valid() => Assert.True(ConfigurationReader.Parse(s_seed).IsValid);

    private static bool BindAll(HeapConfiguration heap, byte[] bytes)
    {
        Type?[] types = [typeof(SampleOptions), typeof(DemandingOptions), null];
        foreach (var error in types.SelectMany(type => ConfigurationReader.BindOptions(heap, type).Errors)) AssertWithin(error, bytes);
        return true;
    }

    private static void AssertWithin(ConfigurationError error, byte[] bytes)
    {
        // Decoded leniently: an invalid byte is one character, which is what stands there.
        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        Assert.InRange(error.Location.Line, 1, lines.Length);
        Assert.InRange(error.Location.Column, 1, lines[error.Location.Line - 1].EnumerateRunes().Count() + 1);
        Assert.DoesNotContain('\n', error.ToString());
        Assert.NotEqual("", error.Message);
        Assert.True(error.ToString().Length < 2000);
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = s_seed.ToList();
        for (var edits = random.Next(1, 5); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            var length = random.Next(1, Math.Min(24, bytes.Count - at) + 1);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes[at] = (byte)"0123456789abcdefghijklmnop\"{}[],:/*"[random.Next(35)];
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    bytes.Add((byte)'}');
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_tokens[random.Next(s_tokens.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }
}
