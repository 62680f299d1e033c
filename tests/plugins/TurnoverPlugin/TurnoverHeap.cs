using DmaHeap;
using TurnoverPlugin;

[assembly: HeapType(typeof(TurnoverHeap), Options = typeof(TurnoverOptions))]

namespace TurnoverPlugin;

public sealed class TurnoverOptions : ICheckedOptions
{
    [Option("What the heap says beside its version.")]
    public string Tag { get; init; } = "";

    [Option("A file; the constructor tells by it that it has begun, and does not come back before the host stops the heap.")]
    public string HangIn { get; init; } = "";

    [Option("Refuses to start.")]
    public bool Refuse { get; init; }

    [Option("A file; while it is there, every allocation throws.")]
    public string ThrowWhile { get; init; } = "";

    [Option("A file for which a thread of the heap waits, before and after the heap's end; empty for no such thread.")]
    public string ClingUntil { get; init; } = "";

    public IEnumerable<OptionError> Check()
    {
        if (Tag == "crash")
            Environment.FailFast("as asked");
        return Tag == "wrong" ? [new OptionError(nameof(Tag), "is wrong, as only the plugin knows")] : [];
    }
}

/// <summary>A heap of pages that tells which code it is, and can hang on to the process after its end.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class TurnoverHeap : Heap<HeapBuffer>
{
    // Tests write another digit into the file: the same plugin in another version.
    const string Version = "code-version-1";

    readonly IHeapContext _context;
    readonly TurnoverOptions _options;

    public TurnoverHeap(IHeapContext context, TurnoverOptions options)
    {
        if (options.Refuse)
            throw new HeapException(HeapErrno.NoDevice, "refused-as-asked", $"{Version} does not start");
        if (options.HangIn.Length > 0)
        {
            File.WriteAllText(options.HangIn, "");
            context.Stopping.WaitHandle.WaitOne();
        }
        (_context, _options) = (context, options);
        if (options.ClingUntil.Length > 0)
            new Thread(Cling) { IsBackground = true }.Start();
    }

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        if (_options.ThrowWhile.Length > 0 && File.Exists(_options.ThrowWhile))
            throw new InvalidOperationException("thrown as asked");
        if (request.Name == "which")
            throw new HeapException(HeapErrno.Invalid, "which", $"{Version}{_options.Tag}");
        return new TurnoverBuffer(_context.Memory.AllocatePages(new PageRequest { Length = request.Length, Commit = request.Commit }));
    }

    void Cling()
    {
        while (!File.Exists(_options.ClingUntil))
            Thread.Sleep(10);
    }
}

/// <summary>A class of the plugin's own with an op, so that whatever the host remembers of it would keep the plugin.</summary>
public sealed class TurnoverBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    public override void BeginCpuAccess(in CpuAccess access)
    {
    }
}
