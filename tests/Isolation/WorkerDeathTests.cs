using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>A plugin that takes its process along takes nothing else.</summary>
public sealed class WorkerDeathTests
{
    private const string Heaps = """
        "deadly": { "plugin": "DeadlyPlugin", "isolation": "process", "opTimeout": "2s" },
        "neighbour": { "plugin": "SystemHeap", "isolation": "process" },
        "plain": { "plugin": "SystemHeap" }
        """;

    [Theory]
    [InlineData("segfault", "signal 11 (SIGSEGV): deadly: about to write")]
    [InlineData("overflow", "signal 6 (SIGABRT): Stack overflow.")]
    [InlineData("exit", "exited with status 3")]
    [InlineData("unhandled", "signal 6 (SIGABRT): Unhandled exception.")]
    public void A_worker_that_dies_harms_no_other_heap_and_no_byte_that_a_client_holds(string how, string said)
    {
        if (how == "segfault") Assert.SkipUnless(File.Exists(Path.Combine(Builds.Folder("DeadlyPlugin"), "libdeadly.so")), "no C compiler built the library that dies");
        using var heaps = new IsolatedHeaps(Heaps);
        var held = heaps.Allocate("deadly", name: "held");
        var neighbour = heaps.Allocate("neighbour");
        Fill(held, 0xA5);
        Fill(neighbour, 0x5A);
        var (dead, other) = (heaps.Worker("deadly"), heaps.Worker("neighbour"));

        var refusal = heaps.Refused("deadly", name: how);

        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
        heaps.WaitForAnother("deadly", dead);
        Assert.Equal(other, heaps.Worker("neighbour"));
        heaps.Allocate("deadly").Dispose();
        heaps.Allocate("neighbour").Dispose();
        Check(held, 0xA5);
        Check(neighbour, 0x5A);
        Assert.Contains(heaps.Host.Log, line => line.StartsWith("321: Heap deadly lost its worker process", StringComparison.Ordinal) && line.Contains("1 buffers stay", StringComparison.Ordinal));
        held.Dispose();
        neighbour.Dispose();
        heaps.Host.AssertNothingIsHeld("deadly");
    }

    [Fact]
    public void A_worker_that_is_killed_is_replaced_while_its_buffers_live_on_until_their_last_reference_is_gone()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        var held = heaps.Allocate("deadly");
        Fill(held, 0x77);
        var first = heaps.Worker("deadly");
        IsolatedHeaps.Kill(first);
        heaps.WaitForAnother("deadly", first);
        Assert.Equal(1, heaps.Host.Host.Statistics("deadly").Buffers);
        Check(held, 0x77);
        held.Dispose();
        heaps.Host.AssertNothingIsHeld("deadly");
    }

    [Fact]
    public void An_op_that_hangs_ends_its_worker_in_time_and_no_thread_of_the_host_is_lost()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        using var buffer = heaps.Allocate("deadly", name: "attach-hang");
        var worker = heaps.Worker("deadly");
        var refusal = Assert.Throws<HeapException>(() => heaps.Host.Host.Attach(buffer.Handle, AttachConstraints.None, DataDirection.Bidirectional, TestHost.Us));
        Assert.Equal(HeapErrno.InputOutput, refusal.Errno);
        Assert.Contains("did not answer within 2000 ms", refusal.Message, StringComparison.Ordinal);
        heaps.WaitForAnother("deadly", worker);
        Assert.Equal(0, heaps.Host.Host.Core.Registry.Find("deadly").Health.LostThreads);
        Assert.False(heaps.Host.Host.Core.Registry.Find("deadly").Health.IsFaulted);
    }

    [Fact]
    public void A_release_that_kills_its_worker_settles_the_accounts_all_the_same()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        var worker = heaps.Worker("deadly");
        heaps.Allocate("deadly", name: "release-exit").Dispose();
        heaps.WaitForAnother("deadly", worker);
        heaps.Host.AssertNothingIsHeld("deadly");
    }

    [Fact]
    public void What_the_heap_throws_is_its_fault_and_leaves_its_worker_alive()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        var worker = heaps.Worker("deadly");
        var refusal = heaps.Refused("deadly", name: "throw");
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        Assert.Contains("thrown in the worker", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(worker, heaps.Worker("deadly"));
        heaps.Allocate("deadly").Dispose();
    }

    [Fact]
    public async Task A_withdrawn_allocation_ends_by_the_heaps_own_word()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        var worker = heaps.Worker("deadly");
        using var withdrawal = new CancellationTokenSource();
        var waiting = Task.Run(() => Assert.Throws<HeapException>(() =>
            heaps.Host.Host.Allocate(new BufferRequest { Heap = "deadly", Length = 4096, Name = "wait", Caller = TestHost.Us }, withdrawal.Token).Dispose()));
        for (var i = 0; i < 3; i++) heaps.Allocate("deadly").Dispose(); // others go on meanwhile
        Assert.False(waiting.IsCompleted);
        await withdrawal.CancelAsync();
        Assert.Equal(HeapErrno.Interrupted, (await waiting).Errno);
        Assert.Equal(worker, heaps.Worker("deadly"));
    }

    [Fact]
    public async Task Eight_threads_that_allocate_while_workers_die_get_buffers_or_EIO_and_nothing_is_left()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        using var enough = new CancellationTokenSource();
        var outcomes = new System.Collections.Concurrent.ConcurrentDictionary<HeapErrno, int>();
        var threads = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                try
                {
                    using var buffer = heaps.Allocate("deadly");
                    Fill(buffer, 0x11);
                    Check(buffer, 0x11);
                    outcomes.AddOrUpdate(0, 1, static (_, count) => count + 1);
                }
                catch (HeapException refusal)
                {
                    outcomes.AddOrUpdate(refusal.Errno, 1, static (_, count) => count + 1);
                    Thread.Yield();
                }
            }
        }, TaskCreationOptions.LongRunning)).ToArray();
        for (var i = 0; i < 3; i++)
        {
            var worker = heaps.Worker("deadly");
            var before = outcomes.GetValueOrDefault((HeapErrno)0);
            Eventually.True(() => outcomes.GetValueOrDefault((HeapErrno)0) > before + 20, "nobody gets a buffer");
            IsolatedHeaps.Kill(worker);
            heaps.WaitForAnother("deadly", worker);
        }

        await enough.CancelAsync();
        await Task.WhenAll(threads);
        Assert.DoesNotContain(outcomes.Keys, errno => errno is not (0 or HeapErrno.InputOutput));
        heaps.Host.AssertNothingIsHeld("deadly");
    }

    private static void Fill(ExportedBuffer buffer, byte value)
    {
        var bytes = new byte[8192];
        bytes.AsSpan().Fill(value);
        RandomAccess.Write(buffer.Handle, bytes, 0);
    }

    private static void Check(ExportedBuffer buffer, byte value)
    {
        var bytes = new byte[8192];
        Assert.Equal(8192, RandomAccess.Read(buffer.Handle, bytes, 0));
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept(value));
    }
}
