using System.Runtime.InteropServices;

namespace DmaHeap.Hosting.Isolation;

/// <summary>The program that workers run: <c>DmaHeap.Worker</c>, which lies beside the host's assembly, in whatever program that is.</summary>
/// <param name="File">What is started.</param>
/// <param name="Arguments">Its arguments, the name it is called by first.</param>
internal sealed record WorkerProgram(string File, IReadOnlyList<string> Arguments)
{
    private const string Name = "DmaHeap.Worker";

    // What a service manager told the host is for nobody else, and a dying worker leaves no dump and opens no door for debuggers.
    private static readonly string[] s_hosts = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "DOTNET_STARTUP_HOOKS", "DOTNET_DbgEnableMiniDump"];

    /// <exception cref="HeapException">ENODEV: it is not there, or .NET's own program to run it with; the sentence says where it was looked for.</exception>
    public static WorkerProgram Find() => Find(Path.GetDirectoryName(typeof(WorkerProgram).Assembly.Location) is { Length: > 0 } folder ? folder : AppContext.BaseDirectory);

    internal static WorkerProgram Find(string folder)
    {
        var assembly = Path.Join(folder, Name + ".dll");
        if (!System.IO.File.Exists(assembly))
        {
            throw Missing($"{assembly} does not exist: a program that embeds the host and isolates heaps has a reference to the project {Name} beside that to DmaHeap.Hosting");
        }

        var dotnet = Path.GetFullPath(Path.Join(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        if (System.IO.File.Exists(dotnet)) return new WorkerProgram(dotnet, [dotnet, "exec", assembly]);
        throw Missing($"{dotnet} does not exist: workers need .NET beside the program, and one that was published with a .NET of its own inside has none");
    }

    /// <summary>The host's environment, but for what is the host's alone.</summary>
    public static IEnumerable<string> Environment()
    {
        foreach (System.Collections.DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            if (!s_hosts.Contains((string)entry.Key)) yield return $"{entry.Key}={entry.Value}";
        }

        yield return "DOTNET_EnableDiagnostics=0";
    }

    private static HeapException Missing(string what) => new(HeapErrno.NoDevice, HeapCause.Unavailable, $"no worker process can be started: {what}");
}
