using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DmaHeap.Bench;

/// <summary>What a client does: see native/c_client.c.</summary>
sealed record TripOrder(int Trips)
{
    /// <summary>Processes that do so at once.</summary>
    public int Clients { get; init; } = 1;

    /// <summary>Buffers asked for in one request.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Requests that are timed together.</summary>
    public int Group { get; init; } = 1;

    public int Warmup { get; init; } = 1000;

    public bool Hold { get; init; }
}

/// <summary>Runs the C client, which is the same for both servers, so that only the server differs.</summary>
static class TripClient
{
    public static TripTimes Run(NativePrograms native, ServerProcess server, int trips) => Run(native, server, new TripOrder(trips)).Times;

    /// <summary>The times of a trip, and how many a second were made by all clients together.</summary>
    public static (TripTimes Times, double Rate) Run(NativePrograms native, ServerProcess server, TripOrder order)
    {
        using var process = Start(native, server, order);
        var measured = Read(process);
        process.WaitForExit();
        return measured;
    }

    /// <summary>A client that keeps what it allocates until its input ends.</summary>
    public static Process Hold(NativePrograms native, ServerProcess server, int buffers)
    {
        var process = Start(native, server, new TripOrder(buffers) { Warmup = 0, Hold = true });
        Read(process);
        return process;
    }

    /// <summary>A client that somebody else waits for.</summary>
    /// <param name="native">Where the program is.</param>
    /// <param name="server">Whom it asks.</param>
    /// <param name="order">For what.</param>
    /// <param name="quiet">Whether its server is going to fail it, so that its complaints are no news.</param>
    public static Process Start(NativePrograms native, ServerProcess server, TripOrder order, bool quiet = false)
    {
        List<string> arguments = [server.Socket, Text(order.Trips), "--warmup", Text(order.Warmup), "--clients", Text(order.Clients), "--batch", Text(order.Batch), "--group", Text(order.Group)];
        if (server.IsHost) arguments.Add("--hello");
        if (order.Hold) arguments.Add("--hold");
        return Process.Start(new ProcessStartInfo(native.Client, arguments) 
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = quiet,
        })!;

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    static (TripTimes Times, double Rate) Read(Process process)
    {
        var line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the client printed nothing");
        using var json = JsonDocument.Parse(line);
        return NativeOutput.Trips(json.RootElement);
    }
}
