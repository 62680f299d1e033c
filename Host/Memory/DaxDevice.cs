using System.Globalization;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>A device-DAX node (<c>/dev/dax0.0</c>): memory that is nobody's RAM, mapped at the device's own alignment. Its size stands in sysfs, not in the node.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Alignment">Bytes that mappings start and end at.</param>
internal readonly record struct DaxDevice(long Length, long Alignment)
{
    /// <exception cref="HeapException">ENODEV: the node is of another kind of device.</exception>
    public static DaxDevice Read(string path, in FileStatus node, string root = "/")
    {
        var device = Path.Join(root, string.Create(CultureInfo.InvariantCulture, $"sys/dev/char/{node.NodeMajor}:{node.NodeMinor}"));
        if (!TryReadNumber(device, "size", out var length) || !TryReadNumber(device, "align", out var alignment) || alignment <= 0)
        {
            throw RegionFile.Unavailable(path, "is a character device, and not one of device-DAX, which alone has a size");
        }

        return new DaxDevice(length, alignment);
    }

    private static bool TryReadNumber(string device, string name, out long number)
    {
        number = 0;
        try
        {
            return long.TryParse(File.ReadAllText(Path.Join(device, name)).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
