using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Importers;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;
using static DmaHeap.Tests.Importers.OrderTests;

namespace DmaHeap.Tests.Importers;

/// <summary>What the host uses again for importers is never used while anybody has it: everybody gets the memory that is his, and no descriptor is left.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class ReuseTests
{
    private const int Page = 4096;

    [Fact]
    public async Task Importers_that_come_and_die_at_any_moment_get_each_the_memory_they_showed()
    {
        const int Clients = 6, Rounds = 60, Buffers = 4;
        using var host = new TestHost();
        var files = Descriptors.Count("/memfd:");
        using (var owner = host.Connect())
        {
            var buffers = Enumerable.Range(1, Buffers).Select(number => Marked(owner, number)).ToArray();
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => Task.Run(() =>
            {
                var random = new Random(seed);
                for (var round = 0; round < Rounds; round++)
                {
                    using var client = host.Connect();
                    var steps = random.Next(1, 12); // the connection ends wherever that is: attached or mapped, with requests unread
                    for (var step = 0; step < steps; step++) Import(client, buffers[random.Next(Buffers)], random);
                    client.Send(Messages.Attach(client.NextId(), 77), buffers[random.Next(Buffers)].Descriptor);
                    if (random.Next(2) == 0) client.Send(Messages.Map(client.NextId(), 77));
                }
            }, TestContext.Current.CancellationToken)));
            // Until its connection is closed what a client sent last may still be read.
            Eventually.True(() => host.Host.Connections == 1 && host.Host.Core.ImportLimits.Held == 0, "what a client left is still held");
            foreach (var buffer in buffers)
            {
                Eventually.True(() => Describe(owner, buffer.Descriptor).Attachments == 0, "a client that is gone is still attached");
                buffer.Descriptor.Dispose();
            }
        }

        host.AssertNothingIsHeld();
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "a buffer's file is left");
    }

    [Fact]
    public void Hundreds_of_threads_at_one_buffer_each_attach_map_and_detach()
    {
        const int Threads = 200, Rounds = 5;
        using var host = new TestHost();
        var files = Descriptors.Count("/memfd:");
        using (var owner = host.Connect())
        {
            var buffer = Marked(owner, 42);
            using var start = new Barrier(Threads);
            var failures = 0;
            var threads = Enumerable.Range(0, Threads).Select(seed => new Thread(() =>
            {
                try
                {
                    var random = new Random(seed);
                    using var client = host.Connect();
                    start.SignalAndWait();
                    for (var round = 0; round < Rounds; round++) Import(client, buffer, random);
                }
                catch (Exception exception)
                {
                    TestContext.Current.SendDiagnosticMessage(exception.ToString());
                    Interlocked.Increment(ref failures);
                }
            })).ToArray();
            foreach (var thread in threads) thread.Start();
            foreach (var thread in threads) thread.Join();
            Assert.Equal((0, 0u), (failures, Describe(owner, buffer.Descriptor).Attachments));
            Assert.Equal(0, host.Host.Core.ImportLimits.Held);
            buffer.Descriptor.Dispose();
        }

        host.AssertNothingIsHeld();
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "a buffer's file is left");
    }

    [Fact]
    public void A_number_attached_again_before_its_detach_is_answered_is_the_new_buffer()
    {
        const int Rounds = 50;
        using var host = new TestHost();
        using var client = host.Connect();
        var (one, two) = (Marked(client, 1), Marked(client, 2));
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var buffer in new[] { one, two })
            {
                client.Send(Messages.Attach(client.NextId(), 7), buffer.Descriptor);
                client.Send(Messages.Map(client.NextId(), 7));
                client.Send(Messages.Detach(client.NextId(), 7));
            }

            foreach (var buffer in new[] { one, two })
            {
                client.Receive().As<DoneReply>();
                using (var mapped = client.Receive()) Assert.Equal(buffer.Mark, MarkOf(mapped));
                client.Receive().As<DoneReply>();
            }
        }

        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
        one.Descriptor.Dispose();
        two.Descriptor.Dispose();
    }

    [Fact]
    public void What_a_call_still_has_is_not_used_again_when_its_number_is_gone()
    {
        using var host = new TestHost();
        using var exported = host.Allocate();
        var record = host.Host.Core.Find(exported.Handle);
        var importer = host.Host.Core.NewImporter(TestHost.Us, static () => "");
        var table = new KeptTable(new Lock(), "attachment");
        var first = Keep(table, importer, record, exported.Handle);
        first.Leave(); // the call that began it
        Assert.Same(first, table.Find(1)); // a call that looked the number up, and is slow to go on
        Assert.Same(first, table.Take(1)); // another ends it
        first.LetGo();
        first.Leave();
        Assert.Null(table.TakeSpare());
        Assert.Same(record, first.Record);
        first.Leave(); // and the slow one is over
        Assert.Same(first, table.TakeSpare());
        Assert.Null(table.TakeSpare());

        var left = Keep(table, importer, record, exported.Handle);
        left.Leave();
        Assert.Same(left, Assert.Single(table.Close()));
        left.LetGo();
        left.Leave();
        Assert.Null(table.TakeSpare()); // who closes it does not know who comes yet
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
    }

    private static Attachment Keep(KeptTable table, Importer importer, BufferRecord record, SafeFileHandle shown)
    {
        importer.Limits.Take(TestHost.Us.UserId);
        var kept = new Attachment(importer, table);
        using var place = DmaHeapHost.Duplicate(shown);
        kept.Keep(record, place);
        table.Add(1, kept);
        return kept;
    }

    // Attaches or vmaps, looks what it got, and ends it in one of the ways there are.
    internal static void Import(RawClient client, (SafeFileHandle Descriptor, int Mark) buffer, Random random, bool close = false)
    {
        var number = (ulong)random.Next(1, 4);
        if (random.Next(3) == 0)
        {
            using (var whole = client.Ask(Messages.Vmap(client.NextId(), number), buffer.Descriptor)) Assert.Equal(buffer.Mark, MarkOf(whole));
            Done(client, Messages.Vunmap(client.NextId(), number));
        }
        else
        {
            Done(client, Messages.Attach(client.NextId(), number), buffer.Descriptor);
            Refused(client, Messages.Attach(client.NextId(), number), HeapErrno.Invalid, HeapCause.BadRequest, buffer.Descriptor);
            using (var mapped = client.Ask(Messages.Map(client.NextId(), number))) Assert.Equal(buffer.Mark, MarkOf(mapped));
            if (random.Next(2) == 0) Done(client, Messages.Unmap(client.NextId(), number));
            Done(client, Messages.Detach(client.NextId(), number));
            Refused(client, Messages.Detach(client.NextId(), number), HeapErrno.Invalid, HeapCause.NotAttached);
        }

        if (close) buffer.Descriptor.Dispose();
    }

    internal static (SafeFileHandle Descriptor, int Mark) Marked(RawClient client, int mark)
    {
        var descriptor = client.Allocate(length: Page);
        RandomAccess.Write(descriptor, BitConverter.GetBytes(mark), 0);
        return (descriptor, mark);
    }

    internal static int MarkOf(Packet mapped)
    {
        Assert.Equal((1u, 1), (mapped.As<MapReply>().Count, mapped.Descriptors.Length));
        var mark = 0;
        RandomAccess.Read(mapped.Descriptors[0], MemoryMarshal.AsBytes(new Span<int>(ref mark)), 0);
        return mark;
    }
}
