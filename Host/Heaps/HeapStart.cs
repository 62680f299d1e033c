using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>Creates heaps, all of a change or none: a required heap that cannot start takes those before it down again, in reverse.</summary>
internal sealed class HeapStart(MemoryCapabilities capabilities, PageFiles files, PagePools pools, Relief relief, TimeProvider time, ILogger log, CancellationToken stopping)
{
    private const int OwnerOnly = 0b110_000_000;

    /// <param name="heaps">What to start, each with the heap whose place it takes; null for none. One that takes a running heap's place must start.</param>
    /// <exception cref="HeapStartException">A required heap could not start.</exception>
    public IReadOnlyList<HeapSlot> All(IReadOnlyList<(HeapDefinition Definition, HeapSlot? Before)> heaps)
    {
        var slots = new List<HeapSlot>(heaps.Count);
        try
        {
            foreach (var (definition, before) in heaps) slots.Add(One(definition, before?.Books, definition.Required || before?.Heap is not null));
            return slots;
        }
        catch
        {
            slots.Reverse();
            foreach (var slot in slots) slot.EndHeap((hook, exception) => HeapFaults.Report(slot, hook, exception, log)); // what they are of may be tried again
            throw;
        }
    }

    /// <summary>Who may use a heap of these terms.</summary>
    public static AccessRule AccessOf(HeapDefinition definition) =>
        definition.Access ?? new AccessRule(OwnerOnly, ProcessIdentity.EffectiveUserId, ProcessIdentity.GroupId);

    public static void EndAll(IEnumerable<HeapSlot> slots, ILogger log)
    {
        foreach (var slot in slots) slot.End((hook, exception) => HostLog.HeapFaulted(log, slot.Name, hook, CurrentRequest.Text, exception));
    }

    /// <summary>Starts a heap again that was ended for another one that then did not start: unavailable where that fails too.</summary>
    public HeapSlot Again(HeapDefinition definition, HeapBooks books) => One(definition, books, required: false);

    private HeapSlot One(HeapDefinition definition, HeapBooks? books, bool required)
    {
        books ??= HeapBooks.Open(definition.Limits);
        var access = AccessOf(definition);
        var memory = new MemoryService(definition.Name, capabilities, files, pools, pools.Open(definition.Name, books.Statistics), new RecycleStore(definition.Name, books.Statistics, time), relief);
        // Of its own: a registration that a heap forgets must not lead from the host to its plugin after its end.
        var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            var heap = definition.Create(new HeapContext(definition.Name, memory, books.Statistics, time, log, ending.Token))
                ?? throw new InvalidOperationException("The heap's factory returned null.");
            HostLog.HeapStarted(log, definition.Name, definition.Plugin);
            memory.Redefine(definition);
            return new HeapSlot(definition, access, books, ending) { Heap = heap, Memory = memory, Time = time, Log = log, Since = time.GetUtcNow() };
        }
        catch (Exception exception)
        {
            ending.Dispose();
            memory.Close();
            var reason = exception is HeapException refusal ? refusal.Message : $"{exception.GetType().Name}: {exception.Message}";
            if (required) throw new HeapStartException(definition.Name, reason, exception);
            HostLog.HeapUnavailable(log, definition.Name, reason);
            return new HeapSlot(definition, access, books) { Reason = reason, Time = time, Log = log, Since = time.GetUtcNow() };
        }
    }
}
