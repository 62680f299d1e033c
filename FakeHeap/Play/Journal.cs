using System.Text;

namespace DmaHeap.Heaps;

/// <summary>The last lines of what happened, numbered from 1, and a file of all of them where one is wanted. Safe from any thread.</summary>
internal sealed class Journal : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string[] _ring;
    private readonly StreamWriter? _file;
    private long _last;

    /// <exception cref="HeapException">The file cannot be written.</exception>
    public Journal(FakeJournalOptions options)
    {
        _ring = new string[options.Lines];
        if (options.File is not { } path) return;
        try
        {
            // Whoever follows the file sees each line at once.
            _file = new StreamWriter(path, append: true, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new HeapException(HeapErrno.InputOutput, HeapCause.System, $"the journal's file cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Adds a line.</summary>
    /// <param name="line">Makes it, of its number.</param>
    public void Add(Func<long, string> line)
    {
        lock (_lock)
        {
            var text = line(_last + 1);
            _ring[(int)(_last++ % _ring.Length)] = text;
            try
            {
                _file?.WriteLine(text);
            }
            catch (IOException)
            {
                // A full disk is no reason to fail what is being tested; the lines in memory go on.
            }
        }
    }

    public HeapJournalPage Read(long after, int most)
    {
        lock (_lock)
        {
            // A number beyond the end is of another heap's journal, whose place this one took: there is nothing in common, so it begins anew.
            if (after > _last) after = 0;
            var first = Math.Max(after + 1, _last - _ring.Length + 1);
            var count = (int)Math.Min(most, _last - first + 1);
            if (count <= 0) return new HeapJournalPage { Lines = [], Last = after };
            var lines = new string[count];
            for (var i = 0; i < count; i++) lines[i] = _ring[(int)((first - 1 + i) % _ring.Length)];
            return new HeapJournalPage { Lines = lines, Last = first + count - 1, Dropped = first - after - 1 };
        }
    }

    public void Dispose()
    {
        lock (_lock) _file?.Dispose();
    }
}
