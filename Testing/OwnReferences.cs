using System.Globalization;

namespace DmaHeap.Testing;

/// <summary>Finds what of this process refers to buffers: a look through /proc, for files in memory alone.</summary>
internal static class OwnReferences
{
    private const string InMemory = "/memfd:";

    /// <summary>Descriptors of this process.</summary>
    /// <param name="buffers">Names of buffers by their inode.</param>
    public static IReadOnlyList<string> Descriptors(IReadOnlyDictionary<ulong, string> buffers)
    {
        var found = new List<string>();
        foreach (var descriptor in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                if (new FileInfo(descriptor).LinkTarget?.StartsWith(InMemory, StringComparison.Ordinal) != true) continue;
                var number = Path.GetFileName(descriptor);
                var inode = File.ReadLines($"/proc/self/fdinfo/{number}").FirstOrDefault(line => line.StartsWith("ino:", StringComparison.Ordinal));
                if (inode is not null && buffers.TryGetValue(ulong.Parse(inode.AsSpan(4).Trim(), CultureInfo.InvariantCulture), out var name)) found.Add($"descriptor {number} of {name}");
            }
            catch (IOException)
            {
                // Another thread closed it meanwhile.
            }
        }

        return found;
    }

    /// <summary>Mappings of this process.</summary>
    /// <param name="buffers">Names of buffers by their inode.</param>
    public static IReadOnlyList<string> Mappings(IReadOnlyDictionary<ulong, string> buffers)
    {
        const int Addresses = 0, Inode = 4, Path = 5;
        var found = new List<string>();
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            var columns = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length <= Path || !columns[Path].StartsWith(InMemory, StringComparison.Ordinal)) continue;
            if (buffers.TryGetValue(ulong.Parse(columns[Inode], CultureInfo.InvariantCulture), out var name)) found.Add($"a mapping at {columns[Addresses]} of {name}");
        }

        return found;
    }
}
