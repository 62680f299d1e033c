using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>Does for a worker what its heap asks of the host: memory, log, statistics. Thread-safe; each channel's requests are one thread's.</summary>
internal sealed class WorkerRequests(IHeapContext context, WorkerMemory memory, WorkerLogLimit logLimit)
{
    // Of an entry: as much as its sender sends of each field, and less of the message than would fit.
    private const int MostFields = 32, MostMessage = 2048, MostName = 64, MostValue = 512;

    /// <summary>Carries a request out that lies in the channel, and answers where there is an answer.</summary>
    /// <exception cref="WireException">It is no request.</exception>
    public void Serve(Channel channel, WireKind kind)
    {
        SafeFileHandle? descriptor = null;
        try
        {
            if (channel.HasDescriptor) throw new WireException("sent a descriptor");
            if (!Carry(channel, kind, out descriptor)) return;
        }
        catch (Exception exception) when (exception is not WireException)
        {
            channel.Out.Begin(WireKind.Refused).Write(RefusalFor(exception));
        }

        using (descriptor) channel.Send(descriptor, MessageFlags.DontWait);
    }

    /// <summary>What a heap is told when the host throws instead of doing what it was asked.</summary>
    public static HeapException RefusalFor(Exception exception) =>
        exception as HeapException ?? new HeapException(HeapErrno.InputOutput, HeapCause.System, $"the host failed: {exception.Message}");

    // False where nobody waits for an answer.
    private bool Carry(Channel channel, WireKind kind, out SafeFileHandle? descriptor)
    {
        var (from, to) = (channel.In, channel.Out);
        descriptor = null;
        switch (kind)
        {
            case WireKind.AllocatePages:
                var pages = new PageRequest { Length = from.Long(), PageSize = from.Long(), Commit = (CommitPolicy)from.Int() };
                from.End();
                memory.ThrowIfFull();
                Answer(to, context.Memory.AllocatePages(in pages));
                return true;
            case WireKind.AllocateOpaque:
                var opaque = new OpaqueRequest { Length = from.Long(), Backing = (OpaqueBacking)from.Int() };
                from.End();
                memory.ThrowIfFull();
                Answer(to, context.Memory.AllocateOpaque(in opaque));
                return true;
            case WireKind.OpenRegion:
                var wanted = new RegionRequest { Path = from.Text(), Offset = from.Long(), Length = from.Long() };
                from.End();
                memory.ThrowIfFull();
                var region = context.Memory.OpenRegion(in wanted);
                to.Begin(WireKind.Done).Number(memory.Add(region)).Long(region.Length).Long(region.PageSize);
                return true;
            case WireKind.AllocateRange:
                var (of, offset, length) = (memory.FindRegion(from.Number()), from.Long(), from.Long());
                from.End();
                memory.ThrowIfFull();
                Answer(to, context.Memory.AllocateRange(of, offset, length));
                return true;
            case WireKind.OpenDescriptor:
                var shown = memory.Find(from.Number());
                from.End();
                descriptor = shown.OpenDescriptor();
                to.Begin(WireKind.Done);
                return true;
            case WireKind.Statistics:
                from.End();
                var counted = context.Statistics;
                to.Begin(WireKind.Done).Long(counted.Buffers).Long(counted.Bytes).Long(counted.PeakBytes).Long(counted.Allocations).Long(counted.Failures);
                return true;
            case WireKind.DisposeMemory:
                memory.Dispose(from.Number());
                from.End();
                return false;
            case WireKind.KeepMemory:
                memory.KeepPromise(from.Number());
                from.End();
                return false;
            case WireKind.DisposeRegion:
                memory.DisposeRegion(from.Number());
                from.End();
                return false;
            case WireKind.Log:
                Log(from);
                return false;
            default:
                throw new WireException($"sent a message of kind {(int)kind}");
        }
    }

    private void Answer(WireWriter to, IHeapMemory got) =>
        to.Begin(WireKind.Done).Number(memory.Add(got)).Long(got.Length).Long(got.PageSize).Int((int)got.Kind);

    private void Log(WireReader from)
    {
        var (level, message) = ((HeapLogLevel)from.Int(), Cut(from.Text(), MostMessage));
        var fields = new LogField[Math.Min(MostFields, from.Count(2 * sizeof(int)))];
        for (var i = 0; i < fields.Length; i++) fields[i] = new LogField(Cut(from.Text(), MostName), Cut(from.Text(), MostValue));
        from.End();
        if (!Enum.IsDefined(level)) throw new WireException($"logs at level {(int)level}");
        if (!context.Log.IsEnabled(level) || !logLimit.Allows(message.Length + fields.Sum(field => field.Name.Length + field.Value.Length))) return;
        context.Log.Write(level, message, fields);
    }

    private static string Cut(string text, int most) => text.Length <= most ? text : $"{text.AsSpan(0, most)}…";
}
