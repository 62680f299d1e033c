using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

/// <summary>A place holds one descriptor after another, closes each once and never forgets one.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class ReusableDescriptorTests
{
    private const string Link = "/memfd:place";

    [Fact]
    public void A_place_is_filled_cleared_and_filled_again()
    {
        using var place = new ReusableDescriptor();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(place.IsInvalid);
            Assert.Equal(Errno.None, Memfd.TryCreate("place", MemfdFlags.CloseOnExec, place));
            Assert.Equal(Errno.None, FileSpace.TrySetLength(place, 4096));
            Assert.Equal(4096, FileStatus.Of(place).Length);
            Assert.Equal(1, OpenDescriptors.Count(Link));
            place.Clear();
            Assert.Equal(0, OpenDescriptors.Count(Link));
        }

        place.Clear(); // nothing to do
    }

    [Fact]
    public void A_descriptor_moves_and_is_closed_where_it_went()
    {
        using var first = new ReusableDescriptor();
        using var second = new ReusableDescriptor();
        Memfd.TryCreate("place", MemfdFlags.CloseOnExec, first);
        var inode = FileStatus.Of(first).Inode;
        second.TakeFrom(first);
        Assert.True(first.IsInvalid);
        Assert.Equal(inode, FileStatus.Of(second).Inode);
        using (var handle = second.ToFileHandle())
        {
            Assert.True(second.IsInvalid);
            Assert.Equal(inode, FileStatus.Of(handle).Inode);
            Assert.Equal(Errno.None, DescriptorReopen.TryOpen(handle, FileAccessMode.ReadOnly, closeOnExec: true, first));
            Assert.Equal(Errno.None, DescriptorFlags.TryDuplicate(first, second));
            Assert.Equal((inode, FileAccessMode.ReadOnly), (FileStatus.Of(second).Inode, DescriptorFlags.GetAccessMode(second)));
        }

        first.Clear();
        second.Clear();
        Assert.Equal(0, OpenDescriptors.Count(Link));
    }

    [Fact]
    public void A_place_that_is_taken_takes_no_other_and_an_empty_one_gives_none()
    {
        using var place = new ReusableDescriptor();
        using var other = new ReusableDescriptor();
        Assert.Throws<InvalidOperationException>(() => place.ToFileHandle());
        Memfd.TryCreate("place", MemfdFlags.CloseOnExec, place);
        Memfd.TryCreate("place too", MemfdFlags.CloseOnExec, other);
        Assert.Throws<InvalidOperationException>(() => place.TakeFrom(other));
        Assert.False(other.IsInvalid);
    }

    // What Dispose has closed may be another file by then.
    [Fact]
    public void A_place_that_is_used_up_closes_nothing_a_second_time_and_takes_nothing()
    {
        var place = new ReusableDescriptor();
        Memfd.TryCreate("place", MemfdFlags.CloseOnExec, place);
        var number = (int)place.DangerousGetHandle();
        place.Dispose();
        using var next = new ReusableDescriptor();
        Memfd.TryCreate("place", MemfdFlags.CloseOnExec, next);
        Assert.Equal(number, (int)next.DangerousGetHandle()); // the lowest that is free
        Assert.Throws<ObjectDisposedException>(place.Clear);
        Assert.Throws<ObjectDisposedException>(() => place.TakeFrom(next));
        using var empty = new ReusableDescriptor();
        Assert.Throws<ObjectDisposedException>(() => empty.TakeFrom(place));
        Assert.Equal(1, OpenDescriptors.Count(Link));
        place.Dispose();
        Assert.Equal(1, OpenDescriptors.Count(Link));
    }

    [Fact]
    public void What_is_in_use_while_its_place_is_disposed_is_closed_when_that_is_over()
    {
        var place = new ReusableDescriptor();
        Memfd.TryCreate("place", MemfdFlags.CloseOnExec, place);
        using (new BorrowedDescriptor(place))
        {
            place.Dispose();
            Assert.Equal(1, OpenDescriptors.Count(Link));
        }

        Assert.Equal(0, OpenDescriptors.Count(Link));
    }

    [Fact]
    public void What_cannot_be_opened_leaves_a_place_empty()
    {
        using var place = new ReusableDescriptor();
        Assert.Equal(Errno.EINVAL, Memfd.TryCreate(new string('x', Memfd.MaxNameLength + 1), MemfdFlags.CloseOnExec, place));
        Assert.True(place.IsInvalid);
    }

    [Fact]
    public void What_was_forgotten_is_closed_by_the_finalizer()
    {
        Forget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(0, OpenDescriptors.Count(Link));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget()
        {
            var place = new ReusableDescriptor();
            Memfd.TryCreate("place", MemfdFlags.CloseOnExec, place);
            Assert.False(place.IsInvalid);
        }
    }
}
