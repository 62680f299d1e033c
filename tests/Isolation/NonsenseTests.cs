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
        WorkerSession session;
        try
        {
            session = new WorkerSession(plugin, new FakeHeapContext { OtherTime = TimeProvider.System }, _ => over.Set(), program);
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
                using var call = session.Begin((WireKind)(11 + calls % 14));
                call.Message.Long(1).Long(1);
                call.Complete(from => from.Number());
            }
            catch (Exception exception) when (exception is HeapException or WorkerFaultException or OperationCanceledException)
            {
                // Whatever it said: these are what a caller is prepared for.
            }
        }

        Assert.NotNull(session.WhyEnded);
        Assert.True(over.Wait(TimeSpan.FromSeconds(20)));
        return session.Why;
    }
}
