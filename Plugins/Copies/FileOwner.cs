using System.Formats.Tar;

namespace DmaHeap.Plugins.Copies;

/// <summary>Who owns a file. Of all the base library only the tar writer asks, and syscalls of our own belong in another room.</summary>
static class FileOwner
{
    /// <summary>Owner of that very entry, links not followed, and whether it is a folder.</summary>
    public static (int UserId, bool IsFolder) Of(string path)
    {
        using var header = new MemoryStream();
        using (var writer = new TarWriter(header, TarEntryFormat.Pax, leaveOpen: true))
            writer.WriteEntry(path, "entry");
        header.Position = 0;
        using var reader = new TarReader(header);
        TarEntry entry = reader.GetNextEntry()!;
        return (entry.Uid, entry.EntryType == TarEntryType.Directory);
    }
}
