using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using DmaHeap;
using GoodPlugin;

[assembly: HeapType(typeof(ProbeHeap), Options = typeof(ProbeOptions), Name = "probe")]
[assembly: HeapType(typeof(PlainHeap))]

namespace GoodPlugin;

public sealed class ProbeOptions
{
    [Option("What the test wants to know from within the plugin.")]
    public string Ask { get; init; } = "";
}

/// <summary>Answers one question about the world a plugin lives in, through its log, when it is created.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class ProbeHeap : Heap<HeapBuffer>
{
    static int s_created;

    public ProbeHeap(IHeapContext context, ProbeOptions options) =>
        context.Log.Write(HeapLogLevel.Information, Answer(options.Ask));

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        throw new HeapException(HeapErrno.NoMemory, "probe", "a probe has no memory");

    static string Answer(string ask) => ask switch
    {
        "" => "",
        "created" => Interlocked.Increment(ref s_created).ToString(CultureInfo.InvariantCulture),
        "library" => GoodLibrary.Facts.Version,
        "library-folder" => Path.GetDirectoryName(GoodLibrary.Facts.Location)!,
        "native" => Native.Answer().ToString(CultureInfo.InvariantCulture),
        "throw" => Refuse(),
        _ => Load(ask),
    };

    static string Refuse() =>
        throw new HeapException(HeapErrno.NoMemory, "probe", "as asked"); // THE LINE A STACK TRACE SHOWS

    static string Load(string assembly)
    {
        try
        {
            return Assembly.Load(assembly).FullName!;
        }
        catch (FileNotFoundException refused)
        {
            return $"refused: {refused.InnerException?.Message}"; // the load context's own words
        }
    }

    static class Native
    {
        [DllImport("probe_native", EntryPoint = "probe_answer")]
        public static extern int Answer();
    }
}
