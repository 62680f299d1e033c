using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class TimeTextTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("0s", 0)]
    [InlineData("2s", 2000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("00:00:02.5", 2500)]
    [InlineData("1.01:00:00", 90_000_000)]
    public void Times_are_read_with_their_units(string text, long milliseconds)
    {
        Assert.True(TimeText.TryParse(text, out var time));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), time);
        Assert.True(TimeText.TryParse(TimeText.Format(time), out var again));
        Assert.Equal(time, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1S")]
    [InlineData("1s\n")]
    [InlineData(".5s")]
    [InlineData("24:00:00")]
    [InlineData("00:60:00")]
    [InlineData("1:00:00")]
    [InlineData("99999999999d")]
    [InlineData("99999999999999999999999999999999999s")]
    public void Anything_else_is_no_time(string text) => Assert.False(TimeText.TryParse(text, out _));

    [Fact]
    public void The_smallest_time_is_written_so_that_it_can_be_read_back()
    {
        Assert.Equal("0.0001ms", TimeText.Format(new TimeSpan(1)));
        Assert.True(TimeText.TryParse("0.0001ms", out var tick));
        Assert.Equal(1, tick.Ticks);
    }
}
