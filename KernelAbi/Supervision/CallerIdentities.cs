using System.Collections.Concurrent;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// Who callers are: whoever started the supervisor, in the process that calls. The process is for people who look at lists, so it is remembered under the thread's number and
/// may be the number's former owner.
/// </summary>
internal sealed class CallerIdentities
{
    private const int Most = 4096;

    private readonly uint _userId = ProcessIdentity.EffectiveUserId, _groupId = ProcessIdentity.GroupId;
    private readonly uint[] _groups = ProcessIdentity.GetGroups();
    private readonly ConcurrentDictionary<int, CallerIdentity> _known = [];

    public CallerIdentity Of(int threadId)
    {
        if (_known.TryGetValue(threadId, out var identity)) return identity;
        if (_known.Count >= Most) _known.Clear();
        identity = new CallerIdentity(ForeignDescriptors.ProcessOf(threadId) ?? threadId, _userId, _groupId, _groups);
        _known[threadId] = identity;
        return identity;
    }
}
