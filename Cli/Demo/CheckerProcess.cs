using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Demo;

/// <summary>Process B: gets a buffer from A and looks at it after A is gone. It never speaks to the host.</summary>
sealed class CheckerProcess(string handover, ulong seed) : IDisposable
{
    public const string Receive = "receive", Check = "check", Refuse = "refuse";

    readonly SafeFileHandle _listener = SeqpacketSocket.Listen(handover, UnixFileMode.UserRead | UnixFileMode.UserWrite, backlog: 1);
    DmaBuffer? _buffer;

    public IReadOnlyDictionary<string, Func<string>> Orders => new Dictionary<string, Func<string>>
    {
        [Receive] = () =>
        {
            var errno = SeqpacketSocket.TryAccept(_listener, nonBlocking: false, out var socket);
            if (errno != Errno.None) throw new LinuxException(errno, "accept", handover);
            using (socket) _buffer = DmaBuffer.Receive(socket);
            return "";
        },
        [Check] = () =>
        {
            using var mapping = _buffer!.Map(FileAccess.Read);
            var wrong = Pattern.FindDifference(mapping, seed);
            if (wrong is null) return mapping.Length.ToString(CultureInfo.InvariantCulture);
            throw new CommandFailedException(ExitCode.Failed, "demo", $"the byte at {wrong} is not what A wrote");
        },
        [Refuse] = () => Refusals.Of(_buffer!),
    };

    public void Dispose()
    {
        _buffer?.Dispose();
        _listener.Dispose();
    }
}
