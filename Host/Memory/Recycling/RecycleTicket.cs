using DmaHeap.Hosting.Memory.Pools;

namespace DmaHeap.Hosting.Memory.Recycling;

/// <summary>Where memory may go when its client gives it back.</summary>
/// <param name="Store">The heap's.</param>
/// <param name="Domain">Whose it was, and alone may be again.</param>
/// <param name="Key">What it is like.</param>
internal sealed record RecycleTicket(RecycleStore Store, TrustDomain Domain, PoolKey Key);
