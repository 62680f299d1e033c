using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DmaHeap.Tests.Support;

/// <summary>Waits for a condition that another thread, or the kernel, brings about.</summary>
static class Eventually
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    /// <summary>Blocks until it holds.</summary>
    public static void True(Func<bool> condition, string otherwise) => Assert.True(SpinWait.SpinUntil(condition, s_deadline), otherwise);

    /// <summary>Waits until it holds, leaving the thread to others.</summary>
    public static Task Is(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") => IsAsync(() => Task.FromResult(condition()), what);

    /// <summary>Waits until an answer says so.</summary>
    public static async Task IsAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > s_deadline) Assert.Fail($"Not within {s_deadline.TotalSeconds} s: {what}");
            await Task.Yield();
        }
    }
}
