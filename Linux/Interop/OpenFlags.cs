using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Flags of open(2), of which some differ between architectures.</summary>
static class OpenFlags
{
    public const int ReadWrite = 0x2;
    public const int Create = 0x40;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000; // O_PATH
    public static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 0x20000 : 0x8000;
}
