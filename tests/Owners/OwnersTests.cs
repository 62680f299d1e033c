using System.Globalization;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Reclaim;

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
    public static TheoryData<int> Seeds => Setting("DMAHEAP_STRESS_SEED") is { } seed ? [seed] : [1, 2, 3];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task No_byte_is_ever_visible_to_two_owners(int seed)
    {
        // Only root can become others, of which two are nobody here.
        var users = ProcessIdentity.EffectiveUserId is var self && self == 0 ? [self, OtherUser.Nobody, OtherUser.Nobody - 1] : new[] { self };
        await RunAsync(seed, users.Select(user => $"{user}"));
    }

    [Fact]
    public async Task No_byte_is_ever_visible_to_two_control_groups_of_one_user()
    {
        OtherUser.SkipUnlessRoot(); // who alone opens again what an O_PATH descriptor stands for
        using var groups = MemoryGroups.CreateOrSkip(limit: 4L << 30);
        await RunAsync(seed: 4, [$"0:{groups.Add("one")}", $"0:{groups.Add("other")}"]);
    }

    [Fact]
    public async Task No_byte_is_ever_visible_to_two_owners_where_the_host_is_an_ordinary_users()
    {
        OtherUser.SkipUnlessRoot(); // the others are that test then
        await RunAsync(seed: 5, [$"{OtherUser.Nobody}"], asNobody: true);
    }

    private static async Task RunAsync(int seed, IEnumerable<string> domains, bool asNobody = false)
    {
        using var host = await StressedHost.StartAsync(asNobody);
        var run = await host.RunAsync(seed, TimeSpan.FromSeconds(Setting("DMAHEAP_STRESS_SECONDS") ?? 1.5), domains);

        TestContext.Current.TestOutputHelper?.WriteLine(run.Text);
        Assert.True(run.Passed, run.Text);
        await host.AssertNothingIsHeldAsync();
    }

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;
}
