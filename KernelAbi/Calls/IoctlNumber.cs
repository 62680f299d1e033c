namespace DmaHeap.KernelAbi.Calls;

/// <summary>The second argument of ioctl(2), taken apart: what _IOC_NR, _IOC_TYPE, _IOC_SIZE and _IOC_DIR give. The same on x86-64, arm64 and their 32-bit programs.</summary>
/// <param name="Value">The command: of the syscall's argument the lower 32 bits, which is all the kernel looks at.</param>
internal readonly record struct IoctlNumber(uint Value)
{
    private const uint CallerWrites = 1, CallerReads = 2;

    /// <summary>Of a syscall's 64-bit argument.</summary>
    public static IoctlNumber FromArgument(ulong argument) => new((uint)argument);

    public static IoctlNumber Make(bool writes, bool reads, char type, byte number, int size) =>
        new(((writes ? CallerWrites : 0) | (reads ? CallerReads : 0)) << 30 | (uint)(size & MaxSize) << 16 | (uint)(byte)type << 8 | number);

    public const int MaxSize = (1 << 14) - 1;

    public byte Number => (byte)Value;

    public char Type => (char)(byte)(Value >> 8);

    /// <summary>Bytes of the argument's struct, as the caller was compiled with it: 0 to 16383.</summary>
    public int Size => (int)(Value >> 16) & MaxSize;

    /// <summary>_IOC_WRITE: the caller's struct is read by the kernel.</summary>
    public bool CopiesIn => (Value >> 30 & CallerWrites) != 0;

    /// <summary>_IOC_READ: the caller's struct is written by the kernel.</summary>
    public bool CopiesOut => (Value >> 30 & CallerReads) != 0;

    public override string ToString() => $"0x{Value:X8}";
}
