using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>A pipe that takes pages of a file in hand.</summary>
internal sealed partial class Pipe : IDisposable
{
    private readonly SafeFileHandle _out, _in;

    public unsafe Pipe()
    {
        var ends = stackalloc int[2];
        Assert.Equal(0, pipe2(ends, 0x80000));
        (_out, _in) = (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>The file's first pages themselves go into the pipe, not copies.</summary>
    public unsafe long Splice(SafeFileHandle file, long length)
    {
        long offset = 0;
        return splice((int)file.DangerousGetHandle(), &offset, (int)_in.DangerousGetHandle(), null, (nuint)length, 0);
    }

    public byte[] Read(int length)
    {
        using var stream = new FileStream(_out, FileAccess.Read, bufferSize: 0);
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose()
    {
        _out.Dispose();
        _in.Dispose();
    }

    [LibraryImport("libc")]
    private static unsafe partial int pipe2(int* ends, int flags);

    [LibraryImport("libc")]
    private static unsafe partial nint splice(int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags);
}
