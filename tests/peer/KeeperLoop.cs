using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;

/// <summary>
/// Holds buffers with a pattern of its own through whatever becomes of the host, while two threads allocate and give back as fast as they can. Says what the client library did by itself
/// when it was connected again, and whether every byte is as it was.
/// </summary>
internal static class KeeperLoop
{
    private const int Length = 256 * 1024;

    public static int Run(string path, string heap, int count)
    {
        ProcessControl.SetParentDeathSignal(9);
        using var client = DmaHeapClient.Connect(path);
        var held = new List<DmaBuffer>();
        for (var i = 0; i < count; i++)
        {
            held.Add(client.Allocate(heap, Length, new DmaAllocationOptions { Name = $"kept-{i}" }));
            using var mapping = held[i].Map();
            Fill(mapping.Span, i);
        }

        // One is kept by a mapping as well, and seen from another thread all the time.
        using var mapped = held[0].Map();
        var load = Enumerable.Range(0, 2).Select(_ => Task.Run(() => UntilTheHostIsGone(client, heap))).ToArray();
        Console.WriteLine($"holds {count}");
        while (Console.ReadLine() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["reconnected"]:
                    Console.WriteLine(Reconnected(client, held, load));
                    break;
                case ["drop", var number]:
                    var drop = int.Parse(number, CultureInfo.InvariantCulture);
                    foreach (var buffer in held[^drop..]) buffer.Dispose();
                    held.RemoveRange(held.Count - drop, drop);
                    Console.WriteLine($"holds {held.Count}");
                    break;
                case ["another"]:
                    client.Allocate(heap, Length).Dispose();
                    Console.WriteLine("had another");
                    break;
            }
        }

        return 0;
    }

    private static string Reconnected(DmaHeapClient client, List<DmaBuffer> held, Task<string>[] load)
    {
        var how = string.Join(',', load.Select(thread => thread.GetAwaiter().GetResult()).Distinct());
        var result = client.ReconnectedAsync().GetAwaiter().GetResult()!;
        var intact = held.Select((buffer, i) => IsIntact(buffer, i)).Count(is_ => is_);
        var renamed = held.Count(buffer => buffer.Id!.Value.Epoch == result.Host.Epoch);
        return $"{how} adopted {result.Adopted} refused {result.Refused} intact {intact} renamed {renamed}";
    }

    private static string UntilTheHostIsGone(DmaHeapClient client, string heap)
    {
        try
        {
            while (true) client.Allocate(heap, 64 * 1024).Dispose();
        }
        catch (DmaHeapException exception)
        {
            return exception.Cause;
        }
    }

    private static bool IsIntact(DmaBuffer buffer, int seed)
    {
        using var mapping = buffer.Map(FileAccess.Read);
        var expected = new byte[Length];
        Fill(expected, seed);
        return mapping.ReadOnlySpan.SequenceEqual(expected);
    }

    private static void Fill(Span<byte> bytes, int seed) => new Random((Environment.ProcessId * 1000) + seed).NextBytes(bytes);
}
