using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Linux;

public sealed class FileTests
{
    const MemfdFlags Usual = MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal;

    static SafeFileHandle Sized(long length)
    {
        var memfd = Memfd.Create("test", Usual);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(memfd, length));
        return memfd;
    }

    [Fact]
    public void The_longest_name_is_taken_and_one_byte_more_is_EINVAL()
    {
        Assert.Equal(Errno.None, Memfd.TryCreate(new string('n', Memfd.MaxNameLength), Usual, out var longest));
        Assert.Equal(Errno.EINVAL, Memfd.TryCreate(new string('n', Memfd.MaxNameLength + 1), Usual, out var tooLong));
        Assert.False(longest.IsInvalid);
        Assert.True(tooLong.IsInvalid);
        longest.Dispose();
    }

    [Fact]
    public void A_memfd_is_closed_by_exec_only_when_asked()
    {
        using var closed = Memfd.Create("test", MemfdFlags.CloseOnExec);
        using var kept = Memfd.Create("test", MemfdFlags.None);
        Assert.True(DescriptorFlags.GetCloseOnExec(closed));
        Assert.False(DescriptorFlags.GetCloseOnExec(kept));
        DescriptorFlags.SetCloseOnExec(kept, true);
        Assert.True(DescriptorFlags.GetCloseOnExec(kept));
    }

    [Fact]
    public void Length_and_storage_are_set_and_seen()
    {
        using var memfd = Sized(1 << 20);
        Assert.Equal(0, FileStatus.Of(memfd).Blocks);
        Assert.Equal(Errno.None, FileSpace.TryAllocate(memfd, 0, 1 << 20));
        var committed = FileStatus.Of(memfd);
        Assert.Equal((1 << 20, (1 << 20) / 512), (committed.Length, committed.Blocks));
        Assert.Equal(Errno.None, FileSpace.TryPunchHole(memfd, 0, 1 << 19));
        Assert.Equal((1 << 19) / 512, FileStatus.Of(memfd).Blocks);
        Assert.Equal(Errno.None, FileSpace.TrySeekEnd(memfd, out var end));
        Assert.Equal(1 << 20, end);
    }

    [Fact]
    public void Status_tells_owner_mode_and_kind()
    {
        using var memfd = Sized(1);
        Assert.Equal(Errno.None, FilePermissions.TrySet(memfd, UnixFileMode.UserRead | UnixFileMode.UserWrite));
        var status = FileStatus.Of(memfd);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, status.Permissions);
        Assert.Equal(ProcessIdentity.EffectiveUserId, status.UserId);
        Assert.False(status.IsCharacterDevice);
        using var device = File.OpenHandle("/dev/null");
        Assert.True(FileStatus.Of(device).IsCharacterDevice);
    }

    [Fact]
    public void Two_memfds_differ_by_inode_and_a_duplicate_does_not()
    {
        using var first = Sized(1);
        using var second = Sized(1);
        Assert.Equal(Errno.None, DescriptorFlags.TryDuplicate(first, out var duplicate));
        using (duplicate)
        {
            Assert.True(DescriptorFlags.GetCloseOnExec(duplicate));
            Assert.Equal(FileStatus.Of(first).Inode, FileStatus.Of(duplicate).Inode);
        }

        Assert.NotEqual(FileStatus.Of(first).Inode, FileStatus.Of(second).Inode);
    }

    [Fact]
    public void Seals_hold()
    {
        using var memfd = Sized(4096);
        FileSeals.Add(memfd, Seals.Shrink | Seals.Grow);
        Assert.Equal(Errno.EPERM, FileSpace.TrySetLength(memfd, 1));
        Assert.Equal(Errno.EPERM, FileSpace.TrySetLength(memfd, 8192));
        FileSeals.Add(memfd, Seals.Seal);
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => FileSeals.Add(memfd, Seals.Write)).Errno);
        Assert.Equal(Errno.None, FileSeals.TryGet(memfd, out var seals));
        Assert.Equal(Seals.Shrink | Seals.Grow | Seals.Seal, seals & ~Seals.Exec);
        using var device = File.OpenHandle("/dev/null");
        Assert.Equal(Errno.EINVAL, FileSeals.TryGet(device, out _));
    }

    [Theory]
    [InlineData(FileAccessMode.ReadOnly)]
    [InlineData(FileAccessMode.WriteOnly)]
    [InlineData(FileAccessMode.ReadWrite)]
    [InlineData(FileAccessMode.IoctlOnly)]
    public void A_reopened_file_has_its_own_access_mode(FileAccessMode mode)
    {
        using var memfd = Sized(4096);
        foreach (var closeOnExec in new[] { true, false })
        {
            Assert.Equal(Errno.None, DescriptorReopen.TryOpen(memfd, mode, closeOnExec, out var reopened));
            using var _ = reopened;
            Assert.Equal(mode, DescriptorFlags.GetAccessMode(reopened));
            Assert.Equal(closeOnExec, DescriptorFlags.GetCloseOnExec(reopened));
            Assert.Equal(FileStatus.Of(memfd).Inode, FileStatus.Of(reopened).Inode);
        }
    }

    [Fact]
    public void Reopening_and_status_allocate_no_more_than_the_handle()
    {
        using var memfd = Sized(4096);
        long Measure()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            DescriptorReopen.TryOpen(memfd, FileAccessMode.ReadOnly, true, out var reopened);
            var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            reopened.Dispose();
            return bytes;
        }

        Measure();
        Assert.InRange(Measure(), 1, 100);
    }

    [Fact]
    public void Status_flags_are_those_of_the_description()
    {
        var (first, second) = SeqpacketSocket.CreatePair();
        using var _ = first;
        using var __ = second;
        Assert.Equal(0, DescriptorFlags.GetStatusFlags(first) & DescriptorFlags.NonBlock);
        DescriptorFlags.SetStatusFlags(first, DescriptorFlags.GetStatusFlags(first) | DescriptorFlags.NonBlock);
        Assert.NotEqual(0, DescriptorFlags.GetStatusFlags(first) & DescriptorFlags.NonBlock);
        Assert.Equal(0, DescriptorFlags.GetStatusFlags(second) & DescriptorFlags.NonBlock);
    }

    [Fact]
    public void A_lock_keeps_everybody_else_out_until_it_is_closed()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var directory = new TemporaryDirectory();
        Assert.Equal(Errno.None, FileLock.TryAcquire(directory["lock"], Mode, out var first));
        using (first)
        {
            Assert.Equal(Mode, new FileInfo(directory["lock"]).UnixFileMode);
            Assert.True(DescriptorFlags.GetCloseOnExec(first));
            Assert.Equal(Errno.EAGAIN, FileLock.TryAcquire(directory["lock"], Mode, out var second));
            Assert.True(second.IsInvalid);
        }

        // The runtime's own handle has a shared lock, which keeps others out and is traded for the exclusive one.
        using (var opened = File.OpenHandle(directory["lock"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            Assert.Equal(Errno.EAGAIN, FileLock.TryAcquire(directory["lock"], Mode, out _));
            Assert.Equal(Errno.None, FileLock.TryLockExclusive(opened));
        }

        Assert.Equal(Errno.None, FileLock.TryAcquire(directory["lock"], Mode, out var last));
        last.Dispose();
        File.CreateSymbolicLink(directory["link"], directory["lock"]);
        Assert.Equal(Errno.ELOOP, FileLock.TryAcquire(directory["link"], Mode, out _));
    }

    [Fact]
    public void Names_are_made_and_removed_with_the_kernels_answers()
    {
        using var directory = new TemporaryDirectory();
        Assert.Equal(Errno.None, FileNames.TryMakeDirectory(directory["d"], UnixFileMode.UserRead | UnixFileMode.UserExecute));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, new FileInfo(directory["d"]).UnixFileMode);
        Assert.Equal(Errno.EEXIST, FileNames.TryMakeDirectory(directory["d"], UnixFileMode.UserRead));
        directory.Write("f", "");
        Assert.Equal(Errno.None, FileNames.TryUnlink(directory["f"]));
        Assert.Equal(Errno.ENOENT, FileNames.TryUnlink(directory["f"]));
    }

    [Fact]
    public void A_disposed_handle_is_refused_before_any_syscall()
    {
        var memfd = Sized(1);
        memfd.Dispose();
        Assert.Throws<ObjectDisposedException>(() => FileSpace.TrySetLength(memfd, 2));
    }

    [Fact]
    public void Where_a_link_leads_is_told_in_bytes_and_cut_off_where_there_is_no_room()
    {
        using var directory = new TemporaryDirectory();
        File.CreateSymbolicLink(directory["link"], "/über");
        var path = System.Text.Encoding.UTF8.GetBytes(directory["link"] + "\0");
        Span<byte> target = stackalloc byte[16];
        Assert.Equal(Errno.None, PathCalls.TryReadLink(path, target, out var length));
        Assert.Equal("/über"u8, target[..length]);
        Assert.Equal(Errno.None, PathCalls.TryReadLink(path, target[..2], out length));
        Assert.Equal(2, length);
        Assert.Equal(Errno.ENOENT, PathCalls.TryReadLink("/none/at/all\0"u8, target, out length));
        Assert.Equal(0, length);
        Assert.Throws<ArgumentException>(() => PathCalls.TryReadLink("/no/zero"u8, new byte[1], out _));
    }
}
