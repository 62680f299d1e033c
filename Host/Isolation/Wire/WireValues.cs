namespace DmaHeap.Hosting.Isolation;

/// <summary>How the contract's values are written and read.</summary>
internal static class WireValues
{
    // Groups beyond these are left out: a heap then trusts its caller less, never more.
    private const int MostGroups = 1024;

    public static void Write(this WireWriter to, RequestId id) => to.Number(id.Connection).Number(id.Number);

    public static RequestId ReadRequestId(this WireReader from) => new(from.Number(), from.Number());

    public static void Write(this WireWriter to, Caller caller)
    {
        to.Int((int)caller.UserId).Int((int)caller.GroupId).Int(caller.ProcessId);
        var groups = Math.Min(MostGroups, caller.SupplementaryGroups.Count);
        to.Int(groups);
        for (var i = 0; i < groups; i++) to.Int((int)caller.SupplementaryGroups[i]);
        to.Text(caller.ControlGroup);
    }

    public static Caller ReadCaller(this WireReader from)
    {
        var (user, group, process) = ((uint)from.Int(), (uint)from.Int(), from.Int());
        var groups = new uint[from.Count(sizeof(int))];
        for (var i = 0; i < groups.Length; i++) groups[i] = (uint)from.Int();
        return new Caller(user, group, process, groups, from.Text());
    }

    public static void Write(this WireWriter to, in AllocationRequest request)
    {
        to.Long(request.Length).Long(request.Alignment).Number(request.HeapFlags).Text(request.Name);
        to.Write(request.Caller);
        to.Int((int)request.Commit).Flag(request.Cached).Int(request.MaxSegments).Int(request.ExpectedImporters);
    }

    public static AllocationRequest ReadAllocation(this WireReader from, RequestId id) => new()
    {
        RequestId = id,
        Length = from.Long(),
        Alignment = from.Long(),
        HeapFlags = from.Number(),
        Name = from.Text(),
        Caller = from.ReadCaller(),
        Commit = (CommitPolicy)from.Int(),
        Cached = from.Flag(),
        MaxSegments = from.Int(),
        ExpectedImporters = from.Int(),
    };

    public static void Write(this WireWriter to, in MemoryPromise promise) => to.Number(promise.Number).Long(promise.Length).Long(promise.PageSize);

    public static MemoryPromise ReadPromise(this WireReader from) => new(from.Number(), from.Long(), from.Long());

    public static void Write(this WireWriter to, in AttachRequest request)
    {
        to.Write(request.Importer);
        to.Text(request.ImporterExecutable);
        var constraints = request.Constraints;
        to.Long(constraints.Alignment).Long(constraints.MaxSegmentBytes).Int(constraints.MaxSegments).Flag(constraints.Contiguous).Int((int)constraints.Caching);
        to.Int((int)request.Direction);
    }

    public static AttachRequest ReadAttach(this WireReader from) => new()
    {
        Importer = from.ReadCaller(),
        ImporterExecutable = from.Text(),
        Constraints = new AttachConstraints
        {
            Alignment = from.Long(),
            MaxSegmentBytes = from.Long(),
            MaxSegments = from.Int(),
            Contiguous = from.Flag(),
            Caching = (ImporterCaching)from.Int(),
        },
        Direction = (DataDirection)from.Int(),
    };

    public static void Write(this WireWriter to, in CpuAccess access)
    {
        to.Int((int)access.Direction);
        to.Write(access.Caller);
    }

    public static CpuAccess ReadCpuAccess(this WireReader from) => new() { Direction = (DataDirection)from.Int(), Caller = from.ReadCaller() };

    public static void Write(this WireWriter to, HeapException refusal) => to.Int((int)refusal.Errno).Text(refusal.Cause, 64).Text(refusal.Message, 2048);

    /// <exception cref="WireException">It is none that a heap could have thrown.</exception>
    public static HeapException ReadRefusal(this WireReader from)
    {
        var (errno, cause, message) = ((HeapErrno)from.Int(), from.Text(), from.Text());
        from.End();
        if (errno <= 0 || cause.Length is 0 or > 31) throw new WireException($"refuses with {(int)errno}, \"{cause}\"");
        return new HeapException(errno, cause, message);
    }
}
