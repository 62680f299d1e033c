using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Who may use a heap, and what whoever gets a descriptor may do with it.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class AccessTests
{
    private const uint Owner = 1000, Group = 2000;

    [Theory]
    [InlineData("600", Owner, 1u, "", true)]
    [InlineData("600", 0u, 0u, "", true)] // root always
    [InlineData("000", 0u, 0u, "", true)]
    [InlineData("600", 1001u, Group, "", false)]
    [InlineData("660", 1001u, Group, "", true)]
    [InlineData("660", 1001u, 1u, "5,2000,7", true)] // supplementary
    [InlineData("660", 1001u, 1u, "5,7", false)]
    [InlineData("666", 1001u, 1u, "", true)]
    [InlineData("066", Owner, 1u, "", false)] // the owner's class alone counts for the owner
    [InlineData("066", Owner, Group, "2000", false)]
    [InlineData("606", 1001u, Group, "", false)] // the group's for its members
    [InlineData("606", 1001u, 1u, "2000", false)]
    [InlineData("222", 1001u, 1u, "", false)] // it is opened for reading, as the node is
    [InlineData("004", 1001u, 1u, "", true)]
    public void The_class_a_caller_falls_in_decides(string mode, uint user, uint group, string supplementary, bool allowed)
    {
        var groups = supplementary.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse).ToArray();
        Assert.Equal(allowed, new AccessRule(Convert.ToInt32(mode, 8), Owner, Group).Allows(new Caller(user, group, 1, groups, "")));
    }

    [Fact]
    public void Another_user_gets_in_by_mode_or_supplementary_group_and_is_told_when_not()
    {
        OtherUser.SkipUnlessRoot();
        using var directory = new TemporaryDirectory();
        File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_101_101);
        HeapDefinition Define(string name, int mode) => new() { Name = name, Access = new AccessRule(mode, 0, Group), Create = context => new ScriptedHeap(context) };
        using var host = new TestHost(options => options with
        {
            SocketPath = directory["socket"],
            Heaps = [.. options.Heaps, Define("open", 0b110_110_110), Define("group", 0b110_110_000)],
        });
        Assert.NotNull(OtherUser.Ask(directory["socket"], OtherUser.Nobody, [], "open")!.Ids());
        Assert.NotNull(OtherUser.Ask(directory["socket"], OtherUser.Nobody, [27, Group], "group")!.Ids());
        foreach (var heap in new[] { "group", "plain" })
        {
            var refusal = OtherUser.Ask(directory["socket"], OtherUser.Nobody, [27], heap)!.Error();
            Assert.Equal((HeapErrno.Access, HeapCause.AccessDenied), (refusal.Errno, refusal.Cause));
        }

        host.AssertNothingIsHeld("open");
    }

    [Fact]
    public void Another_user_does_not_reach_a_host_whose_heaps_are_its_own()
    {
        OtherUser.SkipUnlessRoot();
        using var directory = new TemporaryDirectory();
        File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_101_101);
        using var host = new TestHost(options => options with { SocketPath = directory["socket"] });
        Assert.Null(OtherUser.Ask(directory["socket"], OtherUser.Nobody, [], "plain"));
    }

    [Fact]
    public void Another_user_cannot_open_a_read_only_descriptor_again_for_writing()
    {
        OtherUser.SkipUnlessRoot();
        using var host = new TestHost();
        using var client = host.Connect();
        using var descriptor = client.Allocate(fileFlags: 0);
        var tried = OtherUser.Try(descriptor, OtherUser.Nobody);
        Assert.Equal(Errno.None, tried["map-read"]);
        Assert.Equal(Errno.EACCES, tried["map-write"]);
        Assert.Equal(Errno.EBADF, tried["write"]);
        Assert.Equal(Errno.EACCES, tried["reopen-write"]);
        Assert.Equal(Errno.EPERM, tried["chmod"]);

        // The control: a memfd as it comes, which anybody may open again.
        using var open = Memfd.Create("as it comes", MemfdFlags.CloseOnExec);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(open, 4096));
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(open, FileAccessMode.ReadOnly, closeOnExec: true, out var readOnly));
        using (readOnly) Assert.Equal(Errno.None, OtherUser.Try(readOnly, OtherUser.Nobody)["reopen-write"]);
    }

    [Theory]
    [InlineData(OpaqueBacking.Nothing, null)]
    [InlineData(OpaqueBacking.Secret, null)]
    [InlineData(OpaqueBacking.Nothing, OtherUser.Nobody)]
    public void An_opaque_buffer_can_be_neither_mapped_nor_read_nor_written_and_is_known_all_the_same(OpaqueBacking backing, uint? user)
    {
        if (user is not null) OtherUser.SkipUnlessRoot();
        Assert.SkipWhen(backing == OpaqueBacking.Secret && !SecretMemory.IsAvailable, "this kernel has no secret memory");
        using var host = new TestHost();
        using var client = host.Connect();
        host.Heap.OnAllocate = (request, _) => new HeapBuffer(host.Heap.Context.Memory.AllocateOpaque(new OpaqueRequest { Length = request.Length, Backing = backing }));
        foreach (var fileFlags in new uint[] { 0, 1, 2, 3 })
        {
            using var descriptor = client.Allocate(length: 10_000, fileFlags: fileFlags);
            var tried = OtherUser.Try(descriptor, user);
            foreach (var attempt in new[] { "map-read", "map-write", "map-none" }) Assert.Equal(Errno.EACCES, tried[attempt]);
            Assert.Equal(Errno.EBADF, tried["read"]);
            Assert.Equal(Errno.EPERM, tried["write"]);
            if (user is not null) Assert.Equal((Errno.EACCES, Errno.EACCES), (tried["reopen-read"], tried["reopen-write"]));

            Assert.Equal(Errno.None, FileSpace.TrySeekEnd(descriptor, out var length));
            Assert.Equal(12_288, length);
            var buffer = client.Ask(Messages.Describe(client.NextId()), descriptor).As<DescribeReply>().Buffer;
            Assert.Equal(backing == OpaqueBacking.Secret, (buffer.Flags & BufferFlags.Secret) != 0);
            Assert.NotEqual(BufferFlags.None, buffer.Flags & BufferFlags.Opaque);
        }

        host.AssertNothingIsHeld();
        Assert.Equal(4, host.Heap.Released.Count);
    }

    [Fact]
    public void Pages_that_a_buffer_does_not_let_map_are_shown_as_opaque_and_freed_with_it()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var files = Descriptors.Count("/memfd:");
        host.Heap.OnAllocate = (request, _) => new UnmappableBuffer(host.Heap.Pages(request.Length));
        using (var descriptor = client.Allocate())
        {
            Assert.Equal(Errno.EACCES, MemoryMapping.TryMap(descriptor, 0, 4096, MapProtection.Read, populate: false, alignment: 0, out _));
            Assert.NotEqual(BufferFlags.None, client.Ask(Messages.Describe(client.NextId()), descriptor).As<DescribeReply>().Buffer.Flags & BufferFlags.Opaque);
        }

        host.AssertNothingIsHeld();
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "the memory behind it is left");
    }

    private sealed class UnmappableBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override MmapPolicy MmapPolicy => MmapPolicy.Refused;
    }
}
