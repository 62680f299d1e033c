using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;
using static DmaHeap.Tests.Importers.OrderTests;
using static DmaHeap.Tests.Importers.ReuseTests;

namespace DmaHeap.Tests.Importers;

/// <summary>A buffer whose class overrides no op: the host does what the contract's defaults do, without asking them.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class DefaultOpsTests
{
    private const int Page = 4096;

    [Theory]
    [InlineData(MemoryKind.Pages)]
    [InlineData(MemoryKind.Opaque)]
    public void Importers_are_answered_as_by_a_class_that_overrides_all_and_calls_the_defaults(MemoryKind kind)
    {
        const int Rounds = 400;
        using var host = new TestHost();
        using var client = host.Connect();
        using var plain = Allocate(host, client, kind, memory => new HeapBuffer(memory));
        using var asked = Allocate(host, client, kind, memory => new ScriptedBuffer(memory));
        var random = new Random(1);
        long[] bytes = [0, 1, 2, 4, 48, 512, 1000, Page, Page + 1, 2 * Page, 3 * Page, 5 * Page, 7 * Page, 100 * Page];
        var answers = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            var (alignment, longest) = (bytes[random.Next(bytes.Length)], bytes[random.Next(bytes.Length)]);
            var (most, flags, caching) = ((uint)random.Next(8), random.Next(4) == 0 ? AttachFlags.Contiguous : 0, (uint)random.Next(3));
            var (attached, mapped) = ((uint)random.Next(3), (uint)random.Next(3));
            string[] Walk(SafeFileHandle buffer)
            {
                var attach = Messages.Attach(client.NextId(), 1, attached, (ulong)alignment, (ulong)longest, most);
                (attach.Flags, attach.Caching) = (flags, caching);
                string[] said = [Said(client.Ask(attach, buffer)), Said(client.Ask(Messages.Map(client.NextId(), 1, mapped))), Said(client.Ask(Messages.Vmap(client.NextId(), 1), buffer)), ""];
                client.Ask(Messages.Vunmap(client.NextId(), 1)).Dispose();
                said[3] = Said(client.Ask(Messages.Detach(client.NextId(), 1)));
                return said;
            }

            answers.AddRange(Walk(asked));
            Assert.Equal(answers[^4..], Walk(plain));
        }

        // What was compared was of all sorts.
        Assert.InRange(answers.Distinct().Count(), kind == MemoryKind.Pages ? 20 : 5, int.MaxValue);
        Assert.Contains("DoneReply", answers);
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
    }

    [Fact]
    public void Importers_go_on_when_its_heap_ends_before_they_do()
    {
        using var host = new TestHost();
        using (var client = host.Connect())
        {
            var buffer = Marked(client, 9);
            Done(client, Messages.Attach(client.NextId(), 1), buffer.Descriptor);
            Done(client, Messages.Attach(client.NextId(), 2), buffer.Descriptor);
            client.Ask(Messages.Map(client.NextId(), 1)).Dispose();
            client.Ask(Messages.Vmap(client.NextId(), 1), buffer.Descriptor).Dispose();
            Assert.True(host.Host.Core.Releaser.TakeFromHeap(host.Host.Core.Find(buffer.Descriptor), ReleaseReason.HeapStopping));
            Refused(client, Messages.Map(client.NextId(), 1), HeapErrno.Busy, HeapCause.AlreadyMapped);
            Done(client, Messages.Unmap(client.NextId(), 1));
            foreach (var number in new ulong[] { 1, 2 })
            {
                using (var mapped = client.Ask(Messages.Map(client.NextId(), number))) Assert.Equal(9, MarkOf(mapped));
                Done(client, Messages.Detach(client.NextId(), number));
            }

            Done(client, Messages.Vunmap(client.NextId(), 1));
            Done(client, Messages.Attach(client.NextId(), 1), buffer.Descriptor);
            using (var mapped = client.Ask(Messages.Map(client.NextId(), 1))) Assert.Equal(9, MarkOf(mapped));
            buffer.Descriptor.Dispose();
        }

        Eventually.True(() => host.Host.LiveBuffers == 0 && host.Host.Core.ImportLimits.Held == 0, "something is still held");
        Assert.Single(host.Heap.Released);
    }

    private static SafeFileHandle Allocate(TestHost host, RawClient client, MemoryKind kind, Func<IHeapMemory, HeapBuffer> make)
    {
        host.Heap.OnAllocate = (request, _) => make(kind == MemoryKind.Pages ? host.Heap.Pages(request.Length) : host.Heap.Context.Memory.AllocateOpaque(new OpaqueRequest { Length = request.Length }));
        return client.Allocate(length: 5 * Page);
    }

    private static string Said(Packet reply)
    {
        using (reply)
        {
            if (reply.Header.Kind == MessageKind.Error) return reply.Error().ToString();
            if (reply.Header.Kind == (MessageKind.Detach | MessageKind.ReplyBit) || reply.Header.Kind == (MessageKind.Attach | MessageKind.ReplyBit)) return nameof(DoneReply);
            var segments = MemoryMarshal.Cast<byte, SegmentEntry>(reply.Bytes.AsSpan(Marshal.SizeOf<MapReply>())).ToArray();
            return string.Join(' ', segments.Select(segment => $"{segment.Descriptor}:{segment.Offset}+{segment.Length}")) + " of " + string.Join(' ', reply.Descriptors.Select(DescriptorFlags.GetAccessMode));
        }
    }
}
