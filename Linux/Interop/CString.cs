using System.Text;

namespace DmaHeap.Linux;

/// <summary>Text as the kernel wants it: UTF-8 with a terminating zero and none inside.</summary>
static class CString
{
    /// <summary>Long enough for "/proc/self/fdinfo/" and any descriptor.</summary>
    public const int MaxDescriptorPath = 32;

    public static byte[] From(string text)
    {
        Refuse(text);
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>Writes without allocating; false where <paramref name="destination"/> is too short.</summary>
    public static bool TryWrite(string text, Span<byte> destination)
    {
        Refuse(text);
        if (!Encoding.UTF8.TryGetBytes(text, destination[..^1], out var length)) return false;
        destination[length] = 0;
        return true;
    }

    /// <summary>Writes "/proc/self/fd/N"; <paramref name="destination"/> holds at least <see cref="MaxDescriptorPath"/> bytes.</summary>
    public static void WriteDescriptorPath(int descriptor, Span<byte> destination)
    {
        var prefix = "/proc/self/fd/"u8;
        prefix.CopyTo(destination);
        descriptor.TryFormat(destination[prefix.Length..^1], out var digits);
        destination[prefix.Length + digits] = 0;
    }

    static void Refuse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains('\0')) throw new ArgumentException("Text for the kernel cannot hold a zero character.", nameof(text));
    }
}
