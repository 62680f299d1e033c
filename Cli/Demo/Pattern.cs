using System.Runtime.InteropServices;
using DmaHeap.Client;

namespace DmaHeap.Cli.Demo;

/// <summary>Bytes that differ from place to place and from seed to seed, so that shifted, stale, foreign and zeroed memory all show.</summary>
static class Pattern
{
    // A multiple of the word, and short enough for a span in buffers of any size.
    const int Slice = 1 << 20;

    /// <param name="mapping">Where.</param>
    /// <param name="seed">Which bytes.</param>
    /// <param name="start">Where the mapping lies in its buffer; a multiple of 8.</param>
    public static void Fill(DmaMapping mapping, ulong seed, long start = 0)
    {
        for (long offset = 0; offset < mapping.Length; offset += Slice)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(mapping.Slice(offset, SliceAt(mapping, offset)));
            for (var i = 0; i < words.Length; i++) words[i] = WordAt(start + offset + i * sizeof(ulong), seed);
        }
    }

    /// <summary>Offset in the buffer of the first byte that is different, or null when all are as <see cref="Fill"/> wrote them.</summary>
    public static long? FindDifference(DmaMapping mapping, ulong seed, long start = 0)
    {
        for (long offset = 0; offset < mapping.Length; offset += Slice)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(mapping.ReadOnlySlice(offset, SliceAt(mapping, offset)));
            for (var i = 0; i < words.Length; i++)
            {
                var place = start + offset + i * sizeof(ulong);
                var difference = words[i] ^ WordAt(place, seed);
                if (difference != 0) return place + (BitConverter.IsLittleEndian ? long.TrailingZeroCount((long)difference) : long.LeadingZeroCount((long)difference)) / 8;
            }
        }

        return null;
    }

    static int SliceAt(DmaMapping mapping, long offset) => (int)Math.Min(Slice, mapping.Length - offset);

    // The finaliser of splitmix64: every bit of place and seed changes about half of the word.
    static ulong WordAt(long place, ulong seed)
    {
        var word = seed + (ulong)place * 0x9E3779B97F4A7C15;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }
}
