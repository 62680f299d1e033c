using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Bench;

/// <summary>
/// Attach, map, unmap and detach of a buffer of pages, sent in one go, beside the smallest request there is on the same socket: a list of heaps that begins after the last one.
/// Both are sent and received by the same few lines on one thread. A host that looks for the next request before it sleeps spares the smallest request its wake-up, which is most of it;
/// so the same is measured with a host that does not.
/// </summary>
static class ImportTrips
{
    const string Work = "attach + map + unmap + detach, pipelined", WithoutSpin = Work + ", without spin";
    const double Target = 2.5;

    public static void Run(Workbench bench)
    {
        bench.Measure(Work, () => Measure(bench, Work, HostConfiguration.OfSystemHeap(bench.Folder, "import")));
        bench.Measure(WithoutSpin, () => Measure(bench, WithoutSpin, HostConfiguration.OfSystemHeap(bench.Folder, "import-sleepy", server: "\"spin\": \"off\"")));
    }

    static Result Measure(Workbench bench, string work, string configuration)
    {
        var trips = bench.Scale.Trips;
        using var host = ServerProcess.StartHost(bench.Folder, "import", configuration);
        using var client = DmaHeapClient.Connect(host.Socket);
        using var buffer = client.Allocate("system", 4096);
        using var socket = new ImportSocket(host.Socket);
        Clock.Time(trips, socket.Bare); // the runtime compiles what is hot
        Clock.Time(trips, () => socket.Import(buffer.Handle));
        return Pairs.Measure(bench.Scale.Rounds, () => Clock.Time(trips, () => socket.Import(buffer.Handle)), () => Clock.Time(trips, socket.Bare))
            .ToResult(work, "a bare round trip", Target);
    }

    sealed class ImportSocket : IDisposable
    {
        readonly SafeFileHandle _socket;
        readonly ReceivedDescriptors _received = new();
        readonly byte[] _packet = new byte[ProtocolConstants.MaxMessageBytes];

        public ImportSocket(string path)
        {
            Expect(SeqpacketSocket.TryConnect(path, out _socket));
            var hello = new HelloRequest
            {
                Header = MessageCodec.Header<HelloRequest>(MessageKind.Hello, 0),
                Magic = ProtocolConstants.Magic,
                Major = ProtocolConstants.MajorVersion,
                Minor = ProtocolConstants.MinorVersion,
            };
            Send(in hello);
            Receive(1);
        }

        public void Bare()
        {
            var request = new ListHeapsRequest { Header = MessageCodec.Header<ListHeapsRequest>(MessageKind.ListHeaps, 1), Start = uint.MaxValue };
            Send(in request);
            Receive(1);
        }

        public void Import(SafeFileHandle buffer)
        {
            var attach = new AttachBufferRequest { Header = MessageCodec.Header<AttachBufferRequest>(MessageKind.Attach, 1), Attachment = 1 };
            var map = new MapRequest { Header = MessageCodec.Header<MapRequest>(MessageKind.Map, 2), Attachment = 1 };
            var unmap = new UnmapRequest { Header = MessageCodec.Header<UnmapRequest>(MessageKind.Unmap, 3), Attachment = 1 };
            var detach = new DetachRequest { Header = MessageCodec.Header<DetachRequest>(MessageKind.Detach, 4), Attachment = 1 };
            Expect(SocketMessages.TrySend(_socket, MessageCodec.Bytes(in attach), buffer));
            Send(in map);
            Send(in unmap);
            Send(in detach);
            Receive(4);
        }

        public void Dispose()
        {
            _socket.Dispose();
            _received.Dispose();
        }

        static void Expect(Errno errno)
        {
            if (errno != Errno.None) throw new InvalidOperationException($"the host does not answer: {errno.Describe()}");
        }

        void Send<T>(in T request)
            where T : unmanaged => Expect(SocketMessages.TrySend(_socket, MessageCodec.Bytes(in request)));

        void Receive(int replies)
        {
            for (var i = 0; i < replies; i++)
            {
                Expect(SocketMessages.TryReceive(_socket, _packet, _received, out var length, out _));
                if (MessageCodec.ReadHeader(_packet.AsSpan(0, length), out var header) != MessageFault.None || header.Kind == MessageKind.Error)
                {
                    throw new InvalidOperationException("the host refused");
                }

                _received.Dispose(); // the descriptors of a map, as an importer that is done with them
            }
        }
    }
}
