using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>
/// One file whose pressure the kernel tells of, and whether what it tells is so: without privilege the first event comes with the first stall of any length, since what the trigger begins
/// to count from is a count that is kept for privileged ones (seen on Linux 6.18). For one thread.
/// </summary>
internal sealed class PressureSource : IDisposable
{
    private readonly Func<TimeSpan?> _total;
    private readonly TimeSpan _least;
    private TimeSpan _told;

    /// <param name="trigger">The source's from now on.</param>
    /// <param name="stall">What it was set to.</param>
    public PressureSource(SafeFileHandle trigger, TimeSpan stall)
        : this(trigger, stall, () => PressureTrigger.ReadTotal(trigger))
    {
    }

    /// <summary>As a test has it: with another clock of what programs waited.</summary>
    internal PressureSource(SafeFileHandle trigger, TimeSpan stall, Func<TimeSpan?> total)
    {
        Trigger = trigger;
        _total = total;
        _least = stall / 2; // we look at another moment than the kernel
        _told = total() ?? TimeSpan.Zero;
    }

    /// <summary>To be waited on.</summary>
    public SafeFileHandle Trigger { get; }

    /// <summary>Whether programs did wait since this was so last, or since the beginning. Where that cannot be read the kernel's word holds.</summary>
    public bool IsPressed()
    {
        if (_total() is not { } total) return true;
        if (total - _told < _least) return false;
        _told = total;
        return true;
    }

    public void Dispose() => Trigger.Dispose();
}
