using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>
/// A buffer's descriptor. The memory lives while any descriptor or mapping of it lives, in any process: disposing this ends neither mappings made of it
/// nor other holders. Thread-safe.
/// </summary>
public sealed partial class DmaBuffer : IDisposable
{
    readonly DmaHeapClient? _client;
    readonly BufferId? _id;
    readonly BufferFlags _flags;
    volatile Adopted? _adopted;
    readonly RequestName _request;

    internal DmaBuffer(SafeFileHandle handle, DmaHeapClient? client, BufferId? id, long length, BufferFlags flags, int pageSize, RequestName request = default)
    {
        Handle = handle;
        _client = client;
        _id = id;
        _flags = flags;
        Length = length;
        PageSize = pageSize;
        _request = request;
        client?.Hold(this);
    }

    /// <summary>The descriptor, owned by this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Names the buffer; null when this object was made of a descriptor without asking the host. Another one after a host that was started anew has adopted it.</summary>
    public BufferId? Id => _adopted is { } adopted ? adopted.Id : _id;

    /// <summary>Bytes, in whole pages.</summary>
    public long Length { get; }

    /// <summary>What the buffer is; <see cref="BufferFlags.None"/> when this object was made of a descriptor without asking the host.</summary>
    public BufferFlags Flags => _adopted is { } adopted ? adopted.Flags : _flags;

    /// <summary>Bytes of each page as it is mapped; parts of the buffer are mapped from a multiple of it.</summary>
    public int PageSize { get; }

    /// <summary>Names the request that allocated it as the host's log and a heap's journal do (<c>7-42</c>); buffers allocated at once share one. Empty where the buffer came as a
    /// descriptor, or the host does not number its connections.</summary>
    public string RequestId => _request.ToString();

    /// <summary>Makes a buffer of a descriptor that came from elsewhere; no host is asked. Where the heap wants to know of CPU access, use
    /// <see cref="DmaHeapClient.Import"/>, which tells this object so.</summary>
    /// <param name="handle">A descriptor of a buffer; owned by the new object.</param>
    /// <exception cref="LinuxException">It is not open.</exception>
    public static DmaBuffer FromHandle(SafeFileHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new DmaBuffer(handle, null, null, FileStatus.Of(handle).Length, BufferFlags.None, Environment.SystemPageSize);
    }

    /// <summary>Maps the whole buffer.</summary>
    /// <param name="access">What the mapping is for; the descriptor's access mode must allow it.</param>
    /// <param name="populate">Whether to fault all pages in now rather than one by one at their first use. Null: where they are there already (<see cref="BufferFlags.Resident"/>),
    /// and not where that would take memory which may never be touched.</param>
    /// <returns>The mapping, the caller's to dispose.</returns>
    /// <exception cref="DmaHeapException">EACCES (opaque, or the descriptor does not allow it), EPERM, ENOMEM (no room in the address space).</exception>
    public DmaMapping Map(FileAccess access = FileAccess.ReadWrite, bool? populate = null) => Map(0, Length, access, populate);

    /// <summary>Maps a part of the buffer.</summary>
    /// <param name="offset">Where the part starts, in bytes: a multiple of <see cref="PageSize"/>.</param>
    /// <param name="length">How long it is, in bytes.</param>
    /// <param name="access">What the mapping is for; the descriptor's access mode must allow it.</param>
    /// <param name="populate">Whether to fault all pages of the part in now; null as for the whole buffer.</param>
    /// <returns>The mapping, the caller's to dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part is empty or does not lie inside the buffer.</exception>
    /// <exception cref="DmaHeapException">EACCES (opaque, or the descriptor does not allow it), EPERM, EINVAL, ENOMEM.</exception>
    public DmaMapping Map(long offset, long length, FileAccess access = FileAccess.ReadWrite, bool? populate = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        if (access is < FileAccess.Read or > FileAccess.ReadWrite) throw new ArgumentOutOfRangeException(nameof(access));

        // FileAccess has PROT_READ's and PROT_WRITE's values; a mapping that is only written is read as well on every machine we run on.
        var protection = (MapProtection)access | MapProtection.Read;
        var errno = MemoryMapping.TryMap(Handle, offset, length, protection, populate ?? Flags.HasFlag(BufferFlags.Resident), AlignmentFor(length), out var mapping);
        if (errno == Errno.None) return new DmaMapping(mapping!, offset, access);
        var why = Flags.HasFlag(BufferFlags.Opaque) ? "The buffer is opaque: it cannot be mapped." : $"The buffer cannot be mapped: {errno.Describe()}.";
        throw new DmaHeapException(errno, ClientCause.MapFailed, why);
    }

    /// <summary>Begins CPU access; disposing the scope ends it. Costs a round trip where <see cref="Flags"/> has <see cref="BufferFlags.CpuAccessHooks"/>, and nothing
    /// otherwise.</summary>
    /// <param name="direction">What the CPU does meanwhile.</param>
    /// <exception cref="DmaHeapException">The heap's hook failed, or the host is gone.</exception>
    public CpuAccessScope BeginCpuAccess(CpuAccessDirection direction)
    {
        if (direction is < CpuAccessDirection.Read or > CpuAccessDirection.ReadWrite) throw new ArgumentOutOfRangeException(nameof(direction));
        if (_client is null || (Flags & BufferFlags.CpuAccessHooks) == 0) return default;
        _client.AccessCpu(Handle, direction, end: false);
        return new CpuAccessScope(this, direction);
    }

    /// <summary>Closes the descriptor.</summary>
    public void Dispose()
    {
        _client?.LetGo(this);
        Handle.Dispose();
    }

    /// <summary>Takes over what another host says of the buffer.</summary>
    internal void AdoptedAs(BufferId id, BufferFlags flags) => _adopted = new Adopted(id, flags);

    internal void EndCpuAccess(CpuAccessDirection direction) => _client!.AccessCpu(Handle, direction, end: true);

    /// <summary>Huge pages are mapped whole only where the address is as far into one as the part is in the buffer, so a buffer that may have them gets such an address.</summary>
    long AlignmentFor(long length)
    {
        const int HugePage = 2 << 20;
        if (PageSize > Environment.SystemPageSize) return PageSize;
        return length >= HugePage ? HugePage : 0;
    }

    // One object, so that nobody sees one half of before and one of after.
    sealed record Adopted(BufferId Id, BufferFlags Flags);
}
