using BrittlePlugin;
using DmaHeap;

[assembly: HeapType(typeof(BrittleHeap), Options = typeof(BrittleOptions))]

namespace BrittlePlugin;

/// <summary>What becomes of large buffers.</summary>
public enum LargeBuffers
{
    /// <summary>They are handed out.</summary>
    Work = 0,

    /// <summary>The process crashes.</summary>
    Crash = 1,

    /// <summary>Nobody hears of the heap again.</summary>
    Hang = 2,
}

/// <summary>Options of <see cref="BrittleHeap"/>.</summary>
public sealed class BrittleOptions
{
    /// <summary>What becomes of large buffers.</summary>
    [Option("What becomes of buffers of 4 MiB and more.", Default = "work")]
    public LargeBuffers Large { get; init; }
}

/// <summary>Works, or takes its process along, as its options say.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class BrittleHeap(IHeapContext context, BrittleOptions options) : Heap<HeapBuffer>
{
    const long Large = 4L << 20;

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        // To what nobody may have, it says no like any other.
        if (request.Length is >= Large and < 1L << 40) Fail();
        Console.WriteLine("a plugin may print what it likes");
        return new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));
    }

    void Fail()
    {
        if (options.Large == LargeBuffers.Crash) Crash();
        if (options.Large == LargeBuffers.Hang) Thread.Sleep(Timeout.Infinite);
    }

    // Far from null: a fault near it is an exception like any other.
    static unsafe void Crash() => *(int*)0x6000_0000_0000 = 1;
}
