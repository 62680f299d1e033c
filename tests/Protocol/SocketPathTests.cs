using DmaHeap.Protocol;

namespace DmaHeap.Tests.Protocol;

public sealed class SocketPathTests
{
    [Theory]
    [InlineData(0u, null, null, "/run/dmaheap/socket")]
    [InlineData(0u, null, "/run/user/0", "/run/dmaheap/socket")]
    [InlineData(0u, "/x", null, "/x")]
    [InlineData(1000u, null, "/run/user/1000", "/run/user/1000/dmaheap/socket", "/run/dmaheap/socket")]
    [InlineData(1000u, null, null, "/tmp/dmaheap-1000/socket", "/run/dmaheap/socket")]
    [InlineData(1000u, "", "", "/tmp/dmaheap-1000/socket", "/run/dmaheap/socket")]
    [InlineData(1000u, "/x", "/run/user/1000", "/x")]
    public void A_host_listens_where_a_client_looks_first(uint user, string? variable, string? runtime, params string[] expected)
    {
        string? Environment(string name) => name switch { SocketPath.Variable => variable, "XDG_RUNTIME_DIR" => runtime, _ => null };

        Assert.Equal(expected, SocketPath.ForClient(Environment, user));
        Assert.Equal(expected[0], SocketPath.ForHost(Environment, user));
    }
}
