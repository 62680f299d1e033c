using System.Collections.Concurrent;

namespace DmaHeap.Hosting.Policy;

/// <summary>
/// Who may hold how much: the heap, the user, the host. Bytes are charged as promised when a buffer is allocated, before the heap is asked, whether or not its pages
/// are there yet, and refunded when it is released.
/// </summary>
internal sealed class Quotas(HostLimits limits)
{
    private readonly Account _host = new(limits.Total);
    private readonly ConcurrentDictionary<uint, Account> _users = new();

    public Account Host => _host;

    /// <summary>Charges all three or none.</summary>
    /// <exception cref="HeapException">ENOMEM with the cause and what is left.</exception>
    public void Charge(HeapLimits heapLimits, Account heap, uint userId, long bytes)
    {
        if (bytes > Math.Min(limits.LargestBuffer, heapLimits.LargestBuffer))
        {
            throw Refuse(HeapCause.BufferLimit, $"a buffer of {Text(bytes)} is larger than any may be ({Text(Math.Min(limits.LargestBuffer, heapLimits.LargestBuffer))})");
        }

        if (!heap.TryCharge(bytes)) throw Over(HeapCause.HeapLimit, "the heap's limit", heap, bytes);
        var user = UserAccount(userId);
        if (!user.TryCharge(bytes))
        {
            heap.Refund(bytes);
            throw Over(HeapCause.UserLimit, $"user {userId}'s limit", user, bytes);
        }

        if (_host.TryCharge(bytes)) return;
        user.Refund(bytes);
        heap.Refund(bytes);
        throw Over(HeapCause.HostLimit, "the host's limit", _host, bytes);
    }

    public void Refund(Account heap, uint userId, long bytes)
    {
        heap.Refund(bytes);
        UserAccount(userId).Refund(bytes);
        _host.Refund(bytes);
    }

    // A host meets few users in its life; their accounts stay.
    private Account UserAccount(uint userId) => _users.GetOrAdd(userId, static (_, limit) => new Account(limit), limits.PerUser);

    private static HeapException Over(string cause, string what, Account account, long bytes) => Refuse(cause,
        $"{Text(bytes)} would go past {what}: {Text(account.Used)} of {Text(account.Limit)} are in use");

    private static HeapException Refuse(string cause, string sentence) => new(HeapErrno.NoMemory, cause, sentence);

    private static string Text(long bytes) => bytes == long.MaxValue ? "no limit" : new ByteSize(bytes).ToText();
}
