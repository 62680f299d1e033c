using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>What becomes of an exception that left a heap's hook: counted, logged, and where they come too thick the heap is faulted.</summary>
internal static class HeapFaults
{
    public static void Report(HeapSlot slot, string hook, Exception exception, ILogger log)
    {
        if (hook != nameof(IHeap.Allocate)) slot.Statistics.HookFailed();
        HostLog.HeapFaulted(log, slot.Name, hook, CurrentRequest.Text, exception);
        if (slot.Health.Threw(hook, exception, slot.Time)) HostLog.HeapGivenUp(log, slot.Name, slot.Health.Fault!);
    }
}
