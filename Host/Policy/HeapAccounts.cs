using System.Collections.Concurrent;

namespace DmaHeap.Hosting.Policy;

/// <summary>The accounts of one heap.</summary>
internal sealed class HeapAccounts(HeapLimits limits)
{
    private long _largestBuffer = limits.LargestBuffer;

    public long LargestBuffer => Volatile.Read(ref _largestBuffer);

    public Account All { get; } = new(limits.Total);

    public UserAccounts Users { get; } = new(limits.PerUser);

    /// <summary>Other limits from now on; what is charged stays charged.</summary>
    public void Change(HeapLimits limits)
    {
        Volatile.Write(ref _largestBuffer, limits.LargestBuffer);
        All.Limit = limits.Total;
        Users.ChangeLimit(limits.PerUser);
    }
}

/// <summary>An account for each user. A host meets few users in its life, so they stay.</summary>
internal sealed class UserAccounts(long limit)
{
    private readonly ConcurrentDictionary<uint, Account> _accounts = new();
    private long _limit = limit;

    public Account Of(uint userId) => _accounts.GetOrAdd(userId, static (_, users) => new Account(Volatile.Read(ref users._limit)), this);

    public void ChangeLimit(long limit)
    {
        Volatile.Write(ref _limit, limit);
        foreach (var account in _accounts.Values) account.Limit = limit;
    }
}
