using System.Diagnostics;

namespace DmaHeap.Bench;

/// <summary>The C side of each pair, compiled anew.</summary>
sealed record NativePrograms(string Broker, string Client, string Supervisor, string Trips)
{
    public static NativePrograms Build(string folder) => new(
        Compile(folder, "c_broker"), Compile(folder, "c_client"), Compile(folder, "c_supervisor"), Compile(folder, "heap_trips"));

    private static string Compile(string folder, string name)
    {
        var program = Path.Combine(folder, name);
        var source = Path.Combine(Repository.Root, "bench", "native", name + ".c");
        using var compiler = Process.Start("cc", ["-std=c11", "-O2", "-pthread", "-o", program, source]);
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? program : throw new InvalidOperationException($"{source} does not compile");
    }
}

static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "dmaheap.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("run this from a checkout: there is no dmaheap.slnx above");
    }
}
