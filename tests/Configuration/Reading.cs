using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

/// <summary>What the tests of this room share: short ways to read a text and to look at what was wrong with it.</summary>
internal static class Reading
{
    internal static string RepositoryRoot { get; } = FindRoot();

    internal static HostConfiguration Accept(string json) => ConfigurationReader.Parse(json).ValueOrThrow();

    internal static HeapConfiguration AcceptHeap(string heap) => Assert.Single(Accept(File(heap)).Heaps);

    /// <summary>A file with one heap, <c>h</c>, with this value.</summary>
    internal static string File(string heap) => """{"version":1,"heaps":{ "h" : """ + heap + " }}";

    internal static string[] Errors(string json) => [.. ConfigurationReader.Parse(json, "f").Errors.Select(e => e.ToString())];

    /// <summary>Binds options that begin at 2:18.</summary>
    internal static ConfigurationResult<object?> Bind(string options, Type type) =>
        ConfigurationReader.BindOptions(AcceptHeap("{\"plugin\":\"X\",\n" + "\"options\":".PadLeft(17) + options + "}"), type);

    internal static T Bind<T>(string options) => (T)Bind(options, typeof(T)).ValueOrThrow()!;

    internal static string[] BindErrors<T>(string options) => [.. Bind(options, typeof(T)).Errors.Select(e => $"{e.Location.Line}:{e.Location.Column}: {e.Path}: {e.Message}")];

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!System.IO.File.Exists(Path.Combine(folder, "dmaheap.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
