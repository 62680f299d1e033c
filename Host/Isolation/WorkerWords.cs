using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// What a worker writes to its standard error, a plugin's library or the dying runtime: read all the time, so that nobody who writes there waits or fails, and forgotten but for the last
/// of it, which says why a process died. Thread-safe.
/// </summary>
internal sealed class WorkerWords : IDisposable
{
    private const int Kept = 64 << 10;
    private const int StackBytes = 256 << 10;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    // What the runtime begins with when it gives up; what it was about follows.
    private static readonly string[] s_lastWords = ["Unhandled exception", "Stack overflow", "Fatal error", "Process terminated"];

    private readonly AnonymousPipeServerStream _pipe = new(PipeDirection.In, HandleInheritability.None, bufferSize: 0);
    private readonly byte[] _kept = new byte[Kept];
    private readonly Lock _lock = new();
    private readonly Thread _reader;
    private long _written;

    public WorkerWords()
    {
        Input = new SafeFileHandle(_pipe.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        _reader = new Thread(Read, StackBytes) { IsBackground = true, Name = "dmaheap worker words" };
    }

    /// <summary>The worker's standard error.</summary>
    public SafeFileHandle Input { get; }

    /// <summary>Begins to read, after the worker has got its end or could not be started: the end here is closed, so that the worker's is the last.</summary>
    public void Begin()
    {
        Input.SetHandleAsInvalid();
        _pipe.DisposeLocalCopyOfClientHandle();
        _reader.Start();
    }

    /// <summary>The last words of a worker that has ended, on one line; possibly none.</summary>
    public string Last()
    {
        const int MostLines = 3, MostCharacters = 300;
        _reader.Join(s_patience); // a process that the worker started may have the other end still
        var lines = Tail().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var end = Array.FindLastIndex(lines, line => s_lastWords.Any(words => line.StartsWith(words, StringComparison.Ordinal)));
        var told = string.Join(' ', end < 0 ? lines.TakeLast(MostLines) : lines.Skip(Math.Max(0, end)).Take(MostLines));
        return told.Length <= MostCharacters ? told : told[..MostCharacters];
    }

    public void Dispose()
    {
        if (_reader.Join(TimeSpan.Zero)) _pipe.Dispose(); // otherwise the reader does when the last other end goes
    }

    private void Read()
    {
        var bytes = new byte[4096];
        try
        {
            while (_pipe.Read(bytes, 0, bytes.Length) is var length and > 0) Keep(bytes.AsSpan(0, length));
        }
        catch (IOException)
        {
            // As good as its end.
        }

        _pipe.Dispose();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            foreach (var one in bytes) _kept[_written++ % Kept] = one;
        }
    }

    private string Tail()
    {
        lock (_lock)
        {
            if (_written <= Kept) return Encoding.UTF8.GetString(_kept, 0, (int)_written);
            var begin = (int)(_written % Kept);
            return Encoding.UTF8.GetString([.. _kept.AsSpan(begin), .. _kept.AsSpan(0, begin)]);
        }
    }
}
