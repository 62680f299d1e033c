using DmaHeap.Hosting.Isolation;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Policy;
using DmaHeap.Hosting.Reclaim;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Hosting.Heaps;

/// <summary>
/// The framework's own state of one started heap; a plugin never sees it. A heap that is replaced gets another slot, and this one lives on for its buffers: only when the last is
/// gone is the heap disposed, and nothing of the plugin stays here.
/// </summary>
internal sealed class HeapSlot
{
    private readonly CancellationTokenSource? _stopping;
    private volatile Terms _terms;
    private BufferClass? _lastBufferClass;
    private IHeap? _heap;

    /// <param name="definition">What it was made of.</param>
    /// <param name="access">Who may use it.</param>
    /// <param name="books">What is counted and charged under its name.</param>
    /// <param name="stopping">What its heap was given to hear of its end; the slot's from now on.</param>
    public HeapSlot(HeapDefinition definition, AccessRule access, HeapBooks books, CancellationTokenSource? stopping = null)
    {
        _terms = new Terms(definition, access);
        Name = definition.Name;
        Books = books;
        Health = new HeapHealth(definition.Faults);
        _stopping = stopping;
        Use = new SlotUse(() => Ended?.Invoke(this));
        Shrinker = new ShrinkerSource(this);
    }

    public string Name { get; }

    public HeapDefinition Definition => _terms.Definition;

    public AccessRule Access => _terms.Access;

    public HeapBooks Books { get; }

    public HeapAccounts Accounts => Books.Accounts;

    public HeapStatistics Statistics => Books.Statistics;

    /// <summary>The host's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The host's log.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>When it was started, or could not be.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Whether it still answers.</summary>
    public HeapHealth Health { get; }

    /// <summary>The heap; null when it is unavailable, or when the slot has ended.</summary>
    public IHeap? Heap
    {
        get => Volatile.Read(ref _heap);
        init => _heap = value;
    }

    /// <summary>Where its heap's memory comes from; null when it is unavailable.</summary>
    public MemoryService? Memory { get; init; }

    /// <summary>Why it is unavailable; empty when it is not.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Why it does not answer now, as a clause that follows "it": for good, or until its worker is back; null while it answers.</summary>
    public string? Fault => Health.Fault ?? (Heap as IsolatedHeap)?.Fault;

    /// <summary>Asks it for memory that it could give back.</summary>
    public ShrinkerSource Shrinker { get; }

    /// <summary>Calls under way and live buffers.</summary>
    public SlotUse Use { get; }

    /// <summary>Told once when a retired slot has no buffer and no call left; set before it is retired.</summary>
    public Action<HeapSlot>? Ended { get; set; }

    /// <summary>Takes other terms for the same heap: names, limits, access. Whoever is at it finishes by the old ones.</summary>
    public void Redefine(HeapDefinition definition, AccessRule access)
    {
        _terms = new Terms(definition, access);
        Accounts.Change(definition.Limits);
        Health.Failures.Limit = definition.Faults;
        Memory?.Redefine(definition);
    }

    /// <summary>Whether a buffer's class overrides begin or end of CPU access, so that clients must send a message for it.</summary>
    public bool HasCpuAccessHooks(HeapBuffer buffer) => (HooksOf(buffer) & BufferHooks.CpuAccess) != 0;

    /// <summary>Whether a buffer's class overrides an op that learns of the importer, so that it is worth finding out what program that runs.</summary>
    public bool HasImporterHooks(HeapBuffer buffer) => (HooksOf(buffer) & BufferHooks.Importer) != 0;

    /// <summary>Whether an op, by its name, may lead into the heap: where it is the contract's own default it does not.</summary>
    public bool IsEnteredBy(string op, HeapBuffer buffer) => BufferClassHooks.HookOf(op) is not { } hook || (HooksOf(buffer) & hook) != 0;

    private BufferHooks HooksOf(HeapBuffer buffer)
    {
        if (buffer is IHookedBuffer hooked) return hooked.Hooks;

        // A heap has one buffer class, as a rule: remembering the last one saves the reflection. A race only looks again.
        var type = buffer.GetType();
        if (Volatile.Read(ref _lastBufferClass) is { } last && ReferenceEquals(type, last.Type)) return last.Hooks;
        var found = new BufferClass(type, BufferClassHooks.Of(type));
        Volatile.Write(ref _lastBufferClass, found);
        return found.Hooks;
    }

    /// <summary>Tells the heap that its end is near, so that calls that wait for something give up.</summary>
    public void AnnounceEnd()
    {
        try
        {
            _stopping?.Cancel();
        }
        catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
        {
            // It has ended meanwhile; or what the heap itself registered throws, which is told at its end.
        }
    }

    /// <summary>Ends the heap, tells it and disposes it, while its share in its plugin stays. What it throws goes to <paramref name="faulted"/>. Once.</summary>
    public void EndHeap(Action<string, Exception> faulted)
    {
        Memory?.Close();
        if (Interlocked.Exchange(ref _heap, null) is { } heap)
        {
            Contain(nameof(IHeapContext.Stopping), () => _stopping?.Cancel());
            Contain(nameof(IHeap.Dispose), heap.Dispose);
        }

        _stopping?.Dispose();

        void Contain(string hook, Action call)
        {
            try
            {
                call();
            }
            catch (Exception exception)
            {
                faulted(hook, exception);
            }
        }
    }

    /// <summary>Ends the heap and drops all that leads to its plugin.</summary>
    public void End(Action<string, Exception> faulted)
    {
        EndHeap(faulted);
        var definition = _terms.Definition;
        _terms = new Terms(definition.WithoutPlugin(), _terms.Access);
        Volatile.Write(ref _lastBufferClass, null);
        definition.ReturnPlugin();
    }

    // One object each, so that nobody sees one half of what belongs together with the other half of before.
    private sealed record BufferClass(Type Type, BufferHooks Hooks);

    private sealed record Terms(HeapDefinition Definition, AccessRule Access);
}
