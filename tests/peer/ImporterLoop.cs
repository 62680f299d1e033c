using System.Globalization;
using System.Net.Sockets;
using DmaHeap.Client;
using DmaHeap.Linux;

/// <summary>An importer that does what it is told, a line at a time, and says how it went.</summary>
internal sealed class ImporterLoop(DmaHeapClient client, Socket share)
{
    private DmaBuffer? _buffer;
    private DmaAttachment? _attachment;
    private DmaAttachmentMapping? _mapping;
    private DmaMapping? _held; // of the CPU, which outlives what it was made of
    private string _why = "";
    private CpuAccessScope _access;

    public static int Run(string socket, string share)
    {
        ProcessControl.SetParentDeathSignal(9);
        using var client = DmaHeapClient.Connect(socket);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Connect(new UnixDomainSocketEndPoint(share));
        var loop = new ImporterLoop(client, other);
        while (Console.ReadLine() is { } line)
        {
            try
            {
                Console.WriteLine(loop.Do(line.Split(' ')));
            }
            catch (DmaHeapException exception)
            {
                loop._why = exception.Message;
                Console.WriteLine($"{exception.Errno} {exception.Cause}");
            }
        }

        return 0;
    }

    private string Do(string[] words)
    {
        switch (words)
        {
            case ["receive"]:
                using (var received = DmaBuffer.Receive(share)) _buffer = client.Import(Reopened(received));
                return "ok";
            case ["attach", .. var asked]: _attachment = _buffer!.Attach(Constraints(asked), Direction(asked)); return "ok";
            case ["start-attach"]: _attachment = _buffer!.StartAttach(); return "asked";
            case ["start-map"]: _ = _attachment!.MapAsync(); return "asked";
            case ["start-unmap"]: _ = _attachment!.UnmapAsync(); return "asked";
            case ["start-detach"]: _ = _attachment!.DetachAsync(); return "asked";
            case ["start-vmap"]: _ = _buffer!.VmapAsync(); return "asked";
            case ["start-vunmap"]: _ = _mapping!.DisposeAsync(); return "asked";
            case ["map", .. var asked]: _mapping = _attachment!.Map(Direction(asked)); return Text(_mapping);
            case ["vmap"]: _mapping = _buffer!.Vmap(); return Text(_mapping);
            case ["unmap"] or ["vunmap"]: _mapping!.Dispose(); return "ok";
            case ["detach"]: _attachment!.Detach(); return "ok";
            case ["begin"]: _access = _buffer!.BeginCpuAccess(CpuAccessDirection.ReadWrite); return "ok";
            case ["end"]: _access.Dispose(); return "ok";
            case ["start-begin"]: new Thread(() => _buffer!.BeginCpuAccess(CpuAccessDirection.ReadWrite)) { IsBackground = true }.Start(); return "asked";
            case ["start-end"]: new Thread(_access.Dispose) { IsBackground = true }.Start(); return "asked";
            case ["hold", var value]:
                _held = _mapping!.Segments[0].Map();
                _held.Span[0] = byte.Parse(value, CultureInfo.InvariantCulture);
                return "ok";
            case ["held"]: return _held!.Span[0].ToString(CultureInfo.InvariantCulture);
            case ["why"]: return _why;
            case ["close"]: _buffer!.Dispose(); return "ok";
            case ["read"]: return string.Join(' ', _mapping!.Segments.Select(segment => Read(segment).ToString(CultureInfo.InvariantCulture)));
            case ["write", var value]:
                using (var mapped = _mapping!.Segments[0].Map()) mapped.Span[0] = byte.Parse(value, CultureInfo.InvariantCulture);
                return "ok";
            default: return "what?";
        }
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Reopened(DmaBuffer buffer)
    {
        DescriptorFlags.TryDuplicate(buffer.Handle, out var duplicate);
        return duplicate;
    }

    private static byte Read(DmaSegment segment)
    {
        using var mapped = segment.Map(FileAccess.Read);
        return mapped.ReadOnlySpan[0];
    }

    private static string Text(DmaAttachmentMapping mapping) =>
        "ok " + string.Join(' ', mapping.Segments.Select(segment => $"{segment.Offset}+{segment.Length}:{DescriptorFlags.GetAccessMode(segment.Handle)}"));

    private static DmaDirection Direction(string[] asked) =>
        asked.Contains("to") ? DmaDirection.ToDevice : asked.Contains("from") ? DmaDirection.FromDevice : DmaDirection.Bidirectional;

    private static DmaAttachConstraints Constraints(string[] asked) => new()
    {
        Alignment = Number(asked, "alignment="),
        MaxSegmentBytes = Number(asked, "segment="),
        MaxSegments = (int)Number(asked, "segments="),
        Contiguous = asked.Contains("contiguous"),
        Caching = asked.Contains("uncached") ? DmaCaching.Uncached : asked.Contains("cached") ? DmaCaching.Cached : DmaCaching.Any,
    };

    private static long Number(string[] asked, string key) =>
        asked.FirstOrDefault(word => word.StartsWith(key, StringComparison.Ordinal)) is { } word ? long.Parse(word[key.Length..], CultureInfo.InvariantCulture) : 0;
}
