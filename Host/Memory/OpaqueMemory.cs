using System.Runtime.InteropServices;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// A buffer whose descriptor stands for it and holds nothing: an empty memfd of the right size, sealed against writing, mode 0000 and handed out write-only, so that
/// mmap, read and write are all refused while the last reference is still seen. What is behind it stays with the host.
/// </summary>
internal sealed class OpaqueMemory(SafeFileHandle? behind, long length) : HostMemory(length, Environment.SystemPageSize)
{
    private const Seals Shut = Seals.Write | Seals.Shrink | Seals.Grow | Seals.Seal;

    private SafeFileHandle? _behind = behind;

    public override MemoryKind Kind => MemoryKind.Opaque;

    public override MemoryPayer Payer { get; } = behind is null ? MemoryPayer.Nobody : MemoryPayer.Toucher;

    public override bool IsSecret => Volatile.Read(ref _behind) is not null;

    public static OpaqueMemory Create(in OpaqueRequest request, long length)
    {
        if (request.Backing == OpaqueBacking.Nothing) return new OpaqueMemory(null, length);
        var errno = SecretMemory.TryCreate(out var secret);
        if (errno == Errno.None) errno = FileSpace.TrySetLength(secret, length);
        if (errno == Errno.None) return new OpaqueMemory(secret, length);
        secret.Dispose();
        if (errno is Errno.ENOSYS or Errno.EPERM)
        {
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoSecretMemory, $"secret memory is not to be had: {errno.Describe()}");
        }

        throw SystemRefusal.From(errno, "creating secret memory");
    }

    /// <summary>The file clients see of a buffer that they may not map.</summary>
    public static ShownFile CreateShownFile(long length, string name)
    {
        var file = new ReusableDescriptor();
        var errno = Memfd.TryCreate(name, MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal, file);
        if (errno == Errno.None) errno = FileSpace.TrySetLength(file, length);
        if (errno != Errno.None)
        {
            file.Clear();
            throw SystemRefusal.From(errno, "creating an opaque buffer");
        }

        FileSeals.Add(file, Shut);
        return new ShownFile(file, IsOpaque: true);
    }

    public override ShownFile TakeShownFile(MmapPolicy policy, string name) => CreateShownFile(Length, name);

    public override SafeFileHandle OpenDescriptor() => throw new HeapException(
        HeapErrno.NotSupported, HeapCause.AccessDenied, "opaque memory is not opened by anybody");

    // Secret memory cannot be opened again, so not for reading only either: this is the host's own description, shared.
    public override void OpenForImporter(DataDirection direction, SafeHandle? shown, ReusableDescriptor opened) => Duplicate(
        Volatile.Read(ref _behind) ?? throw new HeapException(HeapErrno.NotSupported, HeapCause.AccessDenied, "there is no memory behind this descriptor, or it was disposed"), opened,
        "opening secret memory for an importer");

    public override void Dispose() => Interlocked.Exchange(ref _behind, null)?.Dispose();
}
