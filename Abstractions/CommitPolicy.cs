namespace DmaHeap;

/// <summary>When a buffer's pages are taken from the system, and so whose cgroup is charged for them.</summary>
public enum CommitPolicy
{
    /// <summary>At first touch, one page at a time; charged to the cgroup of whoever touches it.</summary>
    Lazy = 0,

    /// <summary>At allocation, all of them; charged to the host's cgroup. Fails with ENOMEM instead of later, at first touch.</summary>
    Committed = 1,
}
