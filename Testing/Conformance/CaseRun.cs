using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing.Conformance;

/// <summary>What a case works with: a fresh host with a fresh heap in it, and the record of what passed between the two.</summary>
internal sealed class CaseRun : IDisposable
{
    private static int s_runs;

    private readonly DmaHeapTestHost _host;
    private RecordingHeap? _recorder;

    public CaseRun(HeapUnderTest heap)
    {
        Heap = heap;
        // No two heaps of this process share a name, so what /proc says of one is not mixed up with what it says of another.
        HostName = $"conformance-{Interlocked.Increment(ref s_runs)}";
        _host = DmaHeapTestHost.Start(new DmaHeapTestHostOptions
        {
            Heaps = [new HeapDefinition { Name = HostName, Capabilities = heap.Capabilities, Create = context => _recorder = new RecordingHeap(heap.Create(new RecordedContext(context))) }],
            Probe = Probe,
        });
    }

    public HeapUnderTest Heap { get; }

    /// <summary>What the host calls the heap.</summary>
    public string HostName { get; }

    public RecordingHeap Recorder => _recorder!;

    public FailingProbe Probe { get; } = new();

    public bool Promises(HeapCapabilities capabilities) => (Heap.Capabilities & capabilities) == capabilities;

    /// <summary>Allocates, leaving refusals to the case.</summary>
    public ExportedBuffer TryAllocate(long length, string name = "", CancellationToken cancellationToken = default) =>
        _host.Allocate(HostName, length, name, cancellationToken);

    /// <summary>Allocates a buffer that the heap has no reason to refuse. It is the client's, and so seen as a client sees it.</summary>
    public DmaBuffer Allocate(long length, string name = "")
    {
        try
        {
            return DmaBuffer.FromHandle(TryAllocate(length, name).Handle);
        }
        catch (HeapException refusal)
        {
            throw new CaseFailure($"a buffer of {Text(length)} was refused ({refusal.Errno}, {refusal.Cause}: {refusal.Message})", refusal);
        }
    }

    /// <summary>The buffer that was allocated last, for importers.</summary>
    public ImportedBuffer Import(DmaBuffer newest) => new(_host.Host, HostName, newest, Recorder.Newest);

    /// <summary>Maps a buffer that its heap promises can be mapped.</summary>
    public static DmaMapping Map(DmaBuffer buffer, FileAccess access = FileAccess.ReadWrite)
    {
        try
        {
            return buffer.Map(access);
        }
        catch (DmaHeapException refusal)
        {
            throw new CaseFailure($"a buffer of {Text(buffer.Length)} cannot be mapped for {access} ({refusal.Message})", refusal);
        }
    }

    /// <summary>Waits until the heap got every buffer back, or every one of a name.</summary>
    public void AwaitReleases(string? name = null)
    {
        if (Recorder.WaitForReleases(Heap.Patience, name)) return;
        throw new CaseFailure($"a buffer was not released {Heap.Patience.TotalSeconds:0} s after its last reference went: somebody keeps a descriptor or a mapping of it, as the heap would that does not close what OpenDescriptor gave it");
    }

    /// <summary>
    /// Returns when whatever the kernel had to say of references that are gone by now has reached the heap: a buffer made and let go of now is released after those.
    /// </summary>
    public void AwaitEarlierReleases()
    {
        const string Nameless = "";
        Allocate(Heap.SmallLength, Nameless).Dispose();
        AwaitReleases(Nameless);
    }

    /// <summary>Returns when the host, too, is done with every buffer that the heap got back: their memory is freed by then.</summary>
    public void AwaitAccounts(int liveBuffers = 0)
    {
        var statistics = _host.Host.Statistics(HostName);
        SpinWait.SpinUntil(() => statistics.Buffers <= liveBuffers, Heap.Patience);
    }

    /// <summary>Descriptors of this process that are memory of the heap's buffers, exported or not.</summary>
    public int CountDescriptors() => Descriptors().Count();

    /// <summary>What the memory of the heap's buffers and pools takes, as far as this process has a descriptor of it.</summary>
    public HeapMemoryUse MeasureMemory()
    {
        var (files, pages) = (0L, 0L);
        foreach (var number in Descriptors())
        {
            using var file = new SafeFileHandle(number, ownsHandle: false);
            files += RandomAccess.GetLength(file);
            pages += SparseFile.BytesTaken(file);
        }

        return new HeapMemoryUse(files, pages);
    }

    /// <summary>Has a heap that keeps memory back give it up.</summary>
    /// <returns>False when the heap is not one that does.</returns>
    public bool TryShrink()
    {
        if (Recorder.Inner.Shrinker() is not { } shrinker) return false;
        shrinker.Scan(long.MaxValue);
        return true;
    }

    public void Stop() => _host.Stop();

    public void Dispose() => Stop();

    /// <summary>Whether a path of /proc is memory of the heap: what the host names it by is the heap, and the buffer where it has a name.</summary>
    public bool IsOurs(string path) => path == $"/memfd:{HostName} (deleted)" || path.StartsWith($"/memfd:{HostName}:", StringComparison.Ordinal);

    private IEnumerable<int> Descriptors()
    {
        foreach (var descriptor in new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos())
        {
            if (LinkOf(descriptor) is { } path && IsOurs(path)) yield return int.Parse(descriptor.Name, CultureInfo.InvariantCulture);
        }
    }

    private static string? LinkOf(FileSystemInfo descriptor)
    {
        try
        {
            return descriptor.LinkTarget;
        }
        catch (IOException)
        {
            // Another thread closed it since the folder was listed.
            return null;
        }
    }

    public static string Text(long bytes) => new ByteSize(bytes).ToText();
}

/// <summary>Bytes of the heap's memory files, and of the pages they have.</summary>
internal readonly record struct HeapMemoryUse(long Files, long Pages)
{
    /// <summary>How much less it is than before: a heap gives memory back with its file or by taking the pages out.</summary>
    public long FallFrom(HeapMemoryUse before) => Math.Max(before.Files - Files, before.Pages - Pages);
}

/// <summary>Fails the export of buffers at a step of the case's choosing.</summary>
internal sealed class FailingProbe : IAllocationProbe
{
    private volatile int _failing = -1;

    public void FailAt(AllocationStep step) => _failing = (int)step;

    public void FailNoMore() => _failing = -1;

    public void Reached(AllocationStep step)
    {
        if ((int)step == _failing) throw new IOException($"the conformance kit fails the export at {step}");
    }
}
