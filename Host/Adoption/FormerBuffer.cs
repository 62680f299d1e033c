using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Adoption;

/// <summary>
/// What can be told of a buffer of a host that ran before, from its file alone: nothing that its client says is needed, and so none of it is trusted. Only a memfd that a process of
/// this host's own user made, with a heap's name, mode and seals, passes: no other user can make one.
/// </summary>
internal readonly record struct FormerBuffer(string Heap, string Name, long Length, long PageSize)
{
    private const Seals FixedSize = Seals.Shrink | Seals.Grow | Seals.Seal;
    private const Seals NeverWritten = Seals.Write | Seals.FutureWrite;
    private const UnixFileMode OwnersPages = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Prefix = "/memfd:", Suffix = " (deleted)";

    /// <exception cref="HeapException">EINVAL: it is none, or only stood for memory that went with its host.</exception>
    public static FormerBuffer Read(SafeFileHandle shown)
    {
        // Seals first: asking for them never leaves the kernel, whatever file it is.
        if (FileSeals.TryGet(shown, out var seals) != Errno.None || (seals & FixedSize) != FixedSize) throw Unknown("it is no sealed memfd");
        var status = FileStatus.Of(shown);
        if (status.UserId != ProcessIdentity.EffectiveUserId) throw Unknown($"its file belongs to user {status.UserId}");
        var (heap, name) = NamesOf(shown) ?? throw Unknown("its file has no heap's name");
        if ((seals & NeverWritten) == Seals.Write && status.Permissions == UnixFileMode.None) throw Lost();
        if ((seals & NeverWritten) != 0 || AdoptionMark.Without(status.Permissions) != OwnersPages) throw Unknown("its file has another mode or other seals than a heap's");
        if (FileSystemStatus.TryGet(shown, out var system) is var errno and not Errno.None) throw Memory.SystemRefusal.From(errno, "looking at a buffer");
        var pageSize = Math.Max(system.BlockSize, Environment.SystemPageSize);
        if (status.Length <= 0 || status.Length % pageSize != 0) throw Unknown($"its length of {status.Length} bytes is no buffer's");
        return new FormerBuffer(heap, name, status.Length, pageSize);
    }

    /// <summary>Has every host see that the buffer was adopted.</summary>
    /// <exception cref="HeapException">It cannot be marked.</exception>
    public static void Mark(SafeFileHandle shown) => AdoptionMark.Set(shown, OwnersPages);

    // Given when it was made, by whoever made it, and never changed since. "HEAP" or "HEAP:NAME".
    private static (string Heap, string Name)? NamesOf(SafeFileHandle shown)
    {
        if (DescriptorName.TryRead(shown) is not { } link || !link.StartsWith(Prefix, StringComparison.Ordinal) || !link.EndsWith(Suffix, StringComparison.Ordinal)) return null;
        var given = link[Prefix.Length..^Suffix.Length];
        var (heap, name) = given.IndexOf(':') is >= 0 and var colon ? (given[..colon], given[(colon + 1)..]) : (given, "");
        return HeapSection.IsName(heap) ? (heap, name) : null;
    }

    private static HeapException Unknown(string why) =>
        new(HeapErrno.Invalid, HeapCause.UnknownBuffer, $"the descriptor shown is no buffer that a host of this user left: {why}");

    private static HeapException Lost() => new(HeapErrno.Invalid, HeapCause.MemoryLost,
        "the descriptor shown stood for memory that its host kept to itself, and that went with the host: allocate it anew");
}
