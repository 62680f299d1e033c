namespace DmaHeap.Hosting.Memory;

/// <summary>Whose control group a buffer's pages are charged to.</summary>
internal enum MemoryPayer
{
    /// <summary>Nobody's: there are no pages, they are a file's or a device's, or a host before this one settled it.</summary>
    Nobody,

    /// <summary>The host's, which had them before anybody else.</summary>
    Host,

    /// <summary>That of whoever touches each first.</summary>
    Toucher,
}
