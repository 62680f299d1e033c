using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DmaHeap.Bench;

/// <summary>Runs the program that uses a heap's node: under <c>dmaheap exec</c>, under the C supervisor, or under nothing.</summary>
sealed class HeapTrips
{
    /// <summary>Threads of the C supervisor: as many as exec starts with.</summary>
    public const int Threads = 2;

    readonly string[] _command;

    HeapTrips(params string[] command) => _command = command;

    /// <summary>As users run it: the launcher's ReadyToRun build, the repository's plugins.json unless a socket is given.</summary>
    public static HeapTrips UnderExec(NativePrograms native, string? socket = null)
    {
        string[] host = socket is null ? ["--config", HostConfiguration.Shipped] : ["--socket", socket];
        return new([Path.Combine(Repository.Root, "dmaheap"), "exec", .. host, "--", native.Trips, "/dev/dma_heap/system"]);
    }

    /// <summary>Under the C supervisor.</summary>
    /// <param name="looks">Whether SYNC is answered as it must be, whatever it is made on and with; else without a look.</param>
    public static HeapTrips UnderC(NativePrograms native, string folder, bool looks = false)
    {
        var node = Path.Combine(folder, "node");
        File.WriteAllBytes(node, []);
        string[] look = looks ? ["--look"] : [];
        return new([native.Supervisor, "--threads", Threads.ToString(CultureInfo.InvariantCulture), .. look, node, native.Trips, node]);
    }

    public static HeapTrips UnderNothing(NativePrograms native) => new(native.Trips, "-");

    /// <summary>Times of a kind of trip, and how many a second were made by all clients together.</summary>
    public (TripTimes Times, double Rate) Run(string kind, int trips, int clients = 1)
    {
        using var json = Ask(kind, trips.ToString(CultureInfo.InvariantCulture), "--clients", clients.ToString(CultureInfo.InvariantCulture));
        return NativeOutput.Trips(json.RootElement);
    }

    /// <summary>Nanoseconds a call takes, of many timed together.</summary>
    public double Each(string kind, int calls) => 1e9 / Run(kind, calls).Rate;

    /// <summary>Nanoseconds from here to the program's main.</summary>
    public double Start()
    {
        var begin = Stopwatch.GetTimestamp(); // CLOCK_MONOTONIC, as the program's
        using var json = Ask("start");
        return json.RootElement.GetProperty("main_ns").GetInt64() - (begin * (1e9 / Stopwatch.Frequency));
    }

    JsonDocument Ask(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(_command[0], [.. _command[1..], .. arguments]) { RedirectStandardOutput = true })!;
        var line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonDocument.Parse(line) : throw new InvalidOperationException($"{string.Join(' ', _command)} failed");
    }
}
