using System.Buffers.Binary;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>ALLOC in the order of the kernel's checks.</summary>
public sealed class AllocTests
{
    private const uint CloseOnExec = 0x80000;
    private readonly World _world = new();

    private static ulong Top => ulong.MaxValue - (ulong)Environment.SystemPageSize;

    [Theory]
    [InlineData(0u, FileAccessMode.ReadOnly, false)]
    [InlineData(1u, FileAccessMode.WriteOnly, false)]
    [InlineData(2u | CloseOnExec, FileAccessMode.ReadWrite, true)]
    [InlineData(3u, FileAccessMode.IoctlOnly, false)]
    public void A_descriptor_in_the_mode_asked_for_and_nothing_else_of_the_struct_rewritten(uint flags, FileAccessMode access, bool closeOnExec)
    {
        var asked = World.Allocation(5000, descriptorFlags: flags);
        _world.Put(asked);
        _world.AssertDone(_world.OnNode(World.Alloc()));
        Assert.Equal(new BufferOrder("system", 5000, access, closeOnExec, 0, _world.Caller.Identity), _world.Backend.LastOrder);
        Assert.Equal((1, closeOnExec), (_world.Caller.Installed, _world.Caller.LastCloseOnExec));
        BinaryPrimitives.WriteInt32LittleEndian(asked.AsSpan(8), _world.Caller.LastNumber);
        Assert.Equal(asked, _world.Get(24));
    }

    [Fact]
    public void The_unchanged_struct_is_written_before_the_descriptor_and_its_number_after()
    {
        _world.Put(World.Allocation(4096));
        _world.AssertDone(_world.OnNode(World.Alloc()));
        Assert.Equal(["read 24", "write 24", "install", "write 4"], _world.Caller.Effects!);
    }

    [Theory]
    [InlineData(1), InlineData(255)]
    public void Another_number_is_EINVAL_before_anything_is_read(byte number)
    {
        _world.Caller.Access.AsSpan().Clear();
        _world.AssertRefused(Errno.EINVAL, () => _world.OnNode(IoctlNumber.Make(true, true, 'H', number, 24)));
        Assert.Empty(_world.Caller.Effects!);
    }

    [Theory]
    [InlineData('H'), InlineData('b'), InlineData('\0'), InlineData('\xff')]
    public void Any_type_byte_will_do(char type)
    {
        _world.Put(World.Allocation(4096));
        _world.AssertDone(_world.OnNode(World.Alloc(type: type)));
        Assert.Equal(1, _world.Caller.Installed);
    }

    [Fact]
    public void SYNC_on_a_node_is_an_ALLOC_of_a_few_bytes_whose_descriptor_nobody_learns()
    {
        _world.Put(BitConverter.GetBytes(3UL));
        _world.AssertDone(_world.OnNode(new IoctlNumber(KnownIoctls.Sync)));
        Assert.Equal(3UL, _world.Backend.LastOrder.Length);
        Assert.Equal(["read 8", "install"], _world.Caller.Effects!);
    }

    [Theory]
    [InlineData(1), InlineData(7), InlineData(8), InlineData(9), InlineData(11), InlineData(12), InlineData(16), InlineData(23)]
    public void A_shorter_struct_is_filled_with_zeros_and_told_as_much_as_fits(int size)
    {
        var memory = new byte[32];
        memory.AsSpan().Fill(0xEE); // beyond the struct: neither read nor written
        World.Allocation(1).AsSpan(0, size).CopyTo(memory);
        _world.Put(memory);
        _world.AssertDone(_world.OnNode(World.Alloc(size)));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, _world.Caller.LastNumber);
        number[..Math.Clamp(size - 8, 0, 4)].CopyTo(memory.AsSpan(8));
        Assert.Equal(memory, _world.Get(32));
        Assert.Equal(1UL, _world.Backend.LastOrder.Length);
    }

    [Theory]
    [InlineData(25), InlineData(128), InlineData(129), InlineData(IoctlNumber.MaxSize)]
    public void The_tail_of_a_longer_struct_may_hold_anything_and_stays(int size)
    {
        var memory = new byte[size];
        Random.Shared.NextBytes(memory);
        World.Allocation(4096).CopyTo(memory, 0);
        _world.Put(memory);
        _world.AssertDone(_world.OnNode(World.Alloc(size)));
        BinaryPrimitives.WriteInt32LittleEndian(memory.AsSpan(8), _world.Caller.LastNumber);
        Assert.Equal(memory, _world.Get(size));
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void Without_the_write_bit_nothing_is_read_and_the_length_is_zero(bool reads)
    {
        _world.Put(World.Allocation(4096));
        _world.AssertRefused(Errno.EINVAL, () => _world.OnNode(World.Alloc(writes: false, reads: reads)));
        Assert.Empty(_world.Caller.Effects!);
    }

    [Fact]
    public void A_struct_of_no_bytes_is_not_read() => _world.AssertRefused(Errno.EINVAL, () => _world.OnNode(World.Alloc(size: 0), address: 0));

    [Fact]
    public void Without_the_read_bit_it_succeeds_and_nobody_learns_the_number()
    {
        var asked = World.Allocation(4096);
        _world.Put(asked);
        _world.Caller.Access[1] = PageAccess.Read;
        _world.AssertDone(_world.OnNode(World.Alloc(reads: false)));
        Assert.Equal(1, _world.Caller.Installed);
        Assert.Equal(asked, _world.Get(24));
    }

    [Theory]
    [InlineData(0UL), InlineData(ulong.MaxValue), InlineData(ulong.MaxValue - 23), InlineData(FakeCaller.Start - 1)]
    public void An_unreadable_struct_is_EFAULT(ulong address) => _world.AssertRefused(Errno.EFAULT, () => _world.OnNode(World.Alloc(), address));

    [Fact]
    public void A_struct_that_straddles_an_unreadable_page_is_EFAULT_whatever_it_says()
    {
        var address = FakeCaller.AddressOf(2 * FakeCaller.PageBytes - 20);
        _world.Put(World.Allocation(4096, heapFlags: 1), address);
        _world.Caller.Access[2] = PageAccess.None;
        _world.AssertRefused(Errno.EFAULT, () => _world.OnNode(World.Alloc(), address));
    }

    public static TheoryData<ulong, uint, uint, ulong> Senseless { get; } = new()
    {
        { 4096, 1, 0, 0 }, { 4096, uint.MaxValue, 0, 0 }, // fd
        { 4096, 0, 4, 0 }, { 4096, 0, 0x800, 0 }, { 4096, 0, 0x80000000, 0 }, { 4096, 0, uint.MaxValue, 0 }, // fd_flags
        { 4096, 0, 0, 1 }, { 4096, 0, 0, 1UL << 63 }, // heap_flags
        { 0, 0, 0, 0 }, { ulong.MaxValue, 0, 0, 0 }, { Top + 2, 0, 0, 0 }, // len, and where it wraps around
    };

    [Theory]
    [MemberData(nameof(Senseless))]
    public void A_senseless_struct_is_EINVAL_before_the_heap_is_asked(ulong length, uint descriptor, uint descriptorFlags, ulong heapFlags)
    {
        _world.Put(World.Allocation(length, descriptor, descriptorFlags, heapFlags));
        _world.Caller.Access[1] = PageAccess.Read;
        _world.Caller.HasRoom = false;
        _world.AssertRefused(Errno.EINVAL, () => _world.OnNode(World.Alloc()));
        Assert.Equal(0, _world.Backend.Calls);
    }

    [Fact]
    public void The_largest_length_that_does_not_wrap_around_reaches_the_heap()
    {
        _world.Put(World.Allocation(Top + 1));
        _world.Backend.Answer = new BackendAnswer(Errno.ENOMEM, "buffer-limit", "more than any machine has");
        _world.AssertRefused(Errno.ENOMEM, () => _world.OnNode(World.Alloc()));
        Assert.Equal(Top + 1, _world.Backend.LastOrder.Length);
    }

    [Theory]
    [InlineData(Errno.ENOMEM), InlineData(Errno.EACCES), InlineData(Errno.EINTR), InlineData(Errno.ENODEV), InlineData(Errno.ESRCH), InlineData(Errno.EDQUOT)]
    public void The_heaps_own_refusal_comes_first_and_as_it_is(Errno errno)
    {
        _world.Put(World.Allocation(4096));
        _world.Caller.Access[1] = PageAccess.Read;
        _world.Caller.HasRoom = false;
        _world.Backend.Answer = new BackendAnswer(errno, "because", "it is so");
        _world.AssertRefused(errno, () => _world.OnNode(World.Alloc()));
        Assert.Equal(("DMA_HEAP_IOCTL_ALLOC", "system", _world.Backend.Answer), _world.Backend.Refusals![0]);
    }

    [Theory]
    [InlineData(512), InlineData(-12), InlineData(134), InlineData(int.MinValue)]
    public void What_is_no_errno_of_a_program_arrives_as_EIO(int errno)
    {
        _world.Put(World.Allocation(4096));
        _world.Backend.Answer = new BackendAnswer((Errno)errno, null, null);
        _world.AssertRefused(Errno.EIO, () => _world.OnNode(World.Alloc()));
    }

    [Fact]
    public void A_backend_that_throws_is_EIO_and_one_that_was_cancelled_EINTR()
    {
        _world.Put(World.Allocation(4096));
        _world.Backend.Fault = new InvalidOperationException("it broke");
        _world.AssertRefused(Errno.EIO, () => _world.OnNode(World.Alloc()));
        _world.Backend.Refusals!.Clear();
        _world.Backend.Fault = new OperationCanceledException();
        _world.AssertRefused(Errno.EINTR, () => _world.OnNode(World.Alloc()));
    }

    [Fact]
    public void A_backend_that_says_done_and_gives_nothing_is_EIO()
    {
        _world.Put(World.Allocation(4096));
        _world.Backend.ForgetsTheBuffer = true;
        _world.AssertRefused(Errno.EIO, () => _world.OnNode(World.Alloc()));
    }

    [Fact]
    public void No_free_descriptor_is_EMFILE_and_the_buffer_is_let_go()
    {
        _world.Put(World.Allocation(4096));
        _world.Caller.HasRoom = false;
        _world.AssertRefused(Errno.EMFILE, () => _world.OnNode(World.Alloc()));
        Assert.NotNull(_world.Backend.LastHandle);
    }

    [Fact]
    public void An_unwritable_result_is_EFAULT_and_leaves_no_descriptor()
    {
        _world.Put(World.Allocation(4096));
        _world.Caller.Access[1] = PageAccess.Read;
        _world.AssertRefused(Errno.EFAULT, () => _world.OnNode(World.Alloc()));
        Assert.Equal(["read 24", "write 24"], _world.Caller.Effects!);
    }

    [Fact]
    public void An_unwritable_tail_that_no_buffer_needs_is_EFAULT_too()
    {
        var address = FakeCaller.AddressOf(2 * FakeCaller.PageBytes - 24);
        _world.Put(World.Allocation(4096), address);
        _world.Caller.Access[2] = PageAccess.Read;
        _world.AssertRefused(Errno.EFAULT, () => _world.OnNode(World.Alloc(size: 25), address));
    }

    [Fact]
    public void Without_a_free_descriptor_and_unwritable_it_is_EMFILE()
    {
        _world.Put(World.Allocation(4096));
        _world.Caller.Access[1] = PageAccess.Read;
        _world.Caller.HasRoom = false;
        _world.AssertRefused(Errno.EMFILE, () => _world.OnNode(World.Alloc()));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void A_caller_that_is_gone_at_any_step_gets_no_answer_and_holds_no_buffer_up(int stepsToLive)
    {
        _world.Put(World.Allocation(4096));
        _world.Caller.StepsToLive = stepsToLive;
        Assert.Equal(KernelAnswer.Drop, _world.OnNode(World.Alloc()));
        Assert.True(_world.Backend.LastHandle is null == (stepsToLive == 0) && _world.Backend.LastHandle is null or { IsClosed: true });
        Assert.Empty(_world.Backend.Refusals!);
    }

    [Fact]
    public void A_page_that_another_thread_unmaps_in_between_is_EFAULT_with_the_descriptor_there()
    {
        World world = null!;
        world = new World(new FakeCaller { AfterInstall = () => world.Caller.Access[1] = PageAccess.None });
        world.Put(World.Allocation(4096));
        Assert.Equal(KernelAnswer.Return(Errno.EFAULT), world.OnNode(World.Alloc()));
        Assert.Equal(1, world.Caller.Installed); // documented in docs/kernel-differences.md
    }

    [Fact]
    public void On_a_descriptor_that_is_not_ours_the_kernel_answers()
    {
        Assert.Equal(KernelAnswer.PassThrough, _world.Answers.Answer(default, World.Alloc(), World.Address, _world.Caller, CancellationToken.None));
        Assert.Empty(_world.Caller.Effects!);
    }
}
