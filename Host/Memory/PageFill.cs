namespace DmaHeap.Hosting.Memory;

/// <summary>How much of its pages memory has from the start.</summary>
internal enum PageFill
{
    /// <summary>None: whoever touches one gets it, and pays for it.</summary>
    Lazy,

    /// <summary>All of them are taken, and zeroed when they are touched first.</summary>
    Taken,

    /// <summary>All of them are there and zero.</summary>
    Zeroed,
}
