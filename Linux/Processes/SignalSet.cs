using System.Globalization;
using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>A set of the signals 1 to 64, as the kernel keeps it: signal n is bit n-1.</summary>
/// <param name="Bits">The set.</param>
public readonly unsafe partial record struct SignalSet(ulong Bits)
{
    const int OpaqueSize = 512;

    /// <summary>The set of these signals.</summary>
    /// <param name="signals">1 to 64 each.</param>
    public static SignalSet Of(params ReadOnlySpan<int> signals)
    {
        ulong bits = 0;
        foreach (var signal in signals) bits |= 1ul << (signal - 1);
        return new SignalSet(bits);
    }

    /// <summary>Whether a signal is in the set.</summary>
    /// <param name="signal">1 to 64.</param>
    public bool Contains(int signal) => (Bits & (1ul << (signal - 1))) != 0;

    /// <summary>What the calling thread has blocked.</summary>
    public static SignalSet Blocked
    {
        get
        {
            var set = stackalloc byte[OpaqueSize];
            ((Errno)pthread_sigmask(0, null, set)).ThrowIfFailed("pthread_sigmask");
            return new SignalSet(*(ulong*)set);
        }
    }

    /// <summary>Reads a set as /proc/PID/status writes it.</summary>
    /// <param name="hexadecimal">Such as <c>0000000000001000</c>.</param>
    public static SignalSet Parse(ReadOnlySpan<char> hexadecimal) =>
        new(ulong.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    [LibraryImport("libc")]
    private static partial int pthread_sigmask(int how, byte* set, byte* old);
}
