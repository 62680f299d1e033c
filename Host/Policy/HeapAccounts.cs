using System.Collections.Concurrent;

namespace DmaHeap.Hosting.Policy;

/// <summary>The accounts of one heap.</summary>
internal sealed class HeapAccounts(HeapLimits limits)
{
    public long LargestBuffer { get; } = limits.LargestBuffer;

    public Account All { get; } = new(limits.Total);

    public UserAccounts Users { get; } = new(limits.PerUser);
}

/// <summary>An account for each user. A host meets few users in its life, so they stay.</summary>
internal sealed class UserAccounts(long limit)
{
    private readonly ConcurrentDictionary<uint, Account> _accounts = new();

    public Account Of(uint userId) => _accounts.GetOrAdd(userId, static (_, limit) => new Account(limit), limit);
}
