using DmaHeap.Hosting.Memory;

namespace DmaHeap.Hosting.Configuration;

/// <summary>What a pool's lengths come to in the heap's pages, and whether there can ever be such buffers: rules over several keys of a heap, and over the host's limits.</summary>
internal static class PoolRules
{
    private const string Heaps = "the heap's", Hosts = "the host's";

    /// <param name="heap">Read without errors of its own.</param>
    /// <param name="host">The host's limits; null where they could not be read.</param>
    /// <param name="errors">Receives all that is wrong.</param>
    internal static void Check(HeapConfiguration heap, LimitsConfiguration? host, ConfigurationErrors errors)
    {
        if (heap.Pool is not { } pool) return;
        var node = heap.Entry.Value.Find("pool")!.Value;
        Bound[] bounds = [.. BoundsOf(heap.Limits, Heaps), .. host is null ? [] : BoundsOf(host, Hosts)];
        var least = PageChoices.LeastOf(heap.Pages);
        if (pool.Max.Bytes < least) errors.Add(node.Find("max")?.Value ?? node, $"{pool.Max} holds no buffer of this heap, which has pages of {new ByteSize(least)}");
        else CheckSizes(heap, pool, node, bounds, errors);
        foreach (var (total, whose) in new[] { (heap.Limits.Total, Heaps), (host?.Total, Hosts) })
        {
            if (pool.Min is { } min && min.Bytes > total?.Bytes) errors.Add(node.Find("min")!.Value, $"{min} is more than all buffers together may have: {whose} total is {total}");
        }
    }

    private static void CheckSizes(HeapConfiguration heap, PoolConfiguration pool, JsonTreeNode node, Bound[] bounds, ConfigurationErrors errors)
    {
        var first = new Dictionary<long, ByteSize>();
        var isFine = true;
        for (var i = 0; i < pool.Sizes.Length; i++)
        {
            if (WhyNot(pool.Sizes[i], heap.Pages, pool.Max, bounds, first) is not { } why) continue;
            isFine = false;
            errors.Add(node.Find("sizes")!.Value.Items[i], why);
        }

        if (isFine && pool.Min is not null && first.Keys.Sum(length => (decimal)length) > pool.Max.Bytes)
            errors.Add(node.Find("sizes")!.Value, $"one buffer of each size does not fit into a pool of {pool.Max}");
    }

    private static string? WhyNot(ByteSize size, HeapPages pages, ByteSize max, Bound[] bounds, Dictionary<long, ByteSize> first)
    {
        if (!PageChoices.TryRound(size.Bytes, pages, out var length, out _)) return $"{size} is more than any buffer can have";
        var asked = PageChoices.RoundToMachine(size.Bytes);
        var rounded = new ByteSize(length);
        var text = rounded == size ? $"{size}" : $"{size}, in whole pages {rounded},";
        if (bounds.Where(bound => (bound.IsOfOne ? asked : length) > bound.Most).MinBy(bound => bound.Most) is { } bound) return $"{text} is more than a buffer may have: {bound.Text}";
        if (length > max.Bytes) return $"{text} does not fit into a pool of {max}";
        if (first.TryAdd(length, size)) return null;
        return first[length] == size ? $"{size} stands here twice" : $"{size} and {first[length]} are the same in whole pages, {rounded}: one of them is enough";
    }

    private static IEnumerable<Bound> BoundsOf(LimitsConfiguration limits, string whose)
    {
        if (limits.LargestBuffer is { } largest) yield return new(largest.Bytes, IsOfOne: true, $"{whose} largestBuffer is {largest}");
        if (limits.PerUser is { } user) yield return new(user.Bytes, IsOfOne: false, $"{whose} perUser is {user}");
        if (limits.Total is { } total) yield return new(total.Bytes, IsOfOne: false, $"{whose} total is {total}");
    }

    /// <param name="Most">Bytes.</param>
    /// <param name="IsOfOne">Whether it is about one buffer, and what is asked for; else it is about buffers together, and what they turn out to have.</param>
    /// <param name="Text">Which limit.</param>
    private sealed record Bound(long Most, bool IsOfOne, string Text);
}
