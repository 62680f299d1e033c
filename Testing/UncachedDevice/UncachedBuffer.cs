using DmaHeap.Hosting.Memory;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>
/// A buffer that exists twice, for the CPU and for the device, and is one only where CPU access begins and ends. The CPU's copy is the file that programs map; outside of CPU
/// access it rests, and keeps the traces of whoever touches it.
/// </summary>
internal sealed class UncachedBuffer : HeapBuffer
{
    private readonly UncachedDevice _device;
    private readonly IHeapMemory _deviceCopy;
    private readonly string _name;
    private readonly RestingCopy _resting;
    private readonly Lock _lock = new();
    private readonly List<OpenAccess> _open = [];
    private byte[] _loaded = [];
    private bool _leftByTheDead;

    public UncachedBuffer(IHeapMemory cpuCopy, IHeapMemory deviceCopy, string name, UncachedDevice device)
        : base(cpuCopy)
    {
        (_deviceCopy, _name, _device) = (deviceCopy, name, device);
        using var file = cpuCopy.OpenDescriptor();
        Inode = SparseFile.InodeOf(file);
        _resting = RestingCopy.Of(device.Outside, Inode, Length);
    }

    /// <summary>Names the CPU's copy among the machine's memory files.</summary>
    public ulong Inode { get; }

    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        UseByDevice(OpenShown);
        return MemorySegment.Cut(_deviceCopy, attachment.Constraints.MaxSegmentBytes);
    }

    public override void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction) => UseByDevice(OpenShown);

    public override MemorySegment Vmap() => new(_deviceCopy, 0, Length);

    public override void BeginCpuAccess(in CpuAccess access)
    {
        using var cpu = Memory.OpenDescriptor();
        var begun = new OpenAccess(access.Caller.ProcessId, access.Direction);
        lock (_lock)
        {
            if (_open.Count == 0) LookForTraces(cpu);
            // Somebody who writes at this moment would lose it, here as on such a machine.
            if (!_open.Exists(other => other.Writes)) Load(cpu);
            _open.Add(begun);
        }
    }

    public override void EndCpuAccess(in CpuAccess access)
    {
        var (process, direction) = (access.Caller.ProcessId, access.Direction);
        using var cpu = OpenShown();
        lock (_lock)
        {
            var ended = _open.FindIndex(open => open.Process == process && open.Direction == direction);
            if (ended < 0) return;
            var was = _open[ended];
            _open.RemoveAt(ended);
            if (cpu is null) Report(SyncFaultKind.Died, was.Process);
            else StoreChanges(cpu, was);
            if (_open.Count > 0) return;
            _leftByTheDead = cpu is null;
            if (cpu is not null) _resting.Rest(cpu, _loaded);
        }
    }

    public void ReadAsDevice(SafeFileHandle cpu, long offset, Span<byte> bytes)
    {
        UseByDevice(() => SparseFile.Reopen(cpu));
        using var device = _deviceCopy.OpenDescriptor();
        RandomAccess.Read(device, bytes, offset);
    }

    public void WriteAsDevice(SafeFileHandle cpu, long offset, ReadOnlySpan<byte> bytes)
    {
        UseByDevice(() => SparseFile.Reopen(cpu));
        using var device = _deviceCopy.OpenDescriptor();
        RandomAccess.Write(device, bytes, offset);
    }

    /// <summary>Frees the device's copy.</summary>
    public void Free() => _deviceCopy.Dispose();

    private void UseByDevice(Func<SafeFileHandle?> open)
    {
        using var cpu = open();
        lock (_lock)
        {
            if (_open.Count == 0 && cpu is not null) LookForTraces(cpu);
            foreach (var late in _open.Where(access => !access.Told))
            {
                late.Told = true;
                Report(SyncFaultKind.NotEnded, late.Process);
            }
        }
    }

    // Nobody had begun anything, so there are no traces but of those who should have, or died in their access.
    private void LookForTraces(SafeFileHandle cpu)
    {
        var touches = _leftByTheDead ? [] : _resting.FindTouches(cpu);
        if (touches.Count == 0 && !_leftByTheDead) return;
        foreach (var touch in touches) _device.Report(new SyncFault { Kind = touch.Kind, Buffer = _name, Offset = touch.Offset, Processes = touch.Processes });
        _leftByTheDead = false;
        _resting.Restore(cpu);
    }

    private void Load(SafeFileHandle cpu)
    {
        using var device = _deviceCopy.OpenDescriptor();
        _loaded = Read(device);
        RandomAccess.Write(cpu, _loaded, 0);
    }

    // As a cache writes back: what was changed and nothing else, so that what the device wrote beside it stays.
    private void StoreChanges(SafeFileHandle cpu, OpenAccess ended)
    {
        var now = Read(cpu);
        var first = now.AsSpan().CommonPrefixLength(_loaded);
        if (first == now.Length) return;
        if (ended.Writes)
        {
            using var device = _deviceCopy.OpenDescriptor();
            foreach (var (start, length) in Changes(now, first)) RandomAccess.Write(device, now.AsSpan(start, length), start);
            _loaded = now;
        }
        else if (!_open.Exists(other => other.Writes))
        {
            _device.Report(new SyncFault { Kind = SyncFaultKind.WroteWhileReading, Buffer = _name, Offset = first, Processes = [BufferHolders.Describe(ended.Process)] });
            _loaded = now;
        }
    }

    private List<(int Start, int Length)> Changes(byte[] now, int first)
    {
        var changes = new List<(int, int)>();
        for (var start = first; start < now.Length;)
        {
            var end = start;
            while (end < now.Length && now[end] != _loaded[end]) end++;
            changes.Add((start, end - start));
            start = end + now.AsSpan(end).CommonPrefixLength(_loaded.AsSpan(end));
        }

        return changes;
    }

    private byte[] Read(SafeFileHandle file)
    {
        var bytes = new byte[Length];
        RandomAccess.Read(file, bytes, 0);
        return bytes;
    }

    private void Report(SyncFaultKind kind, int process) =>
        _device.Report(new SyncFault { Kind = kind, Buffer = _name, Processes = [BufferHolders.Describe(process)] });

    // Null where the op is the end of a process that is gone: there is no descriptor then, and no data to move.
    private SafeFileHandle? OpenShown()
    {
        try
        {
            return Memory.OpenDescriptor();
        }
        catch (HeapException nobody) when (nobody.Errno == HeapErrno.NotSupported)
        {
            return null;
        }
    }

    private sealed class OpenAccess(int process, DataDirection direction)
    {
        public int Process => process;

        public DataDirection Direction => direction;

        public bool Writes => direction != DataDirection.FromDevice;

        /// <summary>Whether it was reported that the device came in between.</summary>
        public bool Told { get; set; }
    }
}
