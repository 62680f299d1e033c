using DmaHeap;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

// A second process for tests: "allocate SOCKET COUNT" asks for buffers and waits to be killed; "watches" runs a host until the system's watches are used up;
// "ioctl" uses /dev/dma_heap as a program written for the kernel's heaps; "import SOCKET SHARE" receives buffers on SHARE and does to them what it reads;
// "camera SOCKET" uses the frames of an uncached device; "keep SOCKET HEAP COUNT" holds buffers while its host dies; "nonsense SEED" stands in for a heap's worker process and
// talks nonsense.
return args switch
{
    ["allocate", var socket, var count] => Allocate(socket, uint.Parse(count)),
    ["watches"] => UseUpWatches(),
    ["ioctl"] => RawIoctl.Run(),
    ["import", var socket, var share] => ImporterLoop.Run(socket, share),
    ["camera", var socket] => CameraLoop.Run(socket),
    ["keep", var socket, var heap, var count] => KeeperLoop.Run(socket, heap, int.Parse(count)),
    ["nonsense", var seed] => NonsenseWorker.Run(int.Parse(seed)),
    _ => 2,
};

static int Allocate(string path, uint count)
{
    ProcessControl.SetParentDeathSignal(9);
    if (SeqpacketSocket.TryConnect(path, out var socket) != Errno.None) return 1;
    using var received = new ReceivedDescriptors();
    var packet = new byte[ProtocolConstants.MaxMessageBytes];
    var hello = new HelloRequest
    {
        Header = MessageCodec.Header<HelloRequest>(MessageKind.Hello, 0),
        Magic = ProtocolConstants.Magic,
        Major = ProtocolConstants.MajorVersion,
        Minor = ProtocolConstants.MinorVersion,
    };
    SocketMessages.TrySend(socket, MessageCodec.Bytes(in hello));
    SocketMessages.TryReceive(socket, packet, received, out _, out _);
    var request = new AllocateRequest
    {
        Header = MessageCodec.Header<AllocateRequest>(MessageKind.Allocate, 1),
        Length = 1 << 16,
        FileFlags = 2,
        Count = count,
    };
    TextField.Write(request.Heap, "plain");
    SocketMessages.TrySend(socket, MessageCodec.Bytes(in request));
    Console.WriteLine("asked");
    while (true) SocketMessages.TryReceive(socket, packet, received, out _, out _);
}

static int UseUpWatches()
{
    var limit = int.Parse(File.ReadAllText("/proc/sys/user/max_inotify_watches"));
    using var host = DmaHeapHost.Start(
        new DmaHeapHostOptions { Heaps = [new HeapDefinition { Name = "plain", Create = context => new PlainHeap(context) }] }, NullLoggerFactory.Instance);
    var caller = new Caller(0, 0, Environment.ProcessId, [], "");
    var held = new List<ExportedBuffer>();
    try
    {
        while (held.Count <= limit) held.Add(Take());
        Console.WriteLine("no limit was met");
        return 1;
    }
    catch (HeapException refusal)
    {
        Console.WriteLine($"{refusal.Errno} {refusal.Cause} {PlainHeap.LastReason} {host.Statistics("plain").Buffers == held.Count}");
        Console.WriteLine(refusal.Message);
    }

    held[0].Dispose();
    if (!SpinWait.SpinUntil(() => host.LiveBuffers == held.Count - 1, TimeSpan.FromSeconds(10))) return 1;
    Take().Dispose();
    Console.WriteLine("recovered");
    return 0;

    ExportedBuffer Take() => host.Allocate(new BufferRequest { Heap = "plain", Length = 4096, Caller = caller });
}

/// <summary>A heap of pages that remembers why it was last given a buffer back.</summary>
internal sealed class PlainHeap(IHeapContext context) : Heap<HeapBuffer>
{
    public static ReleaseReason? LastReason { get; private set; }

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        new(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

    protected override void Release(HeapBuffer buffer, ReleaseReason reason) => LastReason = reason;
}
