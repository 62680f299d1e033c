using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>Reads lines such as <c>inotify wd:1a ino:… mask:400 …</c> (all numbers in hexadecimal) through one rented buffer:
/// a hundred thousand of them are some 15 MB that never stand in memory at once.</summary>
static class InotifyFdinfo
{
    const int BufferLength = 64 * 1024;

    /// <summary>The watch and inode of one line; null when the line is about something else.</summary>
    public static (int Watch, ulong Inode)? ReadLine(string line)
    {
        const string Watch = "inotify wd:", Inode = " ino:";
        var at = line.IndexOf(Inode, StringComparison.Ordinal);
        if (!line.StartsWith(Watch, StringComparison.Ordinal) || at < 0) return null;
        var inode = line.AsSpan(at + Inode.Length);
        return (int.Parse(line.AsSpan(Watch.Length, at - Watch.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ulong.Parse(inode[..inode.IndexOf(' ')], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }

    public static void CopyWatches(Stream fdinfo, ICollection<int> watches)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            var filled = 0;
            int read;
            while ((read = fdinfo.Read(buffer, filled, buffer.Length - filled)) > 0)
            {
                filled += read;
                filled = CopyWholeLines(buffer, filled, watches);
                if (filled == buffer.Length) throw new InvalidDataException("A line of fdinfo is longer than any the kernel writes.");
            }

            AddWatch(buffer.AsSpan(0, filled), watches);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Takes the whole lines out and moves the begun one to the front; returns its length.</summary>
    static int CopyWholeLines(byte[] buffer, int filled, ICollection<int> watches)
    {
        var rest = buffer.AsSpan(0, filled);
        for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
        {
            AddWatch(rest[..end], watches);
            rest = rest[(end + 1)..];
        }

        rest.CopyTo(buffer);
        return rest.Length;
    }

    static void AddWatch(ReadOnlySpan<byte> line, ICollection<int> watches)
    {
        var prefix = "inotify wd:"u8;
        if (line.StartsWith(prefix) && Utf8Parser.TryParse(line[prefix.Length..], out int watch, out _, 'x')) watches.Add(watch);
    }
}
