using System.Diagnostics;
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

/// <summary>What becomes of the process that makes a heap.</summary>
public enum Beginning
{
    /// <summary>Nothing.</summary>
    Work = 0,

    /// <summary>It ends, as if all were well.</summary>
    Exit = 1,

    /// <summary>It hears nothing more of the heap.</summary>
    Hang = 2,

    /// <summary>It cannot end, as a thread goes on.</summary>
    Stay = 3,

    /// <summary>It starts another process, which goes on with all that it inherits until the temporary directory is gone.</summary>
    Child = 4,
}

/// <summary>Options of <see cref="BrittleHeap"/>.</summary>
public sealed class BrittleOptions
{
    /// <summary>What becomes of large buffers.</summary>
    [Option("What becomes of buffers of 4 MiB and more.", Default = "work")]
    public LargeBuffers Large { get; init; }

    /// <summary>What becomes of the process that makes a heap.</summary>
    [Option("What becomes of the process that makes a heap.", Default = "work")]
    public Beginning Begin { get; init; }
}

/// <summary>Works, or takes its process along, as its options say.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class BrittleHeap : Heap<HeapBuffer>
{
    const long Large = 4L << 20;

    static int s_left;

    readonly IHeapContext _context;
    readonly BrittleOptions _options;

    public BrittleHeap(IHeapContext context, BrittleOptions options)
    {
        (_context, _options) = (context, options);
        if (options.Begin == Beginning.Exit)
            Environment.Exit(0);
        if (options.Begin == Beginning.Hang)
        {
            Console.WriteLine("a plugin may hang");
            Thread.Sleep(Timeout.Infinite);
        }
        if (options.Begin is not (Beginning.Stay or Beginning.Child) || Interlocked.Exchange(ref s_left, 1) == 1)
            return;
        if (options.Begin == Beginning.Stay)
            new Thread(() => Thread.Sleep(Timeout.Infinite)).Start();
        else
            Process.Start("/bin/sh", ["-c", "exec 2> /dev/null; while [ -d \"$TMPDIR\" ]; do sleep 0.2; done"]).Dispose();
    }

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        // To what nobody may have, it says no like any other.
        if (request.Length is >= Large and < 1L << 40) Fail();
        Console.WriteLine("a plugin may print what it likes");
        return new(_context.Memory.AllocatePages(new PageRequest { Length = request.Length }));
    }

    void Fail()
    {
        if (_options.Large == LargeBuffers.Crash) Crash();
        if (_options.Large == LargeBuffers.Hang) Thread.Sleep(Timeout.Infinite);
    }

    // Far from null: a fault near it is an exception like any other.
    static unsafe void Crash() => *(int*)0x6000_0000_0000 = 1;
}
