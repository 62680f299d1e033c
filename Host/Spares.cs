using System.Diagnostics.CodeAnalysis;

namespace DmaHeap.Hosting;

/// <summary>Objects that are done with, to be used again: a bounded number, the one used last first. Thread-safe.</summary>
/// <param name="most">More are left to the garbage collector.</param>
internal sealed class Spares<T>(int most)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Stack<T> _objects = new();

    /// <summary>One that nobody else has.</summary>
    public bool TryTake([NotNullWhen(true)] out T? spare)
    {
        lock (_lock) return _objects.TryPop(out spare);
    }

    /// <param name="done">Nobody else knows it any more.</param>
    public void Add(T done)
    {
        lock (_lock)
        {
            if (_objects.Count < most) _objects.Push(done);
        }
    }
}
