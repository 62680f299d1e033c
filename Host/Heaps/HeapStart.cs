using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>Creates the heaps of a host, all or none: a required heap that cannot start takes those before it down again, in reverse.</summary>
internal static class HeapStart
{
    private const int OwnerOnly = 0b110_000_000;

    /// <exception cref="HeapStartException">A required heap could not start.</exception>
    public static IReadOnlyList<HeapSlot> All(
        IReadOnlyList<HeapDefinition> definitions, MemoryCapabilities capabilities, Headroom headroom, TimeProvider time, ILogger log, CancellationToken stopping)
    {
        var slots = new List<HeapSlot>(definitions.Count);
        try
        {
            foreach (var definition in definitions) slots.Add(One(definition, capabilities, headroom, time, log, stopping));
            return slots;
        }
        catch
        {
            slots.Reverse();
            DisposeAll(slots, log);
            throw;
        }
    }

    public static void DisposeAll(IEnumerable<HeapSlot> slots, ILogger log)
    {
        foreach (var slot in slots)
        {
            try
            {
                slot.Heap?.Dispose();
            }
            catch (Exception exception)
            {
                HostLog.HeapFaulted(log, slot.Name, nameof(IHeap.Dispose), CurrentRequest.Text, exception);
            }
        }
    }

    private static HeapSlot One(
        HeapDefinition definition, MemoryCapabilities capabilities, Headroom headroom, TimeProvider time, ILogger log, CancellationToken stopping)
    {
        var statistics = new HeapStatistics();
        var access = definition.Access ?? new AccessRule(OwnerOnly, ProcessIdentity.EffectiveUserId, ProcessIdentity.GroupId);
        var memory = new MemoryService(definition.Name, capabilities, headroom);
        try
        {
            var heap = definition.Create(new HeapContext(definition.Name, memory, statistics, time, log, stopping))
                ?? throw new InvalidOperationException("The heap's factory returned null.");
            HostLog.HeapStarted(log, definition.Name, definition.Plugin);
            return new HeapSlot(definition, access, statistics) { Heap = heap };
        }
        catch (Exception exception)
        {
            var reason = exception is HeapException refusal ? refusal.Message : $"{exception.GetType().Name}: {exception.Message}";
            if (definition.Required) throw new HeapStartException(definition.Name, reason, exception);
            HostLog.HeapUnavailable(log, definition.Name, reason);
            return new HeapSlot(definition, access, statistics) { Reason = reason };
        }
    }
}
