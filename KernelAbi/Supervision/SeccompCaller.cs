using System.Globalization;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>The caller of the call that one supervising thread is answering. Everything goes by the number of the calling thread, which belongs to nobody else while the call
/// is waited for; so whatever was read counts only once the call was seen to be still there.</summary>
internal sealed class SeccompCaller(SeccompListener listener, CallerIdentities identities) : ICaller
{
    private SeccompNotification _call;

    /// <summary>The descriptor that the call is about: its first argument, unless its kind says otherwise.</summary>
    public int Descriptor { get; set; }

    /// <summary>Turns to the next call.</summary>
    public void Face(in SeccompNotification call)
    {
        _call = call;
        Descriptor = (int)call.Argument0;
    }

    public CallerIdentity Identity => identities.Of(_call.ThreadId);

    public bool IsWaiting => listener.IsValid(_call.Id);

    public Errno Read(ulong address, Span<byte> bytes)
    {
        var errno = Peek(address, bytes);
        return IsWaiting ? errno : Errno.ESRCH;
    }

    public Errno Peek(ulong address, Span<byte> bytes)
    {
        var errno = ForeignMemory.TryRead(_call.ThreadId, address, bytes, out var read);
        return errno == Errno.None && read == bytes.Length ? Errno.None : Errno.EFAULT;
    }

    public Errno Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!IsWaiting) return Errno.ESRCH;
        var errno = ForeignMemory.TryWrite(_call.ThreadId, address, bytes, out var written);
        if (errno == Errno.None && written == bytes.Length) return Errno.None;
        return errno == Errno.ESRCH ? errno : Errno.EFAULT;
    }

    public Errno Install(SafeFileHandle file, bool closeOnExec, out int number)
    {
        var errno = listener.TryAddDescriptor(_call.Id, file, closeOnExec, out number);
        return errno == Errno.ENOENT ? Errno.ESRCH : errno;
    }

    public Errno CheckRoom()
    {
        if (ResourceLimits.TryGet(_call.ThreadId, LimitedResource.OpenFiles, out var limit) != Errno.None) return Errno.None;
        try
        {
            var taken = Directory.EnumerateFileSystemEntries(PathTo("fd"))
                .Count(entry => ulong.Parse(Path.GetFileName(entry.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture) < limit.Soft);
            return (ulong)taken < limit.Soft ? Errno.None : Errno.EMFILE;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return IsWaiting ? Errno.None : Errno.ESRCH;
        }
    }

    public Errno TakeTarget(out SafeFileHandle target) => Take(Descriptor, out target);

    public SyncFileState InspectSyncFile(int number)
    {
        const string SyncFile = "anon_inode:sync_file";
        string? link;
        try
        {
            link = File.ResolveLinkTarget(PathTo($"fd/{number}"), returnFinalTarget: false)?.Name;
        }
        catch (IOException)
        {
            return SyncFileState.NotOne;
        }

        if (link != SyncFile || Take(number, out var file) != Errno.None) return SyncFileState.NotOne;
        using (file)
        using (var poll = new EventPoll())
        {
            poll.Add(file, ReadyEvents.Readable, 0);
            Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[1];
            return poll.Wait(ready, 0) > 0 ? SyncFileState.Signalled : SyncFileState.Pending;
        }
    }

    /// <summary>Whether the descriptor was opened for reading. Where that cannot be seen the kernel shall say.</summary>
    public bool MayRead() => HasMode(static mode => mode is FileAccessMode.ReadOnly or FileAccessMode.ReadWrite);

    /// <summary>Whether the descriptor was opened for writing.</summary>
    public bool MayWrite() => HasMode(static mode => mode is FileAccessMode.WriteOnly or FileAccessMode.ReadWrite);

    private bool HasMode(Func<FileAccessMode, bool> allows)
    {
        var errno = TakeTarget(out var file);
        using (file) return errno == Errno.None && allows(DescriptorFlags.GetAccessMode(file));
    }

    public Errno Take(int number, out SafeFileHandle file)
    {
        var errno = ForeignDescriptors.TryTake(_call.ThreadId, number, out file);
        if (IsWaiting) return errno;
        file.Dispose();
        return Errno.ESRCH;
    }

    private string PathTo(string what) => string.Create(CultureInfo.InvariantCulture, $"/proc/{_call.ThreadId}/{what}");
}
