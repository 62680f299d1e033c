using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>The supervisor's end of a filter: hears of calls and answers them. Thread-safe; any number of threads may receive at once. When it is closed,
/// by this process's end too, calls of the filter's rules fail with ENOSYS.</summary>
public sealed unsafe partial class SeccompListener : IDisposable
{
    internal const nuint ReceiveCommand = 0xC050_2100, SendCommand = 0xC018_2101, IsValidCommand = 0x4008_2102, AddDescriptorCommand = 0x4018_2103,
        SetFlagsCommand = 0x4008_2104;

    internal const uint ContinueFlag = 1, SendDescriptorFlag = 2;
    internal const ulong SynchronousWakeUp = 1;

    internal const short HangUp = 0x10;

    readonly SafeFileHandle _listener = new();

    /// <summary>Whether a supervised thread is left; there will be none any more once there is none.</summary>
    public bool HasCallers
    {
        get
        {
            using var listener = new BorrowedDescriptor(_listener);
            var request = new PollRequest { Descriptor = listener.Number };
            return poll(&request, 1, 0) <= 0 || (request.Returned & HangUp) == 0;
        }
    }

    /// <summary>Has the kernel switch between caller and supervisor on one processor without a detour, which makes an answer two to three times as fast.</summary>
    /// <returns>EINVAL before Linux 6.6.</returns>
    public Errno TrySetSynchronousWakeUp() => Call(SetFlagsCommand, (void*)SynchronousWakeUp);

    /// <summary>Waits for a call.</summary>
    /// <param name="notification">The call.</param>
    /// <returns>EINTR, ENOENT (the caller was killed meanwhile, or from Linux 6.11 no supervised thread is left).</returns>
    public Errno TryReceive(out SeccompNotification notification)
    {
        notification = default; // the kernel demands zeros
        fixed (SeccompNotification* pointer = &notification) return Call(ReceiveCommand, pointer);
    }

    /// <summary>Whether the call is still waited for. Until then the thread is the one that made it, and its number cannot have passed to another.</summary>
    /// <param name="id">The call.</param>
    public bool IsValid(ulong id) => Call(IsValidCommand, &id) == Errno.None;

    /// <summary>Has the call return a result.</summary>
    /// <param name="id">The call.</param>
    /// <param name="result">What it returns; 0 or more.</param>
    /// <returns>ENOENT where nobody waits for it any more.</returns>
    public Errno TryReturn(ulong id, long result) => Send(new SeccompResponse { Id = id, Value = result });

    /// <summary>Has the call fail.</summary>
    /// <param name="id">The call.</param>
    /// <param name="errno">How.</param>
    /// <returns>ENOENT where nobody waits for it any more.</returns>
    public Errno TryFail(ulong id, Errno errno) => Send(new SeccompResponse { Id = id, Error = -(int)errno });

    /// <summary>Has the kernel carry the call out as if there were no filter.</summary>
    /// <param name="id">The call.</param>
    /// <returns>ENOENT where nobody waits for it any more.</returns>
    public Errno TryContinue(ulong id) => Send(new SeccompResponse { Id = id, Flags = ContinueFlag });

    /// <summary>Installs a descriptor for a file in the caller, at the lowest free number. It cannot be taken back.</summary>
    /// <param name="id">The call.</param>
    /// <param name="file">The file; it stays the caller's of this method.</param>
    /// <param name="closeOnExec">Whether exec closes the new descriptor.</param>
    /// <param name="number">The new descriptor's number, or -1.</param>
    /// <param name="answers">Whether that number is also the call's result, in one step.</param>
    /// <returns>EMFILE, ENOENT where nobody waits for the call any more.</returns>
    public Errno TryAddDescriptor(ulong id, SafeFileHandle file, bool closeOnExec, out int number, bool answers = false)
    {
        using var listener = new BorrowedDescriptor(_listener);
        using var source = new BorrowedDescriptor(file);
        var request = new SeccompAddDescriptor
        {
            Id = id,
            Flags = answers ? SendDescriptorFlag : 0,
            SourceDescriptor = source.Number,
            NewDescriptorFlags = closeOnExec ? OpenFlags.CloseOnExec : 0u,
        };
        number = ioctl(listener.Number, AddDescriptorCommand, &request);
        return ErrnoGuard.Of(number);
    }

    /// <summary>Closes it. A thread that waits in <see cref="TryReceive"/> keeps it open until it returns from there.</summary>
    public void Dispose() => _listener.Dispose();

    internal void Open(nint listener) => Marshal.InitHandle(_listener, listener);

    Errno Send(SeccompResponse response) => Call(SendCommand, &response);

    Errno Call(nuint command, void* argument)
    {
        using var listener = new BorrowedDescriptor(_listener);
        return ErrnoGuard.Of(ioctl(listener.Number, command, argument));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollRequest* requests, nuint count, int timeout);
}
