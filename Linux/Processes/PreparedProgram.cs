using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>
/// A program about to be started with <c>posix_spawn(3)</c>: everything is laid out beforehand, so that starting it needs no other call, and a thread can do it that
/// must not make any. It inherits from that thread what exec lets through: working directory, umask, limits, descriptors, terminal, filters, namespaces.
/// </summary>
public sealed unsafe partial class PreparedProgram : IDisposable
{
    // More than any C library's posix_spawnattr_t (336), posix_spawn_file_actions_t (80) and sigset_t (128).
    const int OpaqueSize = 512;

    internal const short SetSignalMask = 8, SetSignalDefaults = 4;

    // The C library's own (its SIGCANCEL and SIGSETXID), which posix_spawn would leave ignored.
    static readonly SignalSet s_ofTheLibrary = SignalSet.Of(32, 33);

    readonly List<nint> _memory = [];
    readonly byte* _file, _noFile;
    readonly byte** _arguments;
    readonly byte** _environment;
    readonly byte* _attributes;
    readonly SpawnDescriptors? _descriptors;

    /// <summary>Lays a program out.</summary>
    /// <param name="file">A path, or a name to look for along PATH; bytes as the kernel takes them, without the terminating zero.</param>
    /// <param name="arguments">Its arguments, the name it is called by first.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="defaultSignals">Signals ignored here that it shall not ignore.</param>
    /// <param name="blockedSignals">What it starts with blocked.</param>
    /// <param name="descriptors">All that it finds open, numbered from 0; null for whatever exec lets through. They stay the caller's, who may close them at once.</param>
    /// <exception cref="LinuxException">EMFILE, ENOMEM.</exception>
    public PreparedProgram(
        byte[] file, IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment, SignalSet defaultSignals, SignalSet blockedSignals,
        IReadOnlyList<SafeFileHandle>? descriptors = null)
    {
        if (descriptors is not null) _descriptors = new SpawnDescriptors(descriptors);
        _file = Copy(file);
        _noFile = Copy([]);
        _arguments = CopyAll(arguments);
        _environment = CopyAll(environment);
        _attributes = Allocate(OpaqueSize);
        var set = Allocate(OpaqueSize);
        ((Errno)posix_spawnattr_init(_attributes)).ThrowIfFailed("posix_spawnattr_init");
        *(ulong*)set = defaultSignals.Bits | s_ofTheLibrary.Bits;
        ((Errno)posix_spawnattr_setsigdefault(_attributes, set)).ThrowIfFailed("posix_spawnattr_setsigdefault");
        *(ulong*)set = blockedSignals.Bits;
        ((Errno)posix_spawnattr_setsigmask(_attributes, set)).ThrowIfFailed("posix_spawnattr_setsigmask");
        ((Errno)posix_spawnattr_setflags(_attributes, SetSignalMask | SetSignalDefaults)).ThrowIfFailed("posix_spawnattr_setflags");
        Marshal.Prelink(typeof(PreparedProgram).GetMethod(nameof(posix_spawnp), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!);
    }

    /// <summary>Starts it.</summary>
    /// <param name="processId">The new process, to be waited for.</param>
    /// <param name="rehearsal">True to go all the way with a program that does not exist (ENOENT), so that nothing is done for the first time later.</param>
    /// <returns>ENOENT (there is no such program), EACCES (it is not executable), ENOEXEC, E2BIG, EAGAIN, ENOMEM, and what else exec says.</returns>
    public Errno TryStart(out int processId, bool rehearsal = false)
    {
        int pid = 0;
        var errno = (Errno)posix_spawnp(&pid, rehearsal ? _noFile : _file, _descriptors is null ? null : _descriptors.Actions, _attributes, _arguments, _environment);
        processId = pid;
        return errno;
    }

    /// <summary>Frees what was laid out; the program is not concerned.</summary>
    public void Dispose()
    {
        foreach (var block in _memory) NativeMemory.Free((void*)block);
        _memory.Clear();
        _descriptors?.Dispose();
    }

    byte** CopyAll(IReadOnlyList<byte[]> texts)
    {
        var pointers = (byte**)Allocate((texts.Count + 1) * sizeof(byte*));
        for (var i = 0; i < texts.Count; i++) pointers[i] = Copy(texts[i]);
        return pointers;
    }

    byte* Copy(byte[] text)
    {
        var copy = Allocate(text.Length + 1);
        text.CopyTo(new Span<byte>(copy, text.Length));
        return copy;
    }

    byte* Allocate(int size)
    {
        var block = (byte*)NativeMemory.AllocZeroed((nuint)size);
        _memory.Add((nint)block);
        return block;
    }

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static partial int posix_spawnp(int* pid, byte* file, void* actions, byte* attributes, byte** arguments, byte** environment);
}
