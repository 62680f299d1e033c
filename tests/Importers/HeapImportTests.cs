using DmaHeap.Heaps;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>The heaps whose memory only importers see, with importers in processes of their own.</summary>
public sealed class HeapImportTests : IDisposable
{
    private const uint Stranger = 54321;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Secret_memory_is_given_to_a_configured_importer_and_is_one_for_all_of_them()
    {
        using var host = Secure(Rule(TestHost.Us.UserId));
        using var owner = host.Connect();
        using var buffer = owner.Allocate("secure");
        using var first = new ImporterProcess(host);
        using var second = new ImporterProcess(host);
        foreach (var importer in new[] { first, second })
        {
            importer.Give(buffer);
            Assert.Equal("ok", importer.Ask("attach"));
            Assert.Equal("ok 0+4096:ReadWrite", importer.Ask("map"));
        }

        Assert.Equal("ok", first.Ask("write 77"));
        Assert.Equal("77", second.Ask("read"));
    }

    [Fact]
    public void An_importer_that_no_rule_trusts_is_refused_and_the_log_names_it()
    {
        using var host = Secure(Rule(Stranger), Rule(TestHost.Us.UserId, "/usr/bin/camera"));
        using var owner = host.Connect();
        using var buffer = owner.Allocate("secure");
        using var importer = new ImporterProcess(host);
        importer.Give(buffer);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("EPERM importer-denied", importer.Ask("map"));

        var program = ProgramOf(importer.Id);
        Assert.Contains(host.Log, line =>
            line.Contains($"was refused to process {importer.Id} of user {TestHost.Us.UserId} ({program}): ", StringComparison.Ordinal)
            && line.Contains($"is trusted with certain executables only, and it runs {program} ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_rule_may_ask_for_the_program_an_importer_runs()
    {
        string program; // what such a process runs, as one of them says
        using (var any = new TestHost())
        using (var probe = new ImporterProcess(any)) program = ProgramOf(probe.Id);
        using var host = Secure(Rule(TestHost.Us.UserId, "/usr/bin/camera", program));
        using var owner = host.Connect();
        using var buffer = owner.Allocate("secure");
        using var importer = new ImporterProcess(host);
        importer.Give(buffer);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("ok 0+4096:ReadWrite", importer.Ask("map"));
    }

    [Fact]
    public void A_mapping_that_outlives_its_secret_buffer_keeps_the_memory_and_is_reported()
    {
        using var host = Secure(Rule(TestHost.Us.UserId));
        using var owner = host.Connect();
        using var importer = new ImporterProcess(host);
        using (var buffer = owner.Allocate("secure")) importer.Give(buffer);
        foreach (var order in new[] { "attach", "map", "hold 88", "unmap", "detach", "close" }) Assert.StartsWith("ok", importer.Ask(order), StringComparison.Ordinal);
        host.AssertNothingIsHeld("secure");

        Assert.Equal("88", importer.Ask("held"));
        Assert.Contains(host.Log, line => line.Contains("is gone; its memory was given to process " + importer.Id, StringComparison.Ordinal) && line.Contains("still running"));
        using var next = owner.Allocate("secure");
        using var other = new ImporterProcess(host);
        other.Give(next);
        Assert.Equal("ok", other.Ask("attach"));
        Assert.Equal("ok 0+4096:ReadWrite", other.Ask("map"));
        Assert.Equal("0", other.Ask("read")); // never the memory of another buffer
        Assert.Equal("88", importer.Ask("held"));
    }

    [Fact]
    public void Attach_time_memory_comes_with_the_first_map_and_is_one_for_all()
    {
        using var host = With("late", context => new AttachTimeHeap(context, new AttachTimeHeapOptions()));
        using var buffer = host.Host.Allocate(new BufferRequest { Heap = "late", Length = 16384, Caller = TestHost.Us, ExpectedImporters = 2 });
        using var first = new ImporterProcess(host);
        using var second = new ImporterProcess(host);
        foreach (var importer in new[] { first, second }) importer.Give(buffer.Handle);

        Assert.Equal("ok", first.Ask("attach cached"));
        Assert.Equal("EAGAIN importers-missing", first.Ask("map"));
        Assert.Equal("ok", second.Ask("attach segment=4096"));
        Assert.Equal("ok 0+16384:ReadWrite", first.Ask("map"));
        Assert.Equal("ok", first.Ask("write 99"));
        Assert.Equal("ok 0+4096:ReadOnly 4096+4096:ReadOnly 8192+4096:ReadOnly 12288+4096:ReadOnly", second.Ask("map to"));
        Assert.Equal("99 0 0 0", second.Ask("read"));

        using var late = new ImporterProcess(host);
        late.Give(buffer.Handle);
        Assert.Equal("EBUSY constraints-conflict", late.Ask("attach uncached"));
        var why = late.Ask("why")!;
        Assert.All(new[] { first, late }, importer => Assert.Contains($"process {importer.Id} of user", why));
        Assert.Equal("ok", late.Ask("attach"));
        Assert.Equal("ok 0+16384:ReadWrite", late.Ask("map"));
        Assert.Equal("99", late.Ask("read"));
    }

    [Fact]
    public void Attach_time_memory_goes_with_its_buffer_when_the_last_importer_dies()
    {
        using var host = With("late", context => new AttachTimeHeap(context, new AttachTimeHeapOptions()));
        using var importer = new ImporterProcess(host);
        using (var buffer = host.Allocate(heap: "late")) importer.Give(buffer.Handle);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("ok 0+4096:ReadWrite", importer.Ask("map"));
        importer.Kill();
        host.AssertNothingIsHeld("late");
    }

    [Fact]
    public void A_range_of_a_file_is_given_with_its_offset_to_an_importer_trusted_with_the_file()
    {
        var path = _directory["memory"];
        File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)0x5A, 64 << 10)]);
        using var host = With("region", context => new RegionHeap(context, new RegionHeapOptions
        {
            Path = path, Offset = new ByteSize(8192), Size = new ByteSize(32 << 10), Importers = [new RegionImporterRule { Users = [TestHost.Us.UserId] }],
        }));
        using var before = host.Allocate(4096, "region");
        using var buffer = host.Allocate(8192, "region");
        Assert.Equal(Errno.EACCES, MemoryMapping.TryMap(buffer.Handle, 0, 4096, MapProtection.Read, populate: false, alignment: 0, out _)); // clients see a stand-in
        using var importer = new ImporterProcess(host);
        importer.Give(buffer.Handle);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("ok 16384+8192:ReadWrite", importer.Ask("map"));
        Assert.Equal("0", importer.Ask("read"));
        Assert.Equal("ok", importer.Ask("write 66"));

        var bytes = File.ReadAllBytes(path);
        Assert.Equal((66, 0, 0x5A), (bytes[16384], bytes[16385], bytes[16384 + 8192]));
    }

    [Fact]
    public void A_range_of_a_file_is_refused_to_who_is_not_trusted_with_the_file()
    {
        var path = _directory["memory"];
        File.WriteAllBytes(path, new byte[64 << 10]);
        using var host = With("region", context => new RegionHeap(context, new RegionHeapOptions
        {
            Path = path, Size = new ByteSize(64 << 10), Importers = [new RegionImporterRule { Users = [Stranger] }],
        }));
        using var buffer = host.Allocate(heap: "region");
        using var importer = new ImporterProcess(host);
        importer.Give(buffer.Handle);
        Assert.Equal("ok", importer.Ask("attach"));
        Assert.Equal("EPERM importer-denied", importer.Ask("map"));
        Assert.Contains(host.Log, line => line.Contains($"A range of {path} was refused to process {importer.Id} of user {TestHost.Us.UserId}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_region_that_one_host_has_is_another_hosts_once_the_first_has_ended()
    {
        var path = _directory["memory"];
        File.WriteAllBytes(path, new byte[64 << 10]);
        IHeap Region(IHeapContext context) => new RegionHeap(context, new RegionHeapOptions { Path = path, Size = new ByteSize(64 << 10) });
        using var first = With("region", Region);
        first.Allocate(heap: "region").Dispose();
        using var second = With("region", Region);
        var refusal = second.Refused(heap: "region");
        Assert.Equal((HeapErrno.Busy, HeapCause.RangeInUse), (refusal.Errno, refusal.Cause));
        Assert.Contains(second.Log, line => line.Contains("nothing can be allocated until that heap has given it up", StringComparison.Ordinal));

        first.Dispose();
        second.Allocate(heap: "region").Dispose();
    }

    private static string ProgramOf(int process) => File.ResolveLinkTarget($"/proc/{process}/exe", returnFinalTarget: false)!.FullName;

    private static ImporterRule Rule(uint user, params string[] executables) => new() { Users = [user], Executables = executables };

    private static TestHost Secure(params ImporterRule[] rules)
    {
        Assert.SkipUnless(SecretMemory.IsAvailable, "this kernel has no secret memory (memfd_secret)");
        return With("secure", context => new SecureHeap(context, new SecureHeapOptions { Importers = rules }));
    }

    private static TestHost With(string name, Func<IHeapContext, IHeap> create) =>
        new(options => options with { Heaps = [.. options.Heaps, new HeapDefinition { Name = name, Create = create }] });
}
