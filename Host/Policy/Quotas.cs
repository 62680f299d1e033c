namespace DmaHeap.Hosting.Policy;

/// <summary>
/// Who may hold how much: the heap, a user of the heap, a user of the host, the host. Bytes are charged as promised when a buffer is allocated, before the heap is asked,
/// whether or not its pages are there yet, and refunded when it is released.
/// </summary>
internal sealed class Quotas(HostLimits limits)
{
    private readonly UserAccounts _users = new(limits.PerUser);
    private long _largestBuffer = limits.LargestBuffer;

    public Account Host { get; } = new(limits.Total);

    /// <summary>Other limits from now on; what is charged stays charged.</summary>
    /// <param name="changed">The new ones, with a total of its own.</param>
    public void Change(HostLimits changed)
    {
        Volatile.Write(ref _largestBuffer, changed.LargestBuffer);
        Host.Limit = changed.Total;
        _users.ChangeLimit(changed.PerUser);
    }

    /// <summary>Charges all or none.</summary>
    /// <exception cref="HeapException">ENOMEM with the cause and what is in use.</exception>
    public void Charge(HeapAccounts heap, uint userId, long bytes)
    {
        var largest = Math.Min(Volatile.Read(ref _largestBuffer), heap.LargestBuffer);
        if (bytes > largest) throw Refuse(HeapCause.BufferLimit, $"a buffer of {Text(bytes)} is larger than any may be ({Text(largest)})");
        ChargeMore(heap, userId, bytes);
    }

    /// <summary>Charges what a buffer turned out to have beyond what was asked for; the largest buffer does not come into it.</summary>
    /// <exception cref="HeapException">ENOMEM with the cause and what is in use.</exception>
    public void ChargeMore(HeapAccounts heap, uint userId, long bytes)
    {
        ReadOnlySpan<(Account Account, string Cause, string What)> accounts =
        [
            (heap.All, HeapCause.HeapLimit, "the heap's limit"),
            (heap.Users.Of(userId), HeapCause.UserLimit, "the user's limit on this heap"),
            (_users.Of(userId), HeapCause.UserLimit, "the user's limit"),
            (Host, HeapCause.HostLimit, "the host's limit"),
        ];
        for (var i = 0; i < accounts.Length; i++)
        {
            if (accounts[i].Account.TryCharge(bytes)) continue;
            foreach (var charged in accounts[..i]) charged.Account.Refund(bytes);
            var (full, cause, what) = accounts[i];
            throw Refuse(cause, $"{Text(bytes)} would go past {what}: {Text(full.Used)} of {Text(full.Limit)} are in use");
        }
    }

    /// <summary>Charges what is there already, past any limit.</summary>
    public void ChargeAnyway(HeapAccounts heap, uint userId, long bytes) => Refund(heap, userId, -bytes);

    public void Refund(HeapAccounts heap, uint userId, long bytes)
    {
        heap.All.Refund(bytes);
        heap.Users.Of(userId).Refund(bytes);
        _users.Of(userId).Refund(bytes);
        Host.Refund(bytes);
    }

    private static HeapException Refuse(string cause, string sentence) => new(HeapErrno.NoMemory, cause, sentence);

    private static string Text(long bytes) => bytes == long.MaxValue ? "no limit" : new ByteSize(bytes).ToText();
}
