using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class SecureHeapTests
{
    private const string Camera = "/usr/bin/camera";

    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_assembly_declares_a_heap_of_unmappable_buffers_and_its_options()
    {
        Assert.Equal(typeof(SecureHeapOptions), Declaration(typeof(SecureHeap)).Options);
        Assert.Equal(HeapCapabilities.Unmappable, Capabilities(typeof(SecureHeap)));
    }

    [Fact]
    public void Without_secret_memory_the_heap_does_not_start_and_passes_on_why()
    {
        _context.Memory.Capabilities = _context.Memory.Capabilities with { SecretMemory = false, SecretMemoryReason = "the kernel is too old" };

        var refusal = Refuses(() => Heap(), HeapErrno.NoDevice, HeapCause.NoSecretMemory);

        Assert.Contains("the kernel is too old", refusal.Message);
    }

    [Fact]
    public void A_buffer_is_opaque_with_secret_memory_behind_it_and_refuses_every_way_in()
    {
        using var heap = Heap();
        var buffer = heap.Allocate(64 << 10);

        var request = Assert.Single(_context.Memory.OpaqueRequests);
        Assert.Equal((64L << 10, OpaqueBacking.Secret), (request.Length, request.Backing));
        Assert.Equal((64L << 10, MmapPolicy.Refused), (buffer.Length, buffer.MmapPolicy));
        Refuses(() => buffer.Map(Attach(buffer, user: 0), DataDirection.FromDevice), HeapErrno.NotPermitted, HeapCause.ImporterDenied);
        Refuses(() => buffer.Vmap(), HeapErrno.NotSupported, HeapCause.AccessDenied);
    }

    [Fact]
    public void A_refusal_of_the_memory_service_passes_through()
    {
        using var heap = Heap();
        var refusal = new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, "no descriptor left");
        _context.Memory.Failure = refusal;

        Assert.Same(refusal, Assert.Throws<HeapException>(() => heap.Allocate(4096)));
    }

    [Theory]
    [InlineData(1000, 1, new uint[0], "", true)] // by user
    [InlineData(1001, 44, new uint[0], "", true)] // by group
    [InlineData(1001, 1, new uint[] { 7, 44 }, "", true)] // by supplementary group
    [InlineData(2000, 1, new uint[0], Camera, true)] // by user and executable
    [InlineData(2000, 1, new uint[0], "/usr/bin/other", false)]
    [InlineData(2000, 1, new uint[0], "", false)] // unknown is not trusted
    [InlineData(1001, 1, new uint[0], Camera, false)] // an executable alone grants nothing
    [InlineData(0, 0, new uint[0], Camera, false)] // nor does being root
    public void Memory_is_given_by_user_or_group_and_an_executable_only_narrows(uint user, uint group, uint[] groups, string executable, bool given)
    {
        using var heap = Heap(
            new ImporterRule { Users = [1000] },
            new ImporterRule { Groups = [44] },
            new ImporterRule { Users = [2000], Executables = [Camera] });
        var buffer = heap.Allocate(3 * 4096);
        var attachment = Attach(buffer, user, group, groups, executable);

        if (!given)
        {
            Refuses(() => buffer.Map(attachment, DataDirection.Bidirectional), HeapErrno.NotPermitted, HeapCause.ImporterDenied);
            return;
        }

        var segment = Assert.Single(buffer.Map(attachment, DataDirection.Bidirectional));
        Assert.Equal((buffer.Memory, 0L, 3L * 4096), (segment.Memory, segment.Offset, segment.Length));
        Assert.Empty(_context.Entries);
    }

    [Fact]
    public void A_denial_is_logged_with_who_and_why()
    {
        using var heap = Heap(new ImporterRule { Users = [2000], Executables = [Camera] });
        var buffer = heap.Allocate(4096);

        Assert.Throws<HeapException>(() => buffer.Map(Attach(buffer, user: 1000), DataDirection.ToDevice));
        Assert.Throws<HeapException>(() => buffer.Map(Attach(buffer, user: 2000, executable: "/bin/cat"), DataDirection.ToDevice));

        Assert.Collection(
            _context.Entries,
            entry => Assert.EndsWith("was refused to process 4711 of user 1000: neither user 1000 nor one of its groups is among the configured importers", entry.Message),
            entry => Assert.EndsWith("was refused to process 4711 of user 2000 (/bin/cat): user 2000 is trusted with certain executables only, and it runs /bin/cat", entry.Message));
        Assert.All(_context.Entries, entry => Assert.Equal((HeapLogLevel.Warning, new LogField("ProcessId", 4711)), (entry.Level, entry.Fields[0])));
    }

    [Fact]
    public void The_release_of_a_buffer_warns_of_importers_that_still_run()
    {
        using var heap = Heap(new ImporterRule { Users = [1000] });
        var buffer = heap.Allocate(4096);
        var attachment = Attach(buffer, user: 1000, process: Environment.ProcessId);
        buffer.Map(attachment, DataDirection.ToDevice);
        buffer.Map(attachment, DataDirection.ToDevice);
        buffer.Map(Attach(buffer, user: 1000, process: int.MaxValue), DataDirection.ToDevice); // never ran, so it has ended

        heap.Free(buffer);

        var entry = Assert.Single(_context.Entries);
        Assert.Equal(HeapLogLevel.Warning, entry.Level);
        Assert.EndsWith($"was given to process {Environment.ProcessId} of user 1000, still running, and may have it mapped: the kernel frees it once they let go", entry.Message);
    }

    [Fact]
    public void Importers_that_have_ended_are_told_without_a_warning_and_a_buffer_nobody_had_not_at_all()
    {
        using var heap = Heap(new ImporterRule { Users = [1000] });
        heap.Free(heap.Allocate(4096));
        Assert.Empty(_context.Entries);

        var buffer = heap.Allocate(4096);
        buffer.Map(Attach(buffer, user: 1000, process: int.MaxValue), DataDirection.ToDevice);
        heap.Free(buffer);

        Assert.Equal(HeapLogLevel.Information, Assert.Single(_context.Entries).Level);
    }

    [Fact]
    public void A_rule_that_grants_nobody_or_names_no_absolute_path_is_an_error_of_the_configuration()
    {
        Assert.Equal("", Assert.Single(new ImporterRule().Check()).Property);
        Assert.Equal(nameof(ImporterRule.Executables), Assert.Single(new ImporterRule { Executables = [Camera] }.Check()).Property);
        Assert.Contains("\"camera\"", Assert.Single(new ImporterRule { Users = [0], Executables = [Camera, "camera"] }.Check()).Message);
    }

    private SecureHeap Heap(params ImporterRule[] rules) => new(_context, new SecureHeapOptions { Importers = rules });

    private static BufferAttachment Attach(
        HeapBuffer buffer, uint user, uint group = 1, uint[]? groups = null, string executable = "", int process = 4711) =>
        buffer.Attach(new AttachRequest { Importer = new Caller(user, group, process, groups ?? [], ""), ImporterExecutable = executable });
}
