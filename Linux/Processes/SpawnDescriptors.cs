using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>
/// What a program that is started finds open: these descriptors, numbered from 0, and nothing else. (With a C library that cannot close the rest, musl's, the rest is what was
/// opened without O_CLOEXEC, which nothing in this project does.)
/// </summary>
sealed unsafe partial class SpawnDescriptors : IDisposable
{
    const int OpaqueSize = 512;
    const int DuplicateFrom = DescriptorFlags.DuplicateCloseOnExec;
    const int OutOfTheWay = 16;

    static readonly delegate* unmanaged<byte*, int, int> s_closeFrom = FindCloseFrom();

    readonly List<SafeFileHandle> _aside = [];
    readonly byte* _actions = (byte*)NativeMemory.AllocZeroed(OpaqueSize);

    /// <exception cref="LinuxException">EMFILE, ENOMEM.</exception>
    public SpawnDescriptors(IReadOnlyList<SafeFileHandle> descriptors)
    {
        ((Errno)posix_spawn_file_actions_init(_actions)).ThrowIfFailed("posix_spawn_file_actions_init");
        foreach (var descriptor in descriptors)
        {
            // Out of the way first: one of them may have a number that another is to get.
            using var from = new BorrowedDescriptor(descriptor);
            var copy = fcntl(from.Number, DuplicateFrom, OutOfTheWay);
            ErrnoGuard.Of(copy).ThrowIfFailed("fcntl(F_DUPFD_CLOEXEC)", descriptor);
            _aside.Add(new SafeFileHandle(copy, ownsHandle: true));
            ((Errno)posix_spawn_file_actions_adddup2(_actions, copy, _aside.Count - 1)).ThrowIfFailed("posix_spawn_file_actions_adddup2");
        }

        if (s_closeFrom != null) ((Errno)s_closeFrom(_actions, _aside.Count)).ThrowIfFailed("posix_spawn_file_actions_addclosefrom_np");
    }

    public byte* Actions => _actions;

    public void Dispose()
    {
        foreach (var descriptor in _aside) descriptor.Dispose();
        posix_spawn_file_actions_destroy(_actions);
        NativeMemory.Free(_actions);
    }

    static delegate* unmanaged<byte*, int, int> FindCloseFrom() =>
        NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "posix_spawn_file_actions_addclosefrom_np", out var address)
            ? (delegate* unmanaged<byte*, int, int>)address
            : null;

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, int argument);
}
