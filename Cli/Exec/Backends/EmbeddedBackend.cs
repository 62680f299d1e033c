using System.Runtime.CompilerServices;
using DmaHeap.Hosting;
using DmaHeap.KernelAbi;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Exec.Backends;

/// <summary>Serves an unmodified program from a host in this process, which ends with it.</summary>
/// <param name="host">The host; owned by the backend from now on.</param>
sealed class EmbeddedBackend(DmaHeapHost host) : IHeapBackend
{
    // An identity is one object a process: what is made of it is kept as long.
    readonly ConditionalWeakTable<CallerIdentity, Caller> _callers = [];

    /// <summary>The host itself.</summary>
    public DmaHeapHost Host => host;

    public IReadOnlyList<BackendHeap> Heaps { get; } = [.. host.Heaps.Select(heap => new BackendHeap(heap.Name, host.AliasesOf(heap.Name), heap.Unavailable))];

    public BackendAnswer Allocate(in BufferOrder order, out BackendBuffer buffer, CancellationToken cancellationToken)
    {
        buffer = default;
        try
        {
            var request = new BufferRequest
            {
                Heap = order.Heap,
                Length = order.Length,
                FileFlags = (uint)order.Access,
                HeapFlags = order.HeapFlags,
                Caller = CallerOf(order.Caller),
            };
            var allocated = host.Allocate(in request, cancellationToken);
            buffer = new BackendBuffer(allocated.Handle, Facts.Of(allocated.Length, allocated.Flags));
            return BackendAnswer.Done;
        }
        catch (HeapException refusal)
        {
            return AnswerOf(refusal);
        }
    }

    public bool TryIdentify(SafeFileHandle shown, out BufferFacts facts)
    {
        var found = host.Identify(shown);
        facts = found is null ? default : Facts.Of(found.Length, found.Flags);
        return found is not null;
    }

    public BackendAnswer SetName(SafeFileHandle shown, string name)
    {
        try
        {
            host.SetName(shown, name);
            return BackendAnswer.Done;
        }
        catch (HeapException refusal)
        {
            return AnswerOf(refusal);
        }
    }

    public BackendAnswer CpuAccess(SafeFileHandle shown, CpuAccessChange access, CallerIdentity caller)
    {
        var direction = (access & (CpuAccessChange.Read | CpuAccessChange.Write)) switch
        {
            CpuAccessChange.Read => DataDirection.FromDevice,
            CpuAccessChange.Write => DataDirection.ToDevice,
            _ => DataDirection.Bidirectional,
        };
        try
        {
            if ((access & CpuAccessChange.End) == 0) host.BeginCpuAccess(shown, direction, CallerOf(caller));
            else host.EndCpuAccess(shown, direction, CallerOf(caller)); // one that was not begun is fine, as in the kernel
            return BackendAnswer.Done;
        }
        catch (HeapException refusal)
        {
            return AnswerOf(refusal);
        }
    }

    public void Dispose() => host.Dispose();

    static BackendAnswer AnswerOf(HeapException refusal) =>
        new(refusal.Cause == HeapCause.UnknownBuffer ? Errno.ENOTTY : (Errno)(int)refusal.Errno, refusal.Cause, refusal.Message);

    Caller CallerOf(CallerIdentity identity) => _callers.GetValue(
        identity, static known => new Caller(known.UserId, known.GroupId, known.ProcessId, known.SupplementaryGroups, ControlGroupOf(known.ProcessId)));

    static string ControlGroupOf(int processId)
    {
        try
        {
            return new ControlGroups().FindPath(processId) ?? "";
        }
        catch (IOException)
        {
            return ""; // the process has ended
        }
    }
}
