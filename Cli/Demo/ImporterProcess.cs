using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Demo;

/// <summary>Process B or C where memory is for importers only: gets a buffer from A, attaches, maps, and fills or checks what it was given.</summary>
sealed class ImporterProcess(string host, ByteSize longestSegment, ulong seed, string handover) : IDisposable
{
    public const string Receive = "receive", Attach = "attach", Early = "early", Map = "map", Fill = "fill", Check = "check", Detach = "detach";

    readonly DmaHeapClient _client = DmaHeapClient.Connect(host);
    readonly Handover _handover = new(handover);
    DmaBuffer? _buffer;
    DmaAttachment? _attachment;
    DmaAttachmentMapping? _mapping;

    public IReadOnlyDictionary<string, Func<string>> Orders => new Dictionary<string, Func<string>>
    {
        [Receive] = () =>
        {
            using var received = _handover.Receive();
            DescriptorFlags.TryDuplicate(received.Handle, out var handle).ThrowIfFailed("fcntl(F_DUPFD_CLOEXEC)", received.Handle);
            _buffer = _client.Import(handle);
            return "";
        },
        [Attach] = () =>
        {
            _attachment = _buffer!.Attach(new DmaAttachConstraints { MaxSegmentBytes = MappableSegment() });
            return "";
        },
        [Early] = () =>
        {
            try
            {
                _attachment!.Map().Dispose();
            }
            catch (DmaHeapException refusal)
            {
                return refusal.Errno.ToString();
            }

            return "";
        },
        [Map] = () =>
        {
            _mapping = _attachment!.Map();
            var first = _mapping.Segments[0];
            return string.Create(
                CultureInfo.InvariantCulture, $"{_mapping.Segments.Count} segments of up to {new ByteSize(first.Length).ToText()}, the first at {new ByteSize(first.Offset).ToText()} of its file");
        },
        [Fill] = () => ForEach((mapped, start) => Pattern.Fill(mapped, seed, start)),
        [Check] = () => ForEach((mapped, start) =>
        {
            if (Pattern.FindDifference(mapped, seed, start) is { } wrong)
                throw new CommandFailedException(ExitCode.Failed, "demo", $"the byte at {wrong} is not what B wrote");
        }),
        [Detach] = () =>
        {
            _mapping!.Dispose();
            _attachment!.Detach();
            _buffer!.Dispose();
            return "";
        },
    };

    public void Dispose()
    {
        _handover.Dispose();
        _client.Dispose();
    }

    // Mapped one after the other: an ordinary process may lock, and so map of secret memory, only so much at a time.
    string ForEach(Action<DmaMapping, long> act)
    {
        var start = 0L;
        foreach (var segment in _mapping!.Segments)
        {
            using var mapped = segment.Map();
            act(mapped, start);
            start += segment.Length;
        }

        return start.ToString(CultureInfo.InvariantCulture);
    }

    long MappableSegment()
    {
        var page = Environment.SystemPageSize;
        var limit = Math.Min((ulong)longestSegment.Bytes, ResourceLimits.Get(LimitedResource.LockedMemory).Soft);
        return Math.Max(page, (long)limit / page * page);
    }
}
