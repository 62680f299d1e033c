using System.Collections.Concurrent;

namespace DmaHeap.Cli.Demo;

/// <summary>How the demo and its two processes talk: an order a line on standard input, a reply a line on standard output.</summary>
static class DemoOrders
{
    public const string Ready = "ready", Done = "done ", Failed = "failed ", Exit = "exit";

    /// <summary>Carries out orders until told to exit. Ends the process when the demo is gone, even in the middle of an order.</summary>
    /// <param name="orders">What can be ordered, and what does it; the reply is one line.</param>
    public static int Obey(IReadOnlyDictionary<string, Func<string>> orders)
    {
        using var queue = new BlockingCollection<string>();
        new Thread(() => Read(queue)) { IsBackground = true, Name = "orders" }.Start();
        Reply(Ready);
        while (queue.Take() is var order and not Exit) Reply(CarryOut(orders[order]));
        return ExitCode.Success;
    }

    static void Read(BlockingCollection<string> queue)
    {
        while (Console.In.ReadLine() is { } order)
        {
            queue.Add(order);
            if (order == Exit) return;
        }

        Environment.Exit(ExitCode.Failed);
    }

    static string CarryOut(Func<string> order)
    {
        try
        {
            return Done + order();
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            return Failed + failure.Message.ReplaceLineEndings(" ");
        }
    }

    static void Reply(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
