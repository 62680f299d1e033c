using DmaHeap.Protocol;
using MessageHeader = DmaHeap.Protocol.MessageHeader;

namespace DmaHeap.Tests.Protocol;

public sealed class MessageCodecTests
{
    [Fact]
    public void A_message_comes_back_as_it_was_written()
    {
        var sent = new CancelRequest { Header = MessageCodec.Header<CancelRequest>(MessageKind.Cancel, 7), Target = 0x0102030405060708 };

        var packet = MessageCodec.Bytes(in sent);

        Assert.Equal(Convert.FromHexString("18000000" + "0700" + "0000" + "0700000000000000" + "0807060504030201"), packet.ToArray());
        Assert.Equal(MessageFault.None, MessageCodec.ReadHeader(packet, out var header));
        Assert.Equal((24u, MessageKind.Cancel, 7ul), (header.Size, header.Kind, header.RequestId));
        Assert.Equal(MessageFault.None, MessageCodec.Read<CancelRequest>(packet, out var read));
        Assert.Equal(sent.Target, read.Target);
    }

    [Theory]
    [InlineData(0, MessageFault.Short)]
    [InlineData(16, MessageFault.Short)]
    [InlineData(23, MessageFault.Short)]
    [InlineData(24, MessageFault.None)]
    [InlineData(25, MessageFault.None)]
    [InlineData(ProtocolConstants.MaxMessageBytes, MessageFault.None)]
    public void A_longer_message_is_read_when_its_tail_is_zero_and_a_shorter_one_never(int length, MessageFault expected) =>
        Assert.Equal(expected, MessageCodec.Read<CancelRequest>(new byte[length], out _));

    [Theory]
    [InlineData(24)]
    [InlineData(31)]
    public void Any_byte_of_the_tail_that_is_not_zero_is_refused(int at)
    {
        var packet = new byte[32];
        packet[at] = 1;

        Assert.Equal(MessageFault.UnknownTail, MessageCodec.Read<CancelRequest>(packet, out var message));
        Assert.Equal(0ul, message.Target);
    }

    [Theory]
    [InlineData(15, 15u, 0, MessageFault.Short)]
    [InlineData(16, 16u, 0, MessageFault.None)]
    [InlineData(16, 15u, 0, MessageFault.WrongSize)]
    [InlineData(16, 17u, 0, MessageFault.WrongSize)]
    [InlineData(16, uint.MaxValue, 0, MessageFault.WrongSize)]
    [InlineData(16, 16u, 1, MessageFault.UnknownTail)]
    public void A_header_states_the_packets_length_and_no_flags(int length, uint stated, ushort flags, MessageFault expected)
    {
        var header = new MessageHeader { Size = stated, Flags = flags };

        Assert.Equal(expected, MessageCodec.ReadHeader(MessageCodec.Bytes(in header)[..length], out _));
    }
}
