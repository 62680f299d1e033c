namespace DmaHeap.Tests.Protocol;

/// <summary>The Python client's structs are those of docs/protocol.md, which are C#'s.</summary>
public sealed class PythonSampleTests
{
    [Fact]
    public async Task Pythons_structs_are_the_documented_ones()
    {
        var printed = await PythonSample.RunAsync(null, "-c", "import dmaheap\nfor name, layout in sorted(dmaheap.STRUCTS.items()): print(name, layout.size)");

        var documented = ProtocolDocument.Read().Select(s => $"{s.Name} {s.Bytes}").Order(StringComparer.Ordinal);
        Assert.Equal(documented, printed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Python_looks_for_the_socket_by_the_same_rule()
    {
        var printed = await PythonSample.RunAsync(
            null,
            "-c",
            """
            import dmaheap
            for env in ({}, {"XDG_RUNTIME_DIR": "/run/user/7"}, {"DMAHEAP_SOCKET": "/x"}, {"DMAHEAP_SOCKET": "", "XDG_RUNTIME_DIR": ""}):
                for uid in (0, 7): print(" ".join(dmaheap.socket_paths(env, uid)))
            """);

        var environments = new Dictionary<string, string>[]
        {
            [], new() { ["XDG_RUNTIME_DIR"] = "/run/user/7" }, new() { ["DMAHEAP_SOCKET"] = "/x" }, new() { ["DMAHEAP_SOCKET"] = "", ["XDG_RUNTIME_DIR"] = "" },
        };
        var expected = from environment in environments
                       from user in new uint[] { 0, 7 }
                       select string.Join(' ', DmaHeap.Protocol.SocketPath.ForClient(environment.GetValueOrDefault, user));
        Assert.Equal(expected, printed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
