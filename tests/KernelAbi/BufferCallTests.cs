using System.Text;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>SYNC, SET_NAME and the sync file ioctls on a buffer, and what a buffer does not have.</summary>
public sealed class BufferCallTests
{
    private readonly World _world = new();

    public static TheoryData<uint> Unknown { get; } =
    [
        KnownIoctls.Allocate, 0, uint.MaxValue, KnownIoctls.UdmabufCreate,
        IoctlNumber.Make(true, true, 'b', 0, 8).Value, // SYNC, with another direction,
        IoctlNumber.Make(false, true, 'b', 0, 8).Value,
        IoctlNumber.Make(true, false, 'b', 0, 4).Value, // with another size,
        IoctlNumber.Make(true, false, 'b', 0, 16).Value,
        IoctlNumber.Make(true, false, 'H', 0, 8).Value, // of another type
        IoctlNumber.Make(true, false, 'b', 1, 16).Value, // SET_NAME is of 4 and 8 bytes
        IoctlNumber.Make(true, true, 'b', 1, 8).Value,
        IoctlNumber.Make(true, false, 'b', 2, 8).Value, // EXPORT with IMPORT's direction, and the other way round
        IoctlNumber.Make(true, true, 'b', 3, 8).Value,
        IoctlNumber.Make(true, false, 'b', 4, 8).Value,
    ];

    [Theory]
    [MemberData(nameof(Unknown))]
    public void Anything_else_is_ENOTTY_and_nothing_is_read(uint number)
    {
        _world.AssertRefused(Errno.ENOTTY, () => _world.OnBuffer(number));
        Assert.Empty(_world.Caller.Effects!);
    }

    [Theory]
    [InlineData(KnownIoctls.UdmabufCreate)]
    [InlineData(KnownIoctls.UdmabufCreateList)]
    public void A_buffer_of_memfds_is_refused_as_by_the_kernel_and_the_reason_told(uint number)
    {
        Assert.Equal(KernelAnswer.Return(Errno.ENOTTY), _world.OnBuffer(number));
        Assert.Equal(KernelAnswer.Return(Errno.EINVAL), _world.OnNode(new IoctlNumber(number)));
        Assert.All(_world.Backend.Refusals!, refusal => Assert.Equal(RefusalCause.NoUdmabuf, refusal.Answer.Cause));
        Assert.Equal(KernelAnswer.PassThrough, _world.Answers.Answer(CallTarget.Foreign, new IoctlNumber(number), World.Address, _world.Caller, CancellationToken.None));
    }

    [Fact]
    public void Every_valid_SYNC_of_a_buffer_without_hooks_succeeds_and_asks_nobody()
    {
        foreach (var flags in new ulong[] { 1, 2, 3, 5, 6, 7 })
        {
            _world.Put(BitConverter.GetBytes(flags));
            _world.AssertDone(_world.OnBuffer(KnownIoctls.Sync));
        }

        Assert.Equal(0, _world.Backend.Calls);
        Assert.Null(_world.Caller.TakenTarget);
    }

    [Fact]
    public void SYNC_of_a_buffer_without_hooks_makes_no_garbage()
    {
        var world = new World(new FakeCaller());
        world.Put(BitConverter.GetBytes(3UL));
        Assert.True(Sync(100) is var _ && Sync(1000) == 0, "SYNC allocates");

        long Sync(int times)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < times; i++) world.OnBuffer(KnownIoctls.Sync);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Theory]
    [InlineData(1, CpuAccessChange.Read)]
    [InlineData(6, CpuAccessChange.Write | CpuAccessChange.End)]
    [InlineData(7, CpuAccessChange.Read | CpuAccessChange.Write | CpuAccessChange.End)] // an END that nothing began
    public void SYNC_of_a_buffer_with_hooks_reaches_them(ulong flags, CpuAccessChange access)
    {
        _world.Put(BitConverter.GetBytes(flags));
        _world.AssertDone(_world.OnBuffer(KnownIoctls.Sync, traits: BufferTraits.CpuAccessHooks));
        Assert.Equal(access, _world.Backend.LastAccess);
        Assert.True(_world.Caller.TakenTarget!.IsClosed);
    }

    [Theory]
    [InlineData(0UL), InlineData(4UL), InlineData(8UL), InlineData(9UL), InlineData(1UL | 1UL << 32), InlineData(ulong.MaxValue)]
    public void SYNC_with_an_unknown_bit_or_neither_READ_nor_WRITE_is_EINVAL(ulong flags)
    {
        _world.Put(BitConverter.GetBytes(flags));
        _world.AssertRefused(Errno.EINVAL, () => _world.OnBuffer(KnownIoctls.Sync, traits: BufferTraits.CpuAccessHooks));
        Assert.Equal(0, _world.Backend.Calls);
    }

    [Fact]
    public void SYNC_that_cannot_be_read_is_EFAULT() => _world.AssertRefused(Errno.EFAULT, () => _world.OnBuffer(KnownIoctls.Sync, address: 0));

    [Fact]
    public void What_a_hook_answers_is_what_SYNC_answers()
    {
        _world.Put(BitConverter.GetBytes(1UL));
        _world.Backend.Answer = new BackendAnswer(Errno.EIO, "heap-fault", "the hook failed");
        _world.AssertRefused(Errno.EIO, () => _world.OnBuffer(KnownIoctls.Sync, traits: BufferTraits.CpuAccessHooks));
        Assert.True(_world.Caller.TakenTarget!.IsClosed);
    }

    [Theory]
    [InlineData(Errno.EBADF)]
    public void A_descriptor_closed_meanwhile_is_what_the_kernel_says_of_it(Errno errno)
    {
        _world.Put(BitConverter.GetBytes(1UL));
        _world.Caller.Target = errno;
        _world.AssertRefused(errno, () => _world.OnBuffer(KnownIoctls.Sync, traits: BufferTraits.CpuAccessHooks));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(30), InlineData(31)]
    public void A_name_of_up_to_31_characters_arrives_by_either_number(int length)
    {
        foreach (var number in new[] { KnownIoctls.SetNameA, KnownIoctls.SetNameB })
        {
            var name = new string('n', length);
            _world.Put(Encoding.ASCII.GetBytes(name + "\0rest"));
            _world.AssertDone(_world.OnBuffer(number));
            Assert.Equal(name, _world.Backend.LastName);
            Assert.True(_world.Caller.TakenTarget!.IsClosed);
        }
    }

    [Theory]
    [InlineData(32), InlineData(33), InlineData(4000)]
    public void A_longer_name_is_EINVAL(int length)
    {
        _world.Put(Encoding.ASCII.GetBytes(new string('n', length) + "\0"), FakeCaller.Start);
        _world.AssertRefused(Errno.EINVAL, () => _world.OnBuffer(KnownIoctls.SetNameB, FakeCaller.Start));
        Assert.Null(_world.Backend.LastName);
    }

    [Fact]
    public void A_name_may_end_with_its_page()
    {
        var address = FakeCaller.AddressOf(FakeCaller.PageBytes - 5);
        _world.Put("good\0"u8, address);
        _world.Caller.Access[1] = PageAccess.None;
        _world.AssertDone(_world.OnBuffer(KnownIoctls.SetNameB, address));
        Assert.Equal("good", _world.Backend.LastName);
    }

    [Fact]
    public void A_name_may_cross_a_page_and_a_long_one_that_does_is_EINVAL()
    {
        var address = FakeCaller.AddressOf(FakeCaller.PageBytes - 5);
        _world.Put("across it\0"u8, address);
        _world.AssertDone(_world.OnBuffer(KnownIoctls.SetNameA, address));
        Assert.Equal("across it", _world.Backend.LastName);
        _world.Put(Encoding.ASCII.GetBytes(new string('n', 32)), address);
        _world.AssertRefused(Errno.EINVAL, () => _world.OnBuffer(KnownIoctls.SetNameA, address));
    }

    [Fact]
    public void A_name_that_runs_into_an_unreadable_page_is_EFAULT()
    {
        var address = FakeCaller.AddressOf(FakeCaller.PageBytes - 5);
        _world.Put("cut off"u8, address);
        _world.Caller.Access[1] = PageAccess.None;
        _world.AssertRefused(Errno.EFAULT, () => _world.OnBuffer(KnownIoctls.SetNameB, address));
    }

    [Theory]
    [InlineData(0UL), InlineData(ulong.MaxValue), InlineData(ulong.MaxValue - 4095)]
    public void A_name_at_a_bad_address_is_EFAULT(ulong address) => _world.AssertRefused(Errno.EFAULT, () => _world.OnBuffer(KnownIoctls.SetNameB, address));

    [Fact]
    public void A_name_of_any_bytes_becomes_one_that_a_host_can_keep()
    {
        _world.Put([0xC3, 0xA9, 0]); // é
        _world.AssertDone(_world.OnBuffer(KnownIoctls.SetNameB));
        Assert.Equal("é", _world.Backend.LastName);
        _world.Put([.. Enumerable.Repeat((byte)0xFF, 31), 0]);
        _world.AssertDone(_world.OnBuffer(KnownIoctls.SetNameB));
        Assert.Equal(new string('?', 31), _world.Backend.LastName);
    }

    [Theory]
    [InlineData(1u), InlineData(2u), InlineData(3u)]
    public void EXPORT_gives_a_signalled_sync_file_that_exec_closes(uint flags)
    {
        _world.Put(World.SyncFile(flags));
        _world.AssertDone(_world.OnBuffer(KnownIoctls.ExportSyncFile));
        Assert.Equal((1, true), (_world.Caller.Installed, _world.Caller.LastCloseOnExec));
        Assert.Equal(World.SyncFile(flags, _world.Caller.LastNumber), _world.Get(8));
    }

    [Theory]
    [InlineData(KnownIoctls.ExportSyncFile, 0u), InlineData(KnownIoctls.ExportSyncFile, 4u), InlineData(KnownIoctls.ExportSyncFile, 7u)]
    [InlineData(KnownIoctls.ImportSyncFile, 0u), InlineData(KnownIoctls.ImportSyncFile, 4u), InlineData(KnownIoctls.ImportSyncFile, uint.MaxValue)]
    public void A_sync_file_ioctl_without_valid_flags_is_EINVAL_whether_or_not_there_are_sync_files(uint number, uint flags)
    {
        _world.Put(World.SyncFile(flags));
        _world.Backend.SyncFileErrno = Errno.ENOTTY;
        _world.AssertRefused(Errno.EINVAL, () => _world.OnBuffer(number));
    }

    [Theory]
    [InlineData(KnownIoctls.ExportSyncFile), InlineData(KnownIoctls.ImportSyncFile)]
    public void A_sync_file_ioctl_that_cannot_be_read_is_EFAULT(uint number) => _world.AssertRefused(Errno.EFAULT, () => _world.OnBuffer(number, address: 8));

    [Fact]
    public void EXPORT_where_no_sync_file_can_be_had_is_ENOTTY()
    {
        _world.Put(World.SyncFile(3));
        _world.Backend.SyncFileErrno = Errno.ENOTTY;
        _world.AssertRefused(Errno.ENOTTY, () => _world.OnBuffer(KnownIoctls.ExportSyncFile));
    }

    [Theory]
    [InlineData(true, Errno.EFAULT), InlineData(false, Errno.EMFILE)]
    public void EXPORT_whose_result_cannot_be_written_leaves_no_descriptor(bool hasRoom, Errno errno)
    {
        _world.Put(World.SyncFile(1));
        _world.Caller.Access[1] = PageAccess.Read;
        _world.Caller.HasRoom = hasRoom;
        _world.AssertRefused(errno, () => _world.OnBuffer(KnownIoctls.ExportSyncFile));
    }

    [Theory]
    [InlineData((int)SyncFileState.NotOne, Errno.EINVAL), InlineData((int)SyncFileState.Signalled, Errno.None), InlineData((int)SyncFileState.Pending, Errno.ENOTTY)]
    public void IMPORT_takes_a_sync_file_that_nobody_waits_for(int state, Errno errno)
    {
        _world.Put(World.SyncFile(1, 9));
        _world.Caller.SyncFile = (SyncFileState)state;
        Assert.Equal(KernelAnswer.Return(errno), _world.OnBuffer(KnownIoctls.ImportSyncFile));
    }
}
