using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

public sealed partial class DmaHeapClient
{
    /// <summary>Lists heaps and their aliases.</summary>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">The host refused, or could not be reached.</exception>
    public async Task<IReadOnlyList<HeapInfo>> ListHeapsAsync(CancellationToken cancellationToken = default)
    {
        var heaps = new List<HeapInfo>();
        Page<HeapInfo> page;
        do
        {
            var call = new QueryCall<Page<HeapInfo>>(MessageKind.ListHeaps, ReplyReader.Heaps);
            await _connection.ExecuteAsync(call, new ListHeapsRequest { Start = (uint)heaps.Count }, null, cancellationToken).ConfigureAwait(false);
            page = call.Result;
            heaps.AddRange(page.Entries);
        }
        while (page.More);
        return heaps;
    }

    /// <summary>Lists heaps and their aliases, sending and receiving on this thread.</summary>
    /// <inheritdoc cref="ListHeapsAsync"/>
    public IReadOnlyList<HeapInfo> ListHeaps(CancellationToken cancellationToken = default)
    {
        var heaps = new List<HeapInfo>();
        Page<HeapInfo> page;
        do
        {
            var call = new QueryCall<Page<HeapInfo>>(MessageKind.ListHeaps, ReplyReader.Heaps);
            var request = new ListHeapsRequest { Start = (uint)heaps.Count };
            _connection.Execute(call, ref request, null, cancellationToken);
            page = call.Result;
            heaps.AddRange(page.Entries);
        }
        while (page.More);
        return heaps;
    }

    /// <summary>Lists live buffers in the order they were allocated: those of the caller's user, or all for root and the host's user.</summary>
    /// <param name="heap">Only this heap's (name or alias); null for all.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">ENOENT (no such heap).</exception>
    public async Task<IReadOnlyList<BufferInfo>> ListBuffersAsync(string? heap = null, CancellationToken cancellationToken = default)
    {
        var buffers = new List<BufferInfo>();
        Page<BufferInfo> page;
        do
        {
            var after = buffers.Count == 0 ? 0 : buffers[^1].Id.Sequence;
            var request = new ListBuffersRequest { After = after };
            Write(request.Heap, heap ?? "", nameof(heap));
            var call = new QueryCall<Page<BufferInfo>>(MessageKind.ListBuffers, ReplyReader.Buffers);
            await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
            page = call.Result;
            buffers.AddRange(page.Entries);
            if (page.More && buffers[^1].Id.Sequence <= after) throw CallFailure.Nonsense("a list of buffers that goes in circles").ToException();
        }
        while (page.More);
        return buffers;
    }

    /// <summary>Asks what a descriptor is.</summary>
    /// <param name="handle">Any descriptor of a buffer; it stays the caller's.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">EINVAL, <c>unknown-buffer</c>: it is no buffer of this host.</exception>
    public async Task<BufferInfo> DescribeAsync(SafeFileHandle handle, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        var call = new QueryCall<BufferInfo>(MessageKind.Describe, ReplyReader.Description);
        await _connection.ExecuteAsync(call, default(DescribeRequest), handle, cancellationToken).ConfigureAwait(false);
        return call.Result;
    }

    /// <summary>Asks what a descriptor is, on this thread.</summary>
    /// <inheritdoc cref="DescribeAsync"/>
    public BufferInfo Describe(SafeFileHandle handle, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        var call = new QueryCall<BufferInfo>(MessageKind.Describe, ReplyReader.Description);
        var request = default(DescribeRequest);
        _connection.Execute(call, ref request, handle, cancellationToken);
        return call.Result;
    }

    /// <summary>Names a buffer, as DMA_BUF_SET_NAME does.</summary>
    /// <param name="handle">Any descriptor of the buffer; it stays the caller's.</param>
    /// <param name="name">At most 31 bytes of UTF-8; empty takes the name away.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">EINVAL: <c>unknown-buffer</c>, <c>bad-name</c>.</exception>
    public Task SetNameAsync(SafeFileHandle handle, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        var request = default(SetNameRequest);
        Write(request.Name, name, nameof(name));
        return _connection.ExecuteAsync(new DoneCall(MessageKind.SetName), request, handle, cancellationToken);
    }

    /// <summary>Names a buffer, on this thread.</summary>
    /// <inheritdoc cref="SetNameAsync"/>
    public void SetName(SafeFileHandle handle, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handle);
        var request = default(SetNameRequest);
        Write(request.Name, name, nameof(name));
        _connection.Execute(new DoneCall(MessageKind.SetName), ref request, handle, cancellationToken);
    }

    /// <summary>Reads the counters of a heap, or of the host as a whole.</summary>
    /// <param name="heap">Name or alias; null for the host.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">ENOENT (no such heap).</exception>
    public async Task<HeapStatistics> StatisticsAsync(string? heap = null, CancellationToken cancellationToken = default)
    {
        var request = default(StatisticsRequest);
        Write(request.Heap, heap ?? "", nameof(heap));
        var call = new QueryCall<HeapStatistics>(MessageKind.Statistics, ReplyReader.Statistics);
        await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
        return call.Result;
    }

    /// <summary>Reads on in the journal of a heap that keeps one, such as the shipped FakeHeap.</summary>
    /// <param name="heap">Name or alias.</param>
    /// <param name="after">Number of the last line known; 0 to begin at the oldest that is kept.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">ENOENT (no such heap), EOPNOTSUPP <c>no-journal</c>, EACCES (root and the host's user may).</exception>
    public async Task<JournalPage> ReadJournalAsync(string heap, long after = 0, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        var request = new JournalRequest { After = (ulong)after };
        Write(request.Heap, heap, nameof(heap));
        var call = new QueryCall<JournalPage>(MessageKind.Journal, ReplyReader.Journal);
        await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
        return call.Result;
    }

    /// <summary>Makes a buffer of a descriptor that came from elsewhere, with what the host knows of it.</summary>
    /// <param name="handle">A descriptor of a buffer of this host; the buffer's from now on, but the caller's still when this throws.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">EINVAL, <c>unknown-buffer</c>: it is no buffer of this host.</exception>
    public async Task<DmaBuffer> ImportAsync(SafeFileHandle handle, CancellationToken cancellationToken = default) =>
        Imported(handle, await DescribeAsync(handle, cancellationToken).ConfigureAwait(false));

    /// <summary>Makes a buffer of a descriptor that came from elsewhere, on this thread.</summary>
    /// <inheritdoc cref="ImportAsync"/>
    public DmaBuffer Import(SafeFileHandle handle, CancellationToken cancellationToken = default) => Imported(handle, Describe(handle, cancellationToken));

    /// <summary>Tells the heap of a buffer with <see cref="BufferFlags.CpuAccessHooks"/> that CPU access begins, on this thread. <see cref="DmaBuffer.BeginCpuAccess"/>
    /// is the way for buffers of this process; this one is for whoever answers for other processes.</summary>
    /// <param name="handle">Any descriptor of the buffer; it stays the caller's.</param>
    /// <param name="direction">What the CPU does.</param>
    /// <exception cref="DmaHeapException">EINVAL, <c>unknown-buffer</c>; the hook's own error.</exception>
    public void BeginCpuAccess(SafeFileHandle handle, CpuAccessDirection direction) => AccessCpu(handle, direction, end: false);

    /// <summary>Tells the heap that CPU access ends, on this thread.</summary>
    /// <param name="handle">Any descriptor of the buffer; it stays the caller's.</param>
    /// <param name="direction">As it was begun.</param>
    /// <exception cref="DmaHeapException">EINVAL: <c>unknown-buffer</c>, or <c>bad-order</c> where no such access was begun through this client; the hook's own error.</exception>
    public void EndCpuAccess(SafeFileHandle handle, CpuAccessDirection direction) => AccessCpu(handle, direction, end: true);

    internal void AccessCpu(SafeFileHandle handle, CpuAccessDirection direction, bool end)
    {
        const ulong End = 4;
        var request = new CpuAccessRequest { SyncFlags = (ulong)direction | (end ? End : 0) };
        _connection.Execute(new DoneCall(MessageKind.CpuAccess), ref request, handle, CancellationToken.None);
    }

    DmaBuffer Imported(SafeFileHandle handle, BufferInfo info) => new(handle, this, info.Id, info.Length, info.Flags, info.PageSize);
}
