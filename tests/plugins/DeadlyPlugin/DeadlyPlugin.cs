using System.Runtime.InteropServices;
using DeadlyPlugin;
using DmaHeap;

[assembly: HeapType(typeof(DeadlyHeap), Options = typeof(DeadlyOptions))]

namespace DeadlyPlugin;

/// <summary>Options of <see cref="DeadlyHeap"/>.</summary>
public sealed class DeadlyOptions : ICheckedOptions
{
    /// <summary>Creates a file as soon as anything of the plugin runs.</summary>
    public DeadlyOptions() => Traces++;

    /// <summary>How often the class was created in this process.</summary>
    public static int Traces { get; private set; }

    /// <summary>What only the class knows to be wrong.</summary>
    [Option("True to be refused by the options' own rules.", Default = "false")]
    public bool Wrong { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        if (Wrong) yield return new OptionError(nameof(Wrong), "must not be true");
    }
}

/// <summary>Does with a buffer, or with its process, what the buffer's name says.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class DeadlyHeap : Heap<DeadlyBuffer>
{
    readonly IHeapContext _context;

    /// <summary>Creates the heap.</summary>
    public DeadlyHeap(IHeapContext context, DeadlyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _context = context;
        context.Log.Write(HeapLogLevel.Information, "deadly heap started", new LogField("Process", Environment.ProcessId));
    }

    /// <inheritdoc/>
    protected override DeadlyBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        Console.WriteLine("a plugin may print what it likes");
        Deed.Do(request.Name, _context, cancellationToken);
        return new(_context.Memory.AllocatePages(new PageRequest { Length = request.Length }), request.Name, _context);
    }

    /// <inheritdoc/>
    protected override void Release(DeadlyBuffer buffer, ReleaseReason reason)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (buffer.Name.StartsWith("release-", StringComparison.Ordinal)) Deed.Do(buffer.Name["release-".Length..], _context, default);
    }
}

/// <summary>A buffer that may do it later.</summary>
public sealed class DeadlyBuffer(IHeapMemory memory, string name, IHeapContext context) : HeapBuffer(memory)
{
    /// <summary>What it was called.</summary>
    public string Name => name;

    /// <inheritdoc/>
    public override BufferAttachment Attach(in AttachRequest request)
    {
        if (name.StartsWith("attach-", StringComparison.Ordinal)) Deed.Do(name["attach-".Length..], context, default);
        return base.Attach(in request);
    }
}

static class Deed
{
    public static void Do(string deed, IHeapContext context, CancellationToken cancellationToken)
    {
        switch (deed)
        {
            case "segfault":
                Write();
                break;
            case "overflow":
                Overflow(0);
                break;
            case "exit":
                Environment.Exit(3);
                break;
            case "hang":
                Thread.Sleep(Timeout.Infinite);
                break;
            case "wait":
                cancellationToken.WaitHandle.WaitOne();
                cancellationToken.ThrowIfCancellationRequested();
                break;
            case "throw":
                throw new InvalidOperationException("thrown in the worker");
            case "unhandled":
                new Thread(() => throw new InvalidOperationException("nobody catches this")).Start();
                Thread.Sleep(Timeout.Infinite);
                break;
            case "flood":
                Flood(context.Log);
                break;
            case "own-thread":
                var thread = new Thread(() => context.Memory.AllocatePages(new PageRequest { Length = 4096 }).Dispose());
                thread.Start();
                thread.Join();
                break;
        }
    }

    // A message each by the log, standard output and standard error, of 4 KiB.
    static void Flood(IHeapLog log)
    {
        var text = new string('x', 4096);
        for (var i = 0; i < 2000; i++)
        {
            log.Write(HeapLogLevel.Information, "flood " + text, new LogField("Long", text));
            Console.Out.WriteLine(text);
            Console.Error.WriteLine(text);
        }
    }

    static int Overflow(int depth) => depth < 0 ? 0 : Overflow(depth + 1) + Overflow(depth + 2);

    [DllImport("deadly", EntryPoint = "deadly_write")]
    static extern void Write();
}
