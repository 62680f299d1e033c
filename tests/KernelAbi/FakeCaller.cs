using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.KernelAbi;

internal enum PageAccess
{
    None,
    Read,
    ReadWrite,
}

/// <summary>
/// A process of a few pages and a descriptor table. Like the kernel's copies, a read or write goes byte by byte up to the page that stops it, so what was written
/// before a fault stays written.
/// </summary>
internal sealed class FakeCaller : ICaller
{
    public const ulong Start = 0x7000_0000;
    public const int PageBytes = 4096;
    public const int Pages = 6;

    private int _numbers = 5;

    public byte[] Memory { get; } = new byte[Pages * PageBytes];

    public PageAccess[] Access { get; } = [.. Enumerable.Repeat(PageAccess.ReadWrite, Pages)];

    public bool HasRoom { get; set; } = true;

    /// <summary>How many accesses to the process succeed before it is gone.</summary>
    public int StepsToLive { get; set; } = int.MaxValue;

    public bool WasMissed { get; private set; }

    /// <summary>Whether another process's memory was taken for this one's, which is gone.</summary>
    public bool WasMistaken { get; private set; }

    public Errno Target { get; set; }

    public SyncFileState SyncFile { get; set; }

    /// <summary>What the process was done to, in order; null where nobody looks.</summary>
    public List<string>? Effects { get; init; }

    public int Installed { get; private set; }

    public int LastNumber { get; private set; }

    public bool LastCloseOnExec { get; private set; }

    /// <summary>Happens right after a descriptor was installed.</summary>
    public Action? AfterInstall { get; init; }

    public SafeFileHandle? TakenTarget { get; private set; }

    public CallerIdentity Identity { get; } = new(4711, 1000, 1000, [44]);

    public static ulong AddressOf(int offset) => Start + (ulong)offset;

    public bool Allows(ulong address, PageAccess access) =>
        address >= Start && address - Start < Pages * PageBytes && Access[(address - Start) / PageBytes] >= access;

    public byte ByteAt(ulong address) => Memory[address - Start];

    public Errno Read(ulong address, Span<byte> bytes)
    {
        if (IsGone()) return Errno.ESRCH;
        Effects?.Add($"read {bytes.Length}");
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!Allows(unchecked(address + (ulong)i), PageAccess.Read)) return Errno.EFAULT;
            bytes[i] = ByteAt(address + (ulong)i);
        }

        return Errno.None;
    }

    public bool IsWaiting => !IsGone();

    // Whoever has the number then: a process whose memory holds something else, or is not there.
    public Errno Peek(ulong address, Span<byte> bytes)
    {
        if (StepsToLive > 0) return Read(address, bytes);
        WasMistaken = true;
        bytes.Clear();
        bytes[0] = (byte)(address & 7);
        return (address & 8) == 0 ? Errno.None : Errno.EFAULT;
    }

    public Errno Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (IsGone()) return Errno.ESRCH;
        Effects?.Add($"write {bytes.Length}");
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!Allows(unchecked(address + (ulong)i), PageAccess.ReadWrite)) return Errno.EFAULT;
            Memory[address + (ulong)i - Start] = bytes[i];
        }

        return Errno.None;
    }

    public Errno Install(SafeFileHandle file, bool closeOnExec, out int number)
    {
        number = -1;
        if (IsGone()) return Errno.ESRCH;
        Assert.False(file.IsClosed || file.IsInvalid);
        Effects?.Add("install");
        if (!HasRoom) return Errno.EMFILE;
        Installed++;
        LastCloseOnExec = closeOnExec;
        LastNumber = number = ++_numbers;
        AfterInstall?.Invoke();
        return Errno.None;
    }

    public Errno CheckRoom() => HasRoom ? Errno.None : Errno.EMFILE;

    public Errno TakeTarget(out SafeFileHandle target)
    {
        target = new SafeFileHandle(-1, ownsHandle: false);
        if (IsGone()) return Errno.ESRCH;
        if (Target != Errno.None) return Target;
        target = TakenTarget = FakeBackend.AnyHandle();
        return Errno.None;
    }

    public Errno Take(int number, out SafeFileHandle file) => TakeTarget(out file);

    public SyncFileState InspectSyncFile(int number) => SyncFile;

    /// <summary>For the next call; memory and pages stay as they are.</summary>
    public void Reset()
    {
        Installed = 0;
        _numbers = 5;
        WasMissed = WasMistaken = false;
        TakenTarget = null;
    }

    private bool IsGone()
    {
        if (StepsToLive-- > 0) return false;
        return WasMissed = true;
    }
}
