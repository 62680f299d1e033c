namespace DmaHeap.Client;

/// <summary>What the CPU does with a buffer's memory.</summary>
[Flags]
public enum CpuAccessDirection
{
    /// <summary>It reads what a device or another process wrote.</summary>
    Read = 1,

    /// <summary>It writes.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}

/// <summary>CPU access that has begun. Dispose it exactly once: that ends the access, and the host refuses a second end.</summary>
public readonly struct CpuAccessScope : IDisposable
{
    readonly DmaBuffer? _buffer;
    readonly CpuAccessDirection _direction;

    internal CpuAccessScope(DmaBuffer buffer, CpuAccessDirection direction)
    {
        _buffer = buffer;
        _direction = direction;
    }

    /// <summary>Ends the access. It throws, since what was written may else stay in a cache unseen.</summary>
    /// <exception cref="DmaHeapException">The heap's hook failed, or the host is gone.</exception>
    public void Dispose() => _buffer?.EndCpuAccess(_direction);
}
