using System.Buffers.Binary;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>UDMABUF_CREATE, and what /dev/udmabuf does not have.</summary>
public sealed class UdmabufCallTests
{
    private readonly World _world = new();

    [Theory]
    [InlineData(0u, false)]
    [InlineData(1u, true)]
    [InlineData(0xFFFF_FFFEu, false)] // the kernel ignores other flags
    public void The_result_is_the_new_descriptor(uint flags, bool closeOnExec)
    {
        _world.Put(Range(0, 8192, flags));
        _world.AssertResult(_world.OnUdmabuf(KnownIoctls.UdmabufCreate));
        Assert.Equal(closeOnExec, _world.Caller.LastCloseOnExec);
        Assert.Equal((0UL, 8192UL), _world.Backend.LastRange);
        Assert.True(_world.Caller.TakenTarget!.IsClosed);
    }

    [Theory]
    [InlineData(1, 4096), InlineData(4095, 4096), InlineData(0, 4097), InlineData(0, 1), InlineData(0, 0), InlineData(4096, 0), InlineData(0, (64 << 20) + 4096)]
    [InlineData(0, -4096)]
    public void A_range_that_is_not_of_whole_pages_or_none_or_too_long_is_EINVAL_before_the_memfd_is_looked_at(long offset, long length)
    {
        _world.Put(Range((ulong)offset, (ulong)length));
        _world.Caller.Target = Errno.EBADF;
        _world.AssertRefused(Errno.EINVAL, () => _world.OnUdmabuf(KnownIoctls.UdmabufCreate));
        Assert.Null(_world.Backend.LastRange);
    }

    [Theory]
    [InlineData(Errno.EBADF, RefusalCause.BadRequest), InlineData(Errno.EINVAL, RefusalCause.BadRequest), InlineData(Errno.ENOTTY, RefusalCause.NoUdmabuf)]
    public void What_the_memfd_is_not_good_for_is_told(Errno errno, string cause)
    {
        _world.Put(Range(0, 4096));
        _world.Backend.Answer = new BackendAnswer(errno, null, null);
        _world.AssertRefused(errno, () => _world.OnUdmabuf(KnownIoctls.UdmabufCreate));
        Assert.Equal(cause, _world.Backend.Refusals![0].Answer.Cause);
    }

    [Fact]
    public void A_closed_descriptor_is_EBADF_a_full_table_EMFILE_and_a_bad_address_EFAULT()
    {
        _world.AssertRefused(Errno.EFAULT, () => _world.OnUdmabuf(KnownIoctls.UdmabufCreate, address: 8));
        _world.Put(Range(0, 4096));
        var closed = new World(new FakeCaller { Effects = [], Target = Errno.EBADF });
        closed.Put(Range(0, 4096));
        closed.AssertRefused(Errno.EBADF, () => closed.OnUdmabuf(KnownIoctls.UdmabufCreate));
        var full = new World(new FakeCaller { Effects = [], HasRoom = false });
        full.Put(Range(0, 4096));
        full.AssertRefused(Errno.EMFILE, () => full.OnUdmabuf(KnownIoctls.UdmabufCreate));
    }

    [Fact]
    public void A_list_is_ENOTTY_and_the_reason_told()
    {
        _world.AssertRefused(Errno.ENOTTY, () => _world.OnUdmabuf(KnownIoctls.UdmabufCreateList));
        Assert.Equal(RefusalCause.NoUdmabuf, _world.Backend.Refusals![0].Answer.Cause);
    }

    [Theory]
    [InlineData(KnownIoctls.Allocate), InlineData(KnownIoctls.Sync), InlineData(0u), InlineData(0xC0187542u)]
    public void Anything_else_is_ENOTTY(uint number) => _world.AssertRefused(Errno.ENOTTY, () => _world.OnUdmabuf(number));

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2)]
    public void A_caller_that_is_gone_gets_no_answer_and_no_descriptor(int stepsToLive)
    {
        _world.Put(Range(0, 4096));
        _world.Caller.StepsToLive = stepsToLive;
        Assert.Equal(KernelAnswer.Drop, _world.OnUdmabuf(KnownIoctls.UdmabufCreate));
        Assert.Equal(0, _world.Caller.Installed);
        Assert.True(_world.Backend.LastHandle is null or { IsClosed: true });
    }

    [Fact]
    public void Such_a_buffer_is_synced_and_named_without_asking_any_heap()
    {
        _world.Put(BitConverter.GetBytes(3UL));
        _world.AssertDone(_world.OnBuffer(KnownIoctls.Sync, traits: BufferTraits.OfProgram));
        _world.Put("name\0"u8);
        _world.AssertDone(_world.OnBuffer(KnownIoctls.SetNameB, traits: BufferTraits.OfProgram));
        Assert.Equal(0, _world.Backend.Calls);
    }

    private static byte[] Range(ulong offset, ulong length, uint flags = 0)
    {
        var bytes = new byte[UdmabufData.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 7);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), length);
        return bytes;
    }
}
