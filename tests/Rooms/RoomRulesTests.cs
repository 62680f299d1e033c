using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Rooms;

/// <summary>The table of rooms in docs/architecture.md, held against the compiled references.</summary>
public sealed class RoomRulesTests
{
    // Project, its assembly, and the rooms it may use.
    public static TheoryData<string, string, string[]> Rooms { get; } = new()
    {
        { "DmaHeap.Abstractions", "DmaHeap.Abstractions", [] },
        { "DmaHeap.Linux", "DmaHeap.Linux", [] },
        { "DmaHeap.Plugins", "DmaHeap.Plugins", ["DmaHeap.Abstractions"] },
        { "DmaHeap.Protocol", "DmaHeap.Protocol", [] },
        { "DmaHeap.Hosting", "DmaHeap.Hosting", ["DmaHeap.Abstractions", "DmaHeap.Linux", "DmaHeap.Plugins", "DmaHeap.Protocol"] },
        { "DmaHeap.Worker", "DmaHeap.Worker", ["DmaHeap.Abstractions", "DmaHeap.Linux", "DmaHeap.Plugins", "DmaHeap.Hosting"] },
        { "DmaHeap.Client", "DmaHeap.Client", ["DmaHeap.Protocol", "DmaHeap.Linux"] },
        { "DmaHeap.KernelAbi", "DmaHeap.KernelAbi", ["DmaHeap.Linux"] },
        { "DmaHeap.Testing", "DmaHeap.Testing", ["DmaHeap.Abstractions", "DmaHeap.Hosting", "DmaHeap.Client"] },
        { "DmaHeap.Cli", "dmaheap", ["DmaHeap.Hosting", "DmaHeap.Client", "DmaHeap.KernelAbi", "DmaHeap.Testing", "DmaHeap.Abstractions", "DmaHeap.Linux", "DmaHeap.Plugins", "DmaHeap.Protocol"] },
        { "SystemHeap", "SystemHeap", ["DmaHeap.Abstractions"] },
        { "CmaHeap", "CmaHeap", ["DmaHeap.Abstractions"] },
        { "SecureHeap", "SecureHeap", ["DmaHeap.Abstractions"] },
        { "AttachTimeHeap", "AttachTimeHeap", ["DmaHeap.Abstractions"] },
        { "RegionHeap", "RegionHeap", ["DmaHeap.Abstractions"] },
        { "FakeHeap", "FakeHeap", ["DmaHeap.Abstractions"] },
    };

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_what_its_row_allows(string project, string assembly, string[] allowed) =>
        Assert.Empty(CompiledAssembly.RoomsUsed(Builds.File(project, assembly)).Except(allowed));

    [Fact]
    public void The_check_sees_a_heap_that_uses_the_host() =>
        Assert.Equal(["DmaHeap.Plugins"], CompiledAssembly.RoomsUsed(Builds.Plugin("HostReferencingPlugin")).Except(["DmaHeap.Abstractions"]));

    [Fact]
    public void Every_room_is_in_the_table()
    {
        string[] inTable = [.. Rooms.Select(row => row.Data.Item2)];
        string[] used = [.. Rooms.SelectMany(row => CompiledAssembly.RoomsUsed(Builds.File(row.Data.Item1, row.Data.Item2))).Distinct()];
        Assert.Empty(used.Except(inTable));
    }

    [Fact]
    public void Nothing_public_in_the_contract_mentions_another_room() =>
        Assert.Empty(CompiledAssembly.RoomsInPublicSignatures(Builds.File("DmaHeap.Abstractions", "DmaHeap.Abstractions")));

    [Fact]
    public void The_check_sees_a_public_member_that_does() =>
        Assert.Equal(
            ["DmaHeap.Abstractions", "DmaHeap.Plugins"],
            CompiledAssembly.RoomsInPublicSignatures(Builds.Plugin("HostReferencingPlugin")).Order());
}
