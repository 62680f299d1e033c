using System.Text;
using System.Text.Json;
using DmaHeap.Hosting;

namespace DmaHeap.Cli.Exec;

/// <summary>Writes the journals of an embedded host's heaps to a file while they grow, and when it is disposed what the last buffers' end adds to them.</summary>
sealed class JournalFile : IDisposable
{
    const int MostLines = 1024, EveryMs = 20;

    // Buffers of a program that has ended are released at once; one that a process of its own still holds is not waited for.
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    readonly DmaHeapHost _host;
    readonly (string Heap, long Last)[] _read;
    readonly StreamWriter _file;
    readonly ManualResetEventSlim _ended = new();
    readonly Thread _thread;

    /// <exception cref="IOException">The file cannot be written.</exception>
    public JournalFile(string path, DmaHeapHost host, IReadOnlyList<string> heaps)
    {
        _host = host;
        _read = [.. heaps.Select(heap => (heap, 0L))];
        _file = new StreamWriter(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        _thread = new Thread(Run) { IsBackground = true, Name = "dmaheap journal" };
        _thread.Start();
    }

    public void Dispose()
    {
        SpinWait.SpinUntil(() => _host.LiveBuffers == 0, s_patience);
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
        _file.Dispose();
    }

    void Run()
    {
        bool ended;
        do
        {
            ended = _ended.Wait(EveryMs);
            for (var i = 0; i < _read.Length; i++) Copy(ref _read[i]);
            _file.Flush();
        }
        while (!ended);
    }

    void Copy(ref (string Heap, long Last) read)
    {
        while (_host.ReadJournal(read.Heap, read.Last, MostLines) is { Lines.Count: > 0 } page)
        {
            if (page.Dropped > 0) _file.WriteLine($$"""{"heap":{{Quoted(read.Heap)}},"hook":"dropped","lines":{{page.Dropped}}}""");
            foreach (var line in page.Lines) _file.WriteLine(line);
            read.Last = page.Last;
        }
    }

    static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
