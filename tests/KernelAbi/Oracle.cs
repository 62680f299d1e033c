using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>What must have happened: the errno, and what of the program changed.</summary>
internal readonly record struct Expected(Errno Errno, int Installed = 0, bool CloseOnExec = false, ulong NumberAt = 0, int NumberBytes = 0);

/// <summary>
/// The kernel's rules once more, written from the documented order of the checks and not from the code under test: plain arithmetic on the command, one byte of the
/// program at a time, no struct of ours.
/// </summary>
internal static class Oracle
{
    private const ulong PageMask = 4095;

    public static Expected Expect(bool onNode, bool hooks, uint command, ulong address, FakeCaller program, FakeBackend backend) =>
        onNode ? OnNode(command, address, program, backend) : OnBuffer(hooks, command, address, program, backend);

    private static Expected OnNode(uint command, ulong address, FakeCaller program, FakeBackend backend)
    {
        if (command % 256 != 0) return new(Errno.EINVAL);
        var size = command / 65536 % 16384;
        var input = (command & 0x40000000) == 0 ? 0 : size;
        var output = (command & 0x80000000) == 0 ? 0 : size;
        if (!All(program, address, input, PageAccess.Read)) return new(Errno.EFAULT);
        ulong Field(uint offset, uint bytes)
        {
            ulong value = 0;
            for (var i = offset + bytes; i-- > offset;) value = value * 256 + (i < input ? program.ByteAt(address + i) : 0u);
            return value;
        }

        var length = Field(0, 8);
        var flags = Field(12, 4);
        if (Field(8, 4) != 0) return new(Errno.EINVAL);
        if (flags > 0x80003 || (flags > 3 && flags < 0x80000)) return new(Errno.EINVAL);
        if (Field(16, 8) != 0) return new(Errno.EINVAL);
        if (length == 0 || length > ulong.MaxValue - PageMask) return new(Errno.EINVAL);
        if (OfBackend(backend) is var refused and not Errno.None) return new(refused);
        if (backend.ForgetsTheBuffer) return new(Errno.EIO);
        if (!program.HasRoom) return new(Errno.EMFILE);
        if (!All(program, address, output, PageAccess.ReadWrite)) return new(Errno.EFAULT);
        return new(Errno.None, 1, flags >= 0x80000, address + 8, output <= 8 ? 0 : (int)Math.Min(4, output - 8));
    }

    private static Expected OnBuffer(bool hooks, uint command, ulong address, FakeCaller program, FakeBackend backend) => command switch
    {
        0x40086200 => Sync(hooks, address, program, backend),
        0x40046201 or 0x40086201 => Name(address, program, backend),
        0xC0086202 => Export(address, program, backend),
        0x40086203 => Import(address, program),
        _ => new(Errno.ENOTTY),
    };

    private static Expected Sync(bool hooks, ulong address, FakeCaller program, FakeBackend backend)
    {
        if (!All(program, address, 8, PageAccess.Read)) return new(Errno.EFAULT);
        for (uint i = 1; i < 8; i++)
        {
            if (program.ByteAt(address + i) != 0) return new(Errno.EINVAL);
        }

        if (program.ByteAt(address) is 0 or 4 or > 7) return new(Errno.EINVAL);
        return hooks ? OnTarget(program, backend) : new(Errno.None);
    }

    private static Expected Name(ulong address, FakeCaller program, FakeBackend backend)
    {
        for (uint i = 0; i < 32; i++)
        {
            if (!All(program, address + i, 1, PageAccess.Read)) return new(Errno.EFAULT);
            if (program.ByteAt(address + i) == 0) return OnTarget(program, backend);
        }

        return new(Errno.EINVAL);
    }

    private static Expected Export(ulong address, FakeCaller program, FakeBackend backend)
    {
        if (SyncFileFlags(address, program) is var bad and not Errno.None) return new(bad);
        if (backend.SyncFileErrno != Errno.None) return new(backend.SyncFileErrno);
        if (!program.HasRoom) return new(Errno.EMFILE);
        return All(program, address, 8, PageAccess.ReadWrite) ? new(Errno.None, 1, true, address + 4, 4) : new(Errno.EFAULT);
    }

    private static Expected Import(ulong address, FakeCaller program)
    {
        if (SyncFileFlags(address, program) is var bad and not Errno.None) return new(bad);
        return new(program.SyncFile == SyncFileState.Signalled ? Errno.None : program.SyncFile == SyncFileState.Pending ? Errno.ENOTTY : Errno.EINVAL);
    }

    private static Errno SyncFileFlags(ulong address, FakeCaller program)
    {
        if (!All(program, address, 8, PageAccess.Read)) return Errno.EFAULT;
        for (uint i = 1; i < 4; i++)
        {
            if (program.ByteAt(address + i) != 0) return Errno.EINVAL;
        }

        return program.ByteAt(address) is 1 or 2 or 3 ? Errno.None : Errno.EINVAL;
    }

    private static Expected OnTarget(FakeCaller program, FakeBackend backend) =>
        new(program.Target != Errno.None ? program.Target : OfBackend(backend));

    private static Errno OfBackend(FakeBackend backend)
    {
        if (backend.Fault is not null) return backend.Fault is OperationCanceledException ? Errno.EINTR : Errno.EIO;
        var errno = (int)backend.Answer.Errno;
        return errno is >= 0 and <= 133 ? (Errno)errno : Errno.EIO;
    }

    private static bool All(FakeCaller program, ulong address, uint bytes, PageAccess access)
    {
        for (uint i = 0; i < bytes; i++)
        {
            if (!program.Allows(unchecked(address + i), access)) return false;
        }

        return true;
    }
}
