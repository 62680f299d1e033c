using DmaHeap;
using DmaHeap.Testing;
using Xunit;

namespace HeapNamespace.Tests;

/// <summary>What is this heap's own. The host in these tests is a real one, in this process; the buffers are real, too.</summary>
public sealed class HeapClassTests
{
    [Fact]
    public async Task A_buffer_is_at_least_as_long_as_asked()
    {
        await using var host = DmaHeapTestHost.Start("heap-name", context => new HeapClass(context, new HeapClassOptions()));
        using var buffer = host.Allocate("heap-name", 5000, "frame", TestContext.Current.CancellationToken);

        Assert.True(buffer.Length >= 5000);
    }

    [Fact]
    public async Task What_is_larger_than_the_largest_buffer_is_refused_with_a_reason()
    {
        await using var host = DmaHeapTestHost.Start("heap-name", context => new HeapClass(context, new HeapClassOptions { LargestBuffer = new ByteSize(1 << 20) }));
        var refused = Assert.Throws<HeapException>(() => host.Allocate("heap-name", 2 << 20, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal((HeapErrno.NoMemory, HeapCause.LargerThanHeap), (refused.Errno, refused.Cause));
    }
}
