using System.Collections.Concurrent;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Plugins;

namespace DmaHeap.Worker;

/// <summary>The host's calls, turned into calls of the heap and its buffers. Thread-safe as the heap is.</summary>
internal sealed class HeapCalls(Upcalls upcalls, Stopping stopping)
{
    private readonly ConcurrentDictionary<ulong, BufferCalls> _buffers = new();
    private HostMemoryService? _memory;
    private IHeap? _heap;

    private IHeap Heap => _heap ?? throw new WireException("called a heap that has not started");

    /// <summary>Reads a call, carries it out and writes the answer.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="call">Its number, which is also that of the buffer it may give.</param>
    /// <param name="channel">Where the call lies.</param>
    /// <param name="withdrawal">Gives the token of a call that can be withdrawn.</param>
    public void Carry(WireKind kind, ulong call, Channel channel, Func<CancellationToken> withdrawal)
    {
        var from = channel.In;
        WireWriter Done() => channel.Out.Begin(WireKind.Done).Number(call);
        switch (kind)
        {
            case WireKind.Start:
                var faces = Start(from);
                Done().Int((int)faces);
                break;
            case WireKind.Allocate:
                var buffer = Allocate(from.ReadAllocation(Request), from.ReadPromise(), call, withdrawal());
                Done().Number(buffer.Memory).Int((int)buffer.Hooks).Int((int)buffer.Policy);
                break;
            case WireKind.Release:
                Release(from.Number(), (ReleaseReason)from.Int());
                Done();
                break;
            case WireKind.ReadGauges:
                var gauges = ((IHeapGauge)Heap).ReadGauges();
                Done().Long(gauges.Capacity).Long(gauges.Free).Long(gauges.LargestRun);
                break;
            case WireKind.ShrinkerCount:
                var count = ((IShrinker)Heap).Count();
                Done().Long(count);
                break;
            case WireKind.ShrinkerScan:
                var freed = ((IShrinker)Heap).Scan(from.Long());
                Done().Long(freed);
                break;
            case WireKind.ReadJournal:
                var (after, most) = (from.Long(), from.Int());
                Write(((IHeapJournal)Heap).ReadJournal(after, most), Done());
                break;
            case WireKind.End:
                stopping.Announce();
                Interlocked.Exchange(ref _heap, null)?.Dispose();
                Done();
                break;
            default:
                if (!_buffers.TryGetValue(from.Number(), out var of)) throw new WireException("named a buffer that is not there");
                of.Carry(kind, call, channel);
                break;
        }
    }

    private static RequestId Request => WorkerContext.CurrentRequest;

    private HeapFaces Start(WireReader from)
    {
        var (name, file, heapType, hasOptions, options, levels) = (from.Text(), from.Text(), from.Text(), from.Flag(), from.Text(), from.Int());
        var (pageSize, hasSecrets, whyNot) = (from.Long(), from.Flag(), from.Text());
        var pools = new HugePagePool[from.Count(3 * sizeof(long))];
        for (var i = 0; i < pools.Length; i++) pools[i] = new HugePagePool(from.Long(), from.Long(), from.Long());
        _memory = new HostMemoryService(
            new MemoryCapabilities { PageSize = pageSize, SecretMemory = hasSecrets, SecretMemoryReason = whyNot, HugePages = pools }, upcalls);
        var plugin = PluginLoader.LoadInPlace(file);
        var type = plugin.HeapTypes.First(known => known.Name == heapType);
        var heap = plugin.CreateHeap(type, new WorkerContext(name, levels, _memory, upcalls, stopping.Token), Bind(type, hasOptions ? options : "{}"));
        _heap = heap;
        return (heap is IHeapGauge ? HeapFaces.Gauge : 0) | (heap is IShrinker ? HeapFaces.Shrinker : 0) | (heap is IHeapJournal ? HeapFaces.Journal : 0);
    }

    private static object? Bind(HeapTypeInfo type, string options)
    {
        var bound = OptionsText.Bind(type.OptionsType, options, "options", type.Name);
        if (bound.IsValid) return bound.Value;
        throw new HeapException(HeapErrno.Invalid, HeapCause.Unavailable, string.Join("; ", bound.Errors.Select(error => $"{error.Path}: {error.Message}")));
    }

    private (ulong Memory, BufferHooks Hooks, MmapPolicy Policy) Allocate(AllocationRequest request, MemoryPromise promise, ulong call, CancellationToken cancellation)
    {
        var returned = 0ul;
        HostMemoryService.BeginPromise(in promise, request.Length);
        try
        {
            var given = Allocate(in request, call, cancellation);
            returned = given.Memory;
            return given;
        }
        finally
        {
            _memory!.EndPromise(returned);
        }
    }

    private (ulong Memory, BufferHooks Hooks, MmapPolicy Policy) Allocate(in AllocationRequest request, ulong call, CancellationToken cancellation)
    {
        var buffer = Heap.Allocate(in request, cancellation) ?? throw new InvalidOperationException("Allocate returned null.");
        try
        {
            if (buffer.Memory is not HostMemory memory)
            {
                throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap broke the contract: it returned a buffer over memory that is not of the host's memory service");
            }

            var policy = buffer.MmapPolicy;
            _buffers[call] = new BufferCalls(buffer, _memory!);
            return (memory.Number, BufferClassHooks.Of(buffer.GetType()), policy);
        }
        catch
        {
            Heap.Release(buffer, ReleaseReason.ExportFailed);
            buffer.Memory.Dispose();
            throw;
        }
    }

    private void Release(ulong number, ReleaseReason reason)
    {
        if (!_buffers.TryRemove(number, out var of)) throw new WireException("released a buffer that is not there");
        try
        {
            Heap.Release(of.Buffer, reason);
        }
        finally
        {
            _memory!.Forget(((HostMemory)of.Buffer.Memory).Number);
        }
    }

    // As many lines as fit in a message; the rest is asked for next.
    private static void Write(HeapJournalPage page, WireWriter to)
    {
        const int Slack = 64;
        var (count, bytes) = (0, Slack);
        while (count < page.Lines.Count && (bytes += sizeof(int) + System.Text.Encoding.UTF8.GetByteCount(page.Lines[count])) <= to.Room) count++;
        to.Long(page.Last - (page.Lines.Count - count)).Long(page.Dropped).Int(count);
        for (var i = 0; i < count; i++) to.Text(page.Lines[i], Channel.MaxMessage);
    }
}
