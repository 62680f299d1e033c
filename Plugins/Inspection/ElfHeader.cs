using System.Buffers.Binary;

namespace DmaHeap.Plugins.Inspection;

/// <summary>What the first bytes of a native library say of the processor it is for.</summary>
static class ElfHeader
{
    const int Length = 20, Class = 4, Data = 5, MachineOffset = 18;
    const byte Bits64 = 2, BigEndian = 2;

    static readonly (string Name, ushort Machine, bool Is64)[] s_machines =
        [("x64", 62, true), ("arm64", 183, true), ("riscv64", 243, true), ("loongarch64", 258, true), ("x86", 3, false), ("arm", 40, false)];

    /// <summary>The processor by .NET's name; null when the file is no ELF file, or not one that can be read.</summary>
    public static string? ReadArchitecture(string path)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (!TryRead(path, bytes) || !bytes.StartsWith("\x7f\x45LF"u8))
            return null;
        ReadOnlySpan<byte> field = bytes[MachineOffset..];
        ushort machine = bytes[Data] == BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(field) : BinaryPrimitives.ReadUInt16LittleEndian(field);
        (string? name, _, bool wide) = Array.Find(s_machines, known => known.Machine == machine);
        name ??= $"machine {machine}";
        // x32 programs carry the number of x64 in a file of 32 bits, and big-endian ones that of their little sisters.
        if (wide && bytes[Class] != Bits64)
            name += " (32 bits)";
        return bytes[Data] == BigEndian ? name + " (big-endian)" : name;
    }

    static bool TryRead(string path, Span<byte> bytes)
    {
        try
        {
            // Length 0 may also be a pipe, where opening would wait for ever.
            FileInfo file = new(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            if (file is not { Exists: true, Length: >= Length })
                return false;
            using FileStream stream = file.OpenRead();
            return stream.ReadAtLeast(bytes, Length, throwOnEndOfStream: false) == Length;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
