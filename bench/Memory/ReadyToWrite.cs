namespace DmaHeap.Bench;

/// <summary>8 MiB from a warm pool: allocate, map, touch every page.</summary>
static class ReadyToWrite
{
    public const long Length = 8 << 20;

    const double MostHuge = 0.03, MostSmall = 0.25;

    public static void Run(Workbench bench)
    {
        Measure(bench, PageKind.Huge, MostHuge);
        Measure(bench, PageKind.Collapsed, MostHuge);
        Measure(bench, PageKind.Small, MostSmall);
    }

    static void Measure(Workbench bench, PageKind pages, double most)
    {
        var work = $"8 MiB ready to write, warm pool, {pages.Name}";
        bench.Measure(work, () =>
        {
            var trips = bench.Scale.Of(16, 48);
            using var host = PooledHost.Start(bench, pages, Length);
            ReadyBuffer.Times(host.Client, Length, trips: 100); // the runtime compiles what is hot
            var hand = new ByHand(bench.Native);
            var pairs = Pairs.Measure(
                bench.Scale.Rounds, () => ReadyBuffer.Times(host, trips), () => hand.Ready(Length, trips));
            var result = pairs.ToResult(work, "memfd_create + mmap + touch", most, note: $"our client library in .NET, by hand in C; got {host.Pages}");
            return result with { Against = [.. result.Against, .. OtherHands(bench, trips)] };
        });
    }

    // What a program can do better by hand; for information.
    static IEnumerable<Side> OtherHands(Workbench bench, int trips)
    {
        yield return Side.Of("with MAP_POPULATE", new ByHand(bench.Native, "--populate").Ready(Length, trips));
        using var reserve = HugePageReserve.TryHave((int)(Length / HugePageReserve.PageSize) * 2);
        if (reserve is not null) yield return Side.Of("with reserved 2 MiB pages", new ByHand(bench.Native, "--huge").Ready(Length, trips));
    }
}
