using System.Globalization;
using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>A process in a worker's place that says anything at all: the host believes none of it.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class NonsenseTests
{
    private static readonly string s_dotnet = Path.GetFullPath(Path.Join(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    [Fact]
    public void A_worker_that_talks_nonsense_is_ended_and_nothing_of_it_is_left_in_the_host()
    {
        var descriptors = -1;
        var reasons = new List<string>();
        for (var seed = 1; seed <= 12; seed++)
        {
            reasons.Add(Converse(seed));
            if (seed == 3) descriptors = Descriptors.Count(); // what is made once is made by then
        }

        Eventually.True(() => Descriptors.Count() <= descriptors + 2, $"{Descriptors.Count()} descriptors, and there were {descriptors}");
        Assert.True(reasons.Distinct().Count() >= 3, string.Join('\n', reasons)); // it was not all refused for one reason
    }

    private static string Converse(int seed)
    {
        using var over = new ManualResetEventSlim();
        var plugin = new IsolatedPlugin("nowhere.dll", "Nonsense", "Nonsense", null, TimeSpan.FromSeconds(1), HasFixedRegion: false);
        var program = new WorkerProgram(s_dotnet, [s_dotnet, "exec", Builds.File("Peer", "Peer"), "nonsense", seed.ToString(CultureInfo.InvariantCulture)]);
        var context = new FakeHeapContext { OtherTime = TimeProvider.System };
        WorkerSession session;
        try
        {
            session = new WorkerSession(plugin, context, _ => over.Set(), program);
        }
        catch (HeapException atOnce)
        {
            Assert.True(over.Wait(TimeSpan.FromSeconds(20)));
            return atOnce.Message;
        }

        for (var calls = 0; session.WhyEnded is null && calls < 1000; calls++)
        {
            try
            {
                if (calls % 14 == 0) Allocate(session, context);
                else Call(session, (WireKind)(11 + calls % 14));
            }
            catch (Exception exception) when (exception is HeapException or WorkerFaultException or OperationCanceledException)
            {
                // Whatever it said: these are what a caller is prepared for.
            }
        }

        Assert.NotNull(session.WhyEnded);
        Assert.True(over.Wait(TimeSpan.FromSeconds(20)));
        Eventually.True(() => context.Memory.Living == 0, $"{context.Memory.Living} pieces of memory are left");
        return session.Why;
    }

    private static void Call(WorkerSession session, WireKind kind)
    {
        using var call = session.Begin(kind);
        call.Message.Long(1).Long(1);
        call.Complete(from => from.Number());
    }

    // With a promise, which it may name, keep and dispose as it likes.
    private static void Allocate(WorkerSession session, FakeHeapContext context)
    {
        var buffer = (IsolatedBuffer)IsolatedAllocation.Run(session, new AllocationRequest { Length = 4096 }, context.Memory, CancellationToken.None);
        buffer.Memory.Dispose();
        session.Memory.BufferGone(buffer.MemoryNumber);
    }
}
