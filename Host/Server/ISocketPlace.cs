using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Where a host listens: at a path that it claimed for itself, or on a socket that somebody else made.</summary>
internal interface ISocketPlace : IDisposable
{
    /// <summary>The socket's path.</summary>
    string Path { get; }

    /// <summary>The socket, listening and never waiting. Asked for once; the caller's to dispose.</summary>
    /// <param name="mode">Who may connect, where that is the host's to say.</param>
    SafeFileHandle Listen(UnixFileMode mode);

    /// <summary>Has others connect from now on, where that is the host's to say.</summary>
    void ChangeMode(UnixFileMode mode);

    /// <summary>Takes the name away, so that nobody finds the socket any more, where it is the host's. Safe to call more than once.</summary>
    /// <param name="listener">What <see cref="Listen"/> returned.</param>
    void Hide(SafeFileHandle listener);
}
