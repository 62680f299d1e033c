namespace DmaHeap.Hosting.Configuration;

/// <summary>Whether a buffer that its client gives back may become another one.</summary>
public enum HeapRecycling
{
    /// <summary>Never: the file ends with its last reference.</summary>
    Never = 0,

    /// <summary>The empty file may go to the same trust domain again: the same user, user namespace and control group.</summary>
    Domain = 1,
}
