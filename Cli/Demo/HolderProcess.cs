using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Demo;

/// <summary>Process A: allocates a buffer, fills it, and passes it on. It does not live to the end of the demo.</summary>
sealed class HolderProcess(string host, string heap, ByteSize size, ulong seed, string[] handovers) : IDisposable
{
    public const string Allocate = "allocate", Fill = "fill", Refuse = "refuse", Share = "share";

    readonly DmaHeapClient _client = DmaHeapClient.Connect(host);
    DmaBuffer? _buffer;

    public IReadOnlyDictionary<string, Func<string>> Orders => new Dictionary<string, Func<string>>
    {
        [Allocate] = () =>
        {
            _buffer = _client.Allocate(heap, size.Bytes, new DmaAllocationOptions { Name = "demo", ExpectedImporters = (uint)handovers.Length });
            return _buffer.Id.ToString()!;
        },
        [Fill] = () =>
        {
            using var mapping = _buffer!.Map();
            using var access = _buffer.BeginCpuAccess(CpuAccessDirection.Write);
            Pattern.Fill(mapping, seed);
            return mapping.Length.ToString(CultureInfo.InvariantCulture);
        },
        [Refuse] = () => Refusals.Of(_buffer!),
        [Share] = () =>
        {
            foreach (var handover in handovers)
            {
                var errno = SeqpacketSocket.TryConnect(handover, out var socket);
                if (errno != Errno.None) throw new LinuxException(errno, "connect", handover);
                using (socket) _buffer!.Share(socket);
            }

            return "";
        },
    };

    public void Dispose()
    {
        _buffer?.Dispose();
        _client.Dispose();
    }
}
