using System.Diagnostics;
using System.Globalization;
using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>A host whose heap keeps buffers of one size ready, and its client.</summary>
sealed class PooledHost : IDisposable
{
    /// <summary>How many of 8 MiB are kept.</summary>
    public const int Usual = 16;

    static readonly TimeSpan s_longestFill = TimeSpan.FromMinutes(1);

    readonly HugePageReserve? _reserve;

    PooledHost(ServerProcess host, HugePageReserve? reserve, long length, int kept)
    {
        (Server, _reserve, Length, Kept) = (host, reserve, length, kept);
        Client = DmaHeapClient.Connect(host.Socket);
    }

    public ServerProcess Server { get; }

    public DmaHeapClient Client { get; }

    /// <summary>Bytes of each of its buffers.</summary>
    public long Length { get; }

    /// <summary>How many are kept ready.</summary>
    public int Kept { get; }

    /// <summary>How many are taken in a row, so that each is there when it is asked for.</summary>
    public int Burst => Math.Max(1, Kept / 2);

    /// <summary>What its buffers are made of, in words.</summary>
    public string Pages { get; private set; } = "";

    /// <summary>Starts it, and waits until the pool is full.</summary>
    /// <param name="bench">Where.</param>
    /// <param name="pages">What it is to be made of; whether huge ones are reserved, where this user may.</param>
    /// <param name="length">Bytes of each buffer.</param>
    /// <param name="kept">How many are kept ready.</param>
    public static PooledHost Start(Workbench bench, PageKind pages, long length, int kept = Usual)
    {
        var each = pages.IsHuge ? RoundUp(length, HugePageReserve.PageSize) : length;
        MemoryRoom.Demand(each * (kept + 2));
        // As many again as are kept: those that are in use, and those being filled meanwhile.
        var reserve = pages.Reserves ? HugePageReserve.TryHave((int)(each / HugePageReserve.PageSize) * kept * 2) : null;
        var keys = string.Create(CultureInfo.InvariantCulture, $$"""
            "pages": "{{pages.Key}}", "pool": { "min": {{Size(each * kept)}}, "max": {{Size(each * kept)}}, "sizes": [{{Size(length)}}] }
            """);
        ServerProcess? host = null;
        try
        {
            host = ServerProcess.StartHost(bench.Folder, "ready", HostConfiguration.OfSystemHeap(bench.Folder, "ready", keys));
            var pooled = new PooledHost(host, reserve, length, kept);
            pooled.AwaitFull();
            using (var buffer = pooled.Client.Allocate("system", length)) pooled.Pages = PageKind.Describe(buffer);
            pooled.AwaitFull();
            return pooled;
        }
        catch
        {
            host?.Dispose();
            reserve?.Dispose();
            throw;
        }
    }

    /// <summary>Waits until what was taken has been filled up again.</summary>
    public void AwaitFull()
    {
        Waiting.Until(() => Client.StatisticsAsync("system").GetAwaiter().GetResult().Memory.PoolBuffers >= Kept, s_longestFill, $"the pool does not fill up to {Kept} buffers");
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        _reserve?.Dispose();
    }

    static long RoundUp(long length, long to) => (length + to - 1) / to * to;

    static string Size(long bytes) => "\"" + (bytes / 1024).ToString(CultureInfo.InvariantCulture) + "KiB\"";
}
