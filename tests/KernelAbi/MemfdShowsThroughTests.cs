using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>The column "without --strict" of docs/kernel-differences.md for a buffer's descriptor: what no trap answers, the memfd does. A line that changes here changes there.</summary>
public sealed unsafe partial class MemfdShowsThroughTests : IDisposable
{
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;
    private const int SeekSet = 0, SeekEnd = 2;
    private const int KeepSize = 1, PunchHole = 2;
    private const int Read = 1, Write = 2, Shared = 1, Private = 2;
    private const int EpollAdd = 1, MadviseRemove = 9, AddSeals = 1033, GetSeals = 1034;
    private const long Length = 2 * 65536;

    private readonly TestHost _host = new();
    private readonly List<ExportedBuffer> _buffers = [];

    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void The_offset_moves_and_data_does_too()
    {
        var fd = Open(ReadWrite);
        Assert.Equal(100, lseek(fd, 100, SeekSet));
        byte data = 7;
        Assert.Equal(1, write(fd, &data, 1));
        Assert.Equal(1, pread(fd, &data, 1, 100));
        Assert.Equal(7, data);
        Assert.Equal(1, read(fd, &data, 1));
        Assert.Equal(Length, lseek(fd, 0, SeekEnd));
        AssertFails(Errno.EPERM, write(fd, &data, 1));
    }

    [Fact]
    public void Against_the_access_mode_it_is_the_kernels_EBADF()
    {
        byte data = 7;
        AssertFails(Errno.EBADF, write(Open(ReadOnly), &data, 1));
        AssertFails(Errno.EBADF, read(Open(WriteOnly), &data, 1));
        AssertFails(Errno.EBADF, read(Open(3), &data, 1));
        AssertFails(Errno.EBADF, fallocate(Open(ReadOnly), 0, 0, 4096));
        AssertFails(Errno.EINVAL, ftruncate(Open(ReadOnly), Length));
    }

    [Fact]
    public void Truncating_is_EPERM_but_to_its_own_length()
    {
        var fd = Open(ReadWrite);
        AssertFails(Errno.EPERM, ftruncate(fd, 0));
        AssertFails(Errno.EPERM, ftruncate(fd, 2 * Length));
        Assert.Equal(0, ftruncate(fd, Length));
    }

    [Fact]
    public void A_hole_is_zeros_for_every_holder()
    {
        var fd = Open(ReadWrite);
        Assert.Equal(0, fallocate(fd, 0, 0, Length));
        AssertFails(Errno.EPERM, fallocate(fd, 0, Length, 4096));
        var mapping = (byte*)mmap(null, (nuint)Length, Read | Write, Shared, fd, 0);
        mapping[0] = mapping[65536] = 1;
        Assert.Equal(0, fallocate(fd, KeepSize | PunchHole, 0, 65536));
        Assert.Equal((0, 1), (mapping[0], mapping[65536]));
        Assert.Equal(0, madvise(mapping + 65536, 65536, MadviseRemove));
        Assert.Equal(0, mapping[65536]);
        Assert.Equal(0, munmap(mapping, (nuint)Length));
    }

    [Fact]
    public void There_are_seals_and_no_more_can_be_added()
    {
        var fd = Open(ReadWrite);
        AssertFails(Errno.EPERM, fcntl(fd, AddSeals, 8));
        Assert.True(fcntl(fd, GetSeals, 0) > 0);
    }

    [Theory]
    [InlineData(ReadWrite, Read | Write, Shared, Length, Errno.None)] // past the end
    [InlineData(ReadOnly, Read | Write, Private, 0, Errno.None)]
    [InlineData(ReadOnly, Read, Shared, 0, Errno.None)]
    [InlineData(ReadOnly, Read | Write, Shared, 0, Errno.EACCES)]
    [InlineData(WriteOnly, Read, Shared, 0, Errno.EACCES)]
    [InlineData(WriteOnly, Write, Shared, 0, Errno.EACCES)]
    public void Mappings_are_a_memfds(int mode, int protection, int kind, long offset, Errno errno)
    {
        var mapping = mmap(null, 4096, protection, kind, Open(mode), offset);
        if (errno != Errno.None)
        {
            AssertFails(errno, (nint)mapping);
            return;
        }

        Assert.NotEqual(-1, (nint)mapping);
        Assert.Equal(0, munmap(mapping, 4096));
    }

    [Fact]
    public void Epoll_refuses_it()
    {
        var epoll = epoll_create1(0);
        using var closing = new SafeFileHandle(epoll, ownsHandle: true);
        var wanted = stackalloc byte[16];
        wanted[0] = 1;
        AssertFails(Errno.EPERM, epoll_ctl(epoll, EpollAdd, Open(ReadWrite), wanted));
    }

    [Fact]
    public void Proc_shows_a_regular_file_of_the_heaps_name_that_opens_again()
    {
        var handle = Buffer(ReadWrite).Handle;
        _host.Host.SetName(handle, "renamed");
        var path = $"/proc/self/fd/{handle.DangerousGetHandle()}";
        Assert.Equal("/memfd:plain (deleted)", new FileInfo(path).LinkTarget);
        Assert.DoesNotContain("exp_name", File.ReadAllText(path.Replace("/fd/", "/fdinfo/")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(handle));
        Assert.Equal(Length, FileStatus.Of(handle).Length);
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(handle, FileAccessMode.ReadWrite, closeOnExec: true, out var again));
        again.Dispose();
    }

    [Fact]
    public void Outside_exec_its_ioctls_are_ENOTTY()
    {
        ulong flags = 1;
        AssertFails(Errno.ENOTTY, ioctl(Open(ReadWrite), 0x40086200, &flags));
    }

    private ExportedBuffer Buffer(int mode)
    {
        var buffer = _host.Host.Allocate(new BufferRequest { Heap = "plain", Length = (ulong)Length, FileFlags = (uint)mode, Caller = TestHost.Us });
        _buffers.Add(buffer);
        return buffer;
    }

    private int Open(int mode) => (int)Buffer(mode).Handle.DangerousGetHandle();

    private static void AssertFails(Errno errno, long result) => Assert.Equal((-1, errno), (result, (Errno)Marshal.GetLastPInvokeError()));

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, void* bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, void* bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(int fd, void* bytes, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(int fd, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, void* wanted);
}
