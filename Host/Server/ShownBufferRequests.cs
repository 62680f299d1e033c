using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Requests about a buffer whose descriptor is shown: that a client has one is what entitles it.</summary>
internal sealed class ShownBufferRequests(HostCore core)
{
    public void Describe(Connection connection, in DescribeRequest request, ReceivedDescriptors descriptors)
    {
        var record = core.LookAt(descriptors.Lend(0));
        var reply = new DescribeReply { Header = RequestFields.ReplyHeader<DescribeReply>(request.Header), Buffer = Replies.Buffer(record, core.Epoch, core.Time) };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    public void SetName(Connection connection, in SetNameRequest request, ReceivedDescriptors descriptors)
    {
        var name = RequestFields.Text(request.Name, "name");
        core.LookAt(descriptors.Lend(0)).Name = name;
        RequestFields.Done(connection, request.Header);
    }

    public void Adopt(Connection connection, in AdoptRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var record = core.Adopter.Adopt(shown, RequestFields.Text(request.Name, "name"), request.Former, connection.Caller);
        var reply = new AdoptReply { Header = RequestFields.ReplyHeader<AdoptReply>(request.Header), Buffer = Replies.Buffer(record, core.Epoch, core.Time) };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    public void GiveBack(Connection connection, in GiveBackRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var taken = core.Recycler.TryTake(core.Find(shown), shown, connection.Domain.Value);
        var reply = new GiveBackReply { Header = RequestFields.ReplyHeader<GiveBackReply>(request.Header), Taken = taken ? 1u : 0u };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }
}
