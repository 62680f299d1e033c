using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>A client that sends nonsense is told why and disconnected, and leaves nothing in the host.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class NonsenseTests
{
    [Fact]
    public void Another_major_version() => Fatal(greeted: false, client =>
    {
        var hello = Messages.Hello();
        hello.Major = 2;
        client.Send(hello);
    }, "2.0", "1.0");

    [Fact]
    public void Another_protocol_altogether() => Fatal(greeted: false, client =>
    {
        var hello = Messages.Hello();
        hello.Magic = 0x20544547;
        client.Send(hello);
    }, "something else");

    [Fact]
    public void A_request_before_the_hello() => Fatal(greeted: false, client => client.Send(Messages.ListHeaps(1)), "hello");

    [Fact]
    public void A_second_hello() => Fatal(greeted: true, client => client.Send(Messages.Hello()), "one hello");

    [Fact]
    public void A_message_of_a_few_bytes() => Fatal(greeted: true, client => client.Send(new byte[7]), "short");

    [Fact]
    public void A_message_shorter_than_its_kind() => Fatal(greeted: true, client =>
    {
        var packet = Bytes(Messages.Allocate(1, "plain", 4096));
        Resize(ref packet, AllocateRequest.FirstSize - 1);
        client.Send(packet);
    }, "short");

    [Fact]
    public void A_size_that_is_not_the_packets() => Fatal(greeted: true, client =>
    {
        var packet = Bytes(Messages.Allocate(1, "plain", 4096));
        packet[0]++;
        client.Send(packet);
    }, "size");

    [Fact]
    public void A_tail_that_is_not_zero() => Fatal(greeted: true, client =>
    {
        var packet = Bytes(Messages.Allocate(1, "plain", 4096));
        Resize(ref packet, packet.Length + 9);
        packet[^1] = 1;
        client.Send(packet);
    }, "not zero");

    [Fact]
    public void A_message_longer_than_any() => Fatal(greeted: true, client =>
    {
        var packet = Bytes(Messages.ListHeaps(1));
        Resize(ref packet, ProtocolConstants.MaxMessageBytes + 1);
        client.Send(packet);
    }, "longer");

    [Fact]
    public void Header_flags_that_are_reserved() => Fatal(greeted: true, client =>
    {
        var request = Messages.ListHeaps(1);
        request.Header.Flags = 1;
        client.Send(request);
    }, "not zero");

    [Fact]
    public void A_field_that_is_reserved() => Fatal(greeted: true, client =>
    {
        var request = Messages.ListHeaps(1);
        request.Reserved = 5;
        client.Send(request);
    }, "not zero", "Reserved");

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData((int)MessageKind.FirstEvent)]
    [InlineData((int)(MessageKind.Allocate | MessageKind.ReplyBit))]
    [InlineData((int)MessageKind.Error)]
    public void A_kind_there_is_none_of(int kind) => Fatal(greeted: true, client =>
        client.Send(new DescribeRequest { Header = MessageCodec.Header<DescribeRequest>((MessageKind)kind, 1) }), "unknown");

    [Fact]
    public void A_name_without_an_end() => Fatal(greeted: true, client =>
    {
        var request = Messages.Allocate(1, "plain", 4096);
        ((Span<byte>)request.Heap).Fill((byte)'a');
        client.Send(request);
    }, "heap");

    [Fact]
    public void A_name_that_is_no_text() => Fatal(greeted: true, client =>
    {
        var request = Messages.Allocate(1, "plain", 4096);
        ((Span<byte>)request.Name)[0] = 0xff;
        client.Send(request);
    }, "name");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(ReceivedDescriptors.KernelLimit)]
    public void Descriptors_where_none_belong(int count) => Fatal(greeted: true, client => SendWith(client, Messages.Allocate(1, "plain", 4096), count), "escriptors");

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(40)]
    public void More_or_fewer_descriptors_than_promised(int count) => Fatal(greeted: true, client => SendWith(client, Messages.Describe(1), count), "escriptors");

    [Fact]
    public void Descriptors_with_a_hello() => Fatal(greeted: false, client => SendWith(client, Messages.Hello(), 2), "escriptors");

    [Fact]
    public void Descriptors_with_a_message_that_is_short_as_well() => Fatal(greeted: true, client =>
    {
        using var file = Null();
        client.Send(new byte[3], file);
    }, "short");

    [Fact]
    public void Nonsense_with_more_nonsense_behind_it_is_still_told_why() => Fatal(greeted: true, client =>
    {
        for (var i = 0; i < 20; i++) client.TrySend(new byte[5]);
    }, "short");

    [Fact]
    public void An_empty_message_with_a_descriptor_leaks_nothing() => Fatal(greeted: true, client =>
    {
        using var file = Null();
        client.Send([], file);
    }, "short");

    [Fact]
    public void A_longer_message_whose_tail_is_zero_is_understood()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var packet = Bytes(Messages.Allocate(1, "plain", 4096));
        Resize(ref packet, packet.Length + 64);
        client.Send(packet);
        using var reply = client.Receive();
        Assert.Equal(1u, reply.As<AllocateReply>().Count);
    }

    [Fact]
    public void A_higher_minor_version_and_unknown_features_are_met_with_what_both_know()
    {
        using var host = new TestHost();
        using var client = RawClient.Connect(host.SocketPath);
        var hello = Messages.Hello();
        hello.Minor = 9;
        hello.Features = (ProtocolFeatures)ulong.MaxValue;
        client.Send(hello);
        var numbered = client.Receive().As<NumberedHelloReply>();
        var reply = numbered.Hello;
        Assert.Equal((ProtocolConstants.Magic, (ushort)1, (ushort)0, ProtocolFeatures.ConnectionNumber), (reply.Magic, reply.Major, reply.Minor, reply.Features));
        Assert.NotEqual(0u, numbered.Connection);
        Assert.Equal(host.Host.Core.Epoch, reply.Epoch);
        Assert.Equal(((uint)ProtocolConstants.MaxMessageBytes, 253u), (reply.MaxMessageBytes, reply.MaxDescriptors));
        Assert.Equal((Environment.SystemPageSize, Environment.ProcessId), ((int)reply.PageSize, reply.ProcessId));
    }

    [Fact]
    public void Random_bytes_never_harm_anybody_else()
    {
        using var host = new TestHost();
        using var witness = host.Connect();
        var random = new Random(20260101);
        for (var round = 0; round < 300; round++)
        {
            using var client = host.Connect();
            for (var i = 0; i < 5; i++)
            {
                var packet = Bytes(Messages.Allocate((ulong)i + 1, "plain", 4096));
                if (random.Next(3) == 0) packet = new byte[random.Next(1, 300)];
                for (var change = random.Next(4); change >= 0; change--) packet[random.Next(packet.Length)] = (byte)random.Next(256);
                if (packet.Length >= 4 && random.Next(4) > 0) BitConverter.TryWriteBytes(packet, packet.Length);
                if (client.TrySend(packet) != Errno.None) break;
            }
        }

        witness.Allocate().Dispose();
        Eventually.True(() => host.Host.Connections == 1, "a client is still there");
        host.AssertNothingIsHeld();
    }

    private static void Fatal(bool greeted, Action<RawClient> send, params string[] words)
    {
        using var host = new TestHost();
        using var witness = host.Connect();
        witness.Allocate().Dispose();
        host.AssertNothingIsHeld();
        var before = Descriptors.Count();
        using (var client = greeted ? host.Connect() : RawClient.Connect(host.SocketPath))
        {
            send(client);
            // The kernel may tell of the hang-up first when the host had unread messages of ours; the words come all the same.
            var farewell = (client.ReceiveOrEnd() ?? client.Receive()).Error();
            Assert.True(farewell.Fatal);
            Assert.Equal((HeapErrno)Errno.EPROTO, farewell.Errno);
            Assert.All(words, word => Assert.Contains(word, farewell.Sentence));
            Assert.Null(client.ReceiveOrEnd());
        }

        Eventually.True(() => host.Host.Connections == 1, "the host kept the connection");
        witness.Allocate().Dispose();
        host.AssertNothingIsHeld();
        Eventually.True(() => Descriptors.Count() == before, $"{before} descriptors before and {Descriptors.Count()} after");
    }

    private static void SendWith<T>(RawClient client, T message, int count)
        where T : unmanaged
    {
        using var file = Null();
        client.Send(message, Enumerable.Repeat(file, count).ToArray());
    }

    private static SafeFileHandle Null() => File.OpenHandle("/dev/null");

    private static byte[] Bytes<T>(T message)
        where T : unmanaged => MessageCodec.Bytes(in message).ToArray();

    private static void Resize(ref byte[] packet, int length)
    {
        Array.Resize(ref packet, length);
        BitConverter.TryWriteBytes(packet, length);
    }
}
