using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>Answers as it is told to, and remembers what it was asked.</summary>
internal sealed class FakeBackend : IHeapBackend, ISyncFileSource, IUdmabufSource, IRefusalLog
{
    public BackendAnswer Answer { get; set; }

    public Exception? Fault { get; set; }

    /// <summary>Says that it allocated, and gives nothing.</summary>
    public bool ForgetsTheBuffer { get; set; }

    public Errno SyncFileErrno { get; set; }

    public int Calls { get; private set; }

    public BufferOrder LastOrder { get; private set; }

    public string? LastName { get; private set; }

    public CpuAccessChange? LastAccess { get; private set; }

    /// <summary>Of the last buffer made of a memfd.</summary>
    public (ulong Offset, ulong Length)? LastRange { get; private set; }

    /// <summary>The last buffer or sync file handed out.</summary>
    public SafeFileHandle? LastHandle { get; private set; }

    public List<(string Call, string Heap, BackendAnswer Answer)>? Refusals { get; init; } = [];

    public int RefusalCount { get; private set; }

    public IReadOnlyList<BackendHeap> Heaps { get; } = [new("system", [])];

    /// <summary>A handle with no descriptor behind it: whether it was closed is all that is asked of it.</summary>
    public static SafeFileHandle AnyHandle() => new(int.MaxValue, ownsHandle: false);

    public BackendAnswer Allocate(in BufferOrder order, out BackendBuffer buffer, CancellationToken cancellationToken)
    {
        LastOrder = order;
        buffer = default;
        var answer = Next();
        if (answer.IsDone && !ForgetsTheBuffer) buffer = new BackendBuffer(LastHandle = AnyHandle(), new BufferFacts((long)order.Length, BufferTraits.None));
        return answer;
    }

    public bool TryIdentify(SafeFileHandle shown, out BufferFacts facts) => throw new NotSupportedException("the pure part never asks");

    public BackendAnswer SetName(SafeFileHandle shown, string name)
    {
        LastName = name;
        return Next();
    }

    public BackendAnswer CpuAccess(SafeFileHandle shown, CpuAccessChange access, CallerIdentity caller)
    {
        LastAccess = access;
        return Next();
    }

    public Errno TryCreate(out SafeFileHandle? file)
    {
        file = SyncFileErrno == Errno.None ? LastHandle = AnyHandle() : null;
        return SyncFileErrno;
    }

    public Errno TryCreate(SafeFileHandle memfd, ulong offset, ulong length, out SafeFileHandle buffer)
    {
        LastRange = (offset, length);
        buffer = Answer.Errno == Errno.None ? LastHandle = AnyHandle() : new SafeFileHandle(-1, ownsHandle: false);
        return Answer.Errno;
    }

    public void Refused(string call, string heap, in BackendAnswer answer, CallerIdentity caller)
    {
        RefusalCount++;
        Refusals?.Add((call, heap, answer));
    }

    /// <summary>For the next call.</summary>
    public void Reset()
    {
        LastHandle = null;
        LastName = null;
        LastAccess = null;
        Calls = RefusalCount = 0;
    }

    public void Dispose()
    {
    }

    private BackendAnswer Next()
    {
        Calls++;
        return Fault is null ? Answer : throw Fault;
    }
}
