using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(FakeHeap), Options = typeof(FakeOptions))]

namespace DmaHeap.Heaps;

/// <summary>
/// A heap for tests: plain pages, and whatever its script says goes wrong with them. Everything it is asked is in its journal. The same seed and the same calls
/// give the same answers.
/// </summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class FakeHeap : IHeap, IHeapJournal, IShrinker
{
    private const byte Dirt = 0xA5;

    private readonly IHeapContext _context;
    private readonly Player _player;
    private readonly Region _region;
    private readonly Hoard _hoard;
    private long _lastBuffer;

    /// <summary>Creates a fake that plays a script.</summary>
    /// <param name="context">The host's side.</param>
    /// <param name="options">The script.</param>
    /// <exception cref="HeapException">EIO: the journal's file cannot be written; ENOMEM: there is too little to hoard.</exception>
    public FakeHeap(IHeapContext context, FakeOptions options)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        _context = context;
        Seed = options.Seed ?? Random.Shared.Next();
        _region = new Region(options);
        _player = new Player(context, options, Seed);
        _hoard = new Hoard(context.Memory, options.Hoard?.Bytes ?? 0);
        context.Log.Write(HeapLogLevel.Information, "This heap is a fake", new LogField("Seed", Seed), new LogField("Rules", options.Rules.Length));
    }

    /// <summary>The seed of every random choice.</summary>
    public long Seed { get; }

    /// <inheritdoc/>
    public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var asked = request;
        var call = new FakeCall(FakeHook.Allocate, Buffer: 0, request.Length, request.Name, request.Caller);
        return _player.Play<HeapBuffer>(call, rule => Make(in asked, rule?.Memory), cancellationToken);
    }

    /// <inheritdoc/>
    public void Release(HeapBuffer buffer, ReleaseReason reason)
    {
        var fake = (FakeBuffer)buffer;
        _region.Return(fake.Length);
        _player.Play(fake.Call(FakeHook.Release), static () => { });
    }

    /// <inheritdoc/>
    public HeapJournalPage ReadJournal(long after, int most) => _player.Read(after, most);

    /// <inheritdoc/>
    public long Count() => _hoard.Bytes;

    /// <inheritdoc/>
    public long Scan(long bytes) => _player.Play(new FakeCall(FakeHook.Scan, Buffer: 0, bytes, "", Caller: null), _ => _hoard.Give(bytes));

    /// <inheritdoc/>
    public void Dispose()
    {
        _hoard.Dispose();
        _player.Dispose();
    }

    private FakeBuffer Make(in AllocationRequest request, FakeMemory? wrong)
    {
        var page = _context.Memory.Capabilities.PageSize;
        var length = wrong == FakeMemory.Short ? Math.Max(page, request.Length - page) : request.Length;
        _region.Take(length);
        IHeapMemory? memory = null;
        try
        {
            memory = _context.Memory.AllocatePages(new PageRequest { Length = length, Commit = request.Commit });
            if (wrong == FakeMemory.Unzeroed) Soil(memory);
            if (wrong == FakeMemory.Fragmented) RefuseTooMany(Runs.Of(memory).Count, in request);
            return new FakeBuffer(memory, _player, Interlocked.Increment(ref _lastBuffer), request.Name, request.Caller, wrong == FakeMemory.Fragmented);
        }
        catch
        {
            memory?.Dispose();
            _region.Return(length);
            throw;
        }
    }

    private static void RefuseTooMany(int runs, in AllocationRequest request)
    {
        if (request.MaxSegments <= 0 || runs <= request.MaxSegments) return;
        throw new HeapException(HeapErrno.NoMemory, HeapCause.Fragmented, $"there are {runs} runs free, as scripted; at most {request.MaxSegments} were asked for");
    }

    private static void Soil(IHeapMemory memory)
    {
        const int Most = 1 << 20;
        var dirt = new byte[(int)Math.Min(memory.Length, Most)];
        Array.Fill(dirt, Dirt);
        using var file = memory.OpenDescriptor();
        for (var at = 0L; at < memory.Length; at += dirt.Length)
            RandomAccess.Write(file, dirt.AsSpan(0, (int)Math.Min(dirt.Length, memory.Length - at)), at);
    }
}
