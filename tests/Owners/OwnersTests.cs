using System.Globalization;

namespace DmaHeap.Tests.Owners;

/// <summary>
/// No byte is ever visible to two owners, whatever is allocated, shared, spliced, killed and given back at once: real processes against a real host, by tests/native/owners.
/// </summary>
/// <remarks>
/// A few seconds each here. By hand, for ten minutes and with a seed of one's own:
/// <c>DMAHEAP_STRESS_SECONDS=600 DMAHEAP_STRESS_SEED=7 artifacts/bin/DmaHeap.Tests/debug/DmaHeap.Tests --filter-class '*OwnersTests'</c>.
/// </remarks>
public sealed class OwnersTests
{
    // What each run has to have done, for its silence to mean anything.
    private static readonly string[] s_done =
    [
        "buffers received", "bytes found zero", "batches of several sizes", "looks at descriptors", "looks at mappings whose descriptor was closed", "looks at spliced pipes",
        "looks at descriptors that lay in a socket", "looks by forked children", "looks through attachments", "descriptors shown to the host", "descriptors passed on", "replies left unread", "shrink requests", "bytes given back by shrinking", "workers killed",
    ];

    public static TheoryData<int> Seeds => Setting("DMAHEAP_STRESS_SEED") is { } seed ? [seed] : [1, 2, 3];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task No_byte_is_ever_visible_to_two_owners(int seed)
    {
        using var host = await StressedHost.StartAsync();
        var run = await host.RunAsync(seed, TimeSpan.FromSeconds(Setting("DMAHEAP_STRESS_SECONDS") ?? 3));

        TestContext.Current.TestOutputHelper?.WriteLine(run.Text);
        Assert.True(run.Passed, run.Text);
        Assert.True(run.Count("looks through O_PATH descriptors") + run.Count("O_PATH descriptors that open to nobody") > 0, run.Text);
        Assert.All(s_done, what => Assert.True(run.Count(what) > 0, $"Nothing of this was done: {what}.\n{run.Text}"));
        await host.AssertNothingIsHeldAsync();
    }

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
