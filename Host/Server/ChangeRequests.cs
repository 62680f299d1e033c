using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Hosting.Turnover;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Requests that change the host's heaps, for root and the host's own user alone, and the one that asks how they are.</summary>
internal sealed class ChangeRequests(HostCore core, UndeliveredCap cap)
{
    private const string NoName = "options";

    public void Swap(Connection connection, in SwapRequest request, ReceivedDescriptors descriptors)
    {
        using var options = descriptors.Take(0);
        var heap = RequestFields.Text(request.Heap, "heap");
        var plugin = RequestFields.Text(request.Plugin, "plugin");
        var name = RequestFields.Text(request.OptionsName, "options' name");
        Demand(connection, $"swap of {heap}");
        if (string.IsNullOrWhiteSpace(plugin)) throw RequestFields.Bad("no plugin is named that is to stand in for the heap");
        Change(() => core.Changes.Swap(heap, () => new HeapSwap(heap, plugin, ReadOptions(options, name.Length == 0 ? NoName : name))));
        RequestFields.Done(connection, request.Header);
    }

    public void Restore(Connection connection, in RestoreRequest request)
    {
        var heap = RequestFields.Text(request.Heap, "heap");
        Demand(connection, $"restoring of {heap}");
        Change(() => core.Changes.Restore(heap));
        RequestFields.Done(connection, request.Header);
    }

    public void Restart(Connection connection, in RestartRequest request)
    {
        var heap = RequestFields.Text(request.Heap, "heap");
        Demand(connection, $"restart of {heap}");
        Change(() => core.Changes.Restart(heap));
        RequestFields.Done(connection, request.Header);
    }

    public void Reload(Connection connection, in ReloadRequest request)
    {
        Demand(connection, "reload");
        ReloadOutcome? outcome = null;
        Change(() => outcome = core.Changes.Reload());
        var reply = new ReloadReply
        {
            Header = RequestFields.ReplyHeader<ReloadReply>(request.Header),
            Added = (uint)outcome!.Added,
            Removed = (uint)outcome.Removed,
            Replaced = (uint)outcome.Replaced,
            Changed = (uint)outcome.Changed,
            Unchanged = (uint)outcome.Unchanged,
        };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    public void Shrink(Connection connection, in ShrinkRequest request, Span<byte> scratch)
    {
        var name = RequestFields.Text(request.Heap, "heap");
        var bytes = request.Bytes is 0 or > long.MaxValue ? long.MaxValue : (long)request.Bytes;
        Demand(connection, "shrinking");
        var scope = name.Length == 0 ? ReclaimScope.All : ReclaimScope.Of(core.Registry.Find(name).Name);
        ShrinkEntry[] entries = [.. core.Reclaimer.Take(ReclaimReason.Asked, bytes, scope).Steps.Select(Replies.Shrink)];
        var length = Replies.List<ShrinkEntry>(scratch, request.Header.RequestId, MessageKind.Shrink, entries);
        connection.Send(scratch[..length], []);
    }

    public void Status(Connection connection, in StatusRequest request)
    {
        if (request.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "StatusRequest.Reserved");
        if (request.Document == StatusDocument.Effective) Demand(connection, "looking at the configuration");
        var document = request.Document switch
        {
            StatusDocument.Status => StatusReport.Write(core, withHolders: IsOurs(connection.Caller)),
            StatusDocument.Effective => EffectiveReport.Write(core),
            _ => throw RequestFields.Bad($"there is no document {(uint)request.Document}"),
        };
        using var file = SealedDocument.Create(document);
        cap.Reserve(connection, 1);
        var reply = new StatusReply { Header = RequestFields.ReplyHeader<StatusReply>(request.Header), Length = (ulong)document.Length };
        var errno = connection.Send(MessageCodec.Bytes(in reply), [file]);
        if (errno == Errno.None) return;
        cap.Return(connection, 1);
        if (errno is not (Errno.EPIPE or Errno.ECONNRESET)) throw Memory.SystemRefusal.From(errno, "sending a descriptor");
    }

    private void Demand(Connection connection, string what)
    {
        var caller = connection.Caller;
        if (IsOurs(caller)) return;
        HostLog.ChangeDenied(core.Log, caller.UserId, caller.ProcessId, what);
        throw new HeapException(HeapErrno.NotPermitted, HeapCause.AccessDenied, $"user {caller.UserId} may not do this ({what}): root and the host's own user may");
    }

    private static bool IsOurs(Caller caller) => caller.UserId == 0 || caller.UserId == ProcessIdentity.EffectiveUserId;

    private static void Change(Action change)
    {
        try
        {
            change();
        }
        catch (HeapChangeException refusal)
        {
            throw new HeapException(refusal.Errno, refusal.Cause, refusal.Message);
        }
    }

    // A regular file, as reading anything else could wait for ever. An empty one stands for the defaults.
    private static OptionsFile? ReadOptions(SafeFileHandle file, string name)
    {
        if (!FileStatus.Of(file).IsRegular) throw RequestFields.Bad("the options are no regular file");
        var bytes = new byte[ConfigurationReader.LargestFile + 1];
        int length = 0, read;
        try
        {
            while ((read = RandomAccess.Read(file, bytes.AsSpan(length), length)) > 0) length += read;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw RequestFields.Bad($"the options cannot be read: {exception.Message}");
        }

        if (length == 0) return null;
        var parsed = OptionsFile.Parse(bytes.AsSpan(0, length), name);
        return parsed.ValueOrThrow();
    }
}
