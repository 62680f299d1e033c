namespace DmaHeap.Hosting.Configuration;

/// <summary>Finds what a misspelt name was meant to be.</summary>
internal static class NearestName
{
    private const int LongestName = 64;

    /// <summary>The nearest of the names; null when none is near.</summary>
    internal static string? Find(string name, IEnumerable<string> names)
    {
        if (name.Length is 0 or > LongestName) return null;
        return names
            .Select(candidate => (Name: candidate, Distance: Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(near => near.Distance <= Math.Clamp(Math.Max(name.Length, near.Name.Length) / 3, 1, 3))
            .OrderBy(near => near.Distance)
            .Select(near => near.Name)
            .FirstOrDefault();
    }

    /// <summary>Letters to insert, delete, replace or swap with their neighbour to turn one name into the other.</summary>
    internal static int Distance(string from, string to)
    {
        var costs = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++) costs[i, 0] = i;
        for (var j = 0; j <= to.Length; j++) costs[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = costs[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                var best = Math.Min(replaced, Math.Min(costs[i - 1, j], costs[i, j - 1]) + 1);
                var isSwap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                costs[i, j] = isSwap ? Math.Min(best, costs[i - 2, j - 2] + 1) : best;
            }
        }

        return costs[from.Length, to.Length];
    }
}
