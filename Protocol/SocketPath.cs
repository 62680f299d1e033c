namespace DmaHeap.Protocol;

/// <summary>
/// Where the host's socket is, by one rule for host, command line and client. The host takes the first that applies to it, a client the first that exists:
/// <list type="number">
/// <item><c>$DMAHEAP_SOCKET</c>, when set: that and no other;</item>
/// <item>for an ordinary user <c>$XDG_RUNTIME_DIR/dmaheap/socket</c>, or where that variable is not set <c>/tmp/dmaheap-UID/socket</c>;</item>
/// <item><c>/run/dmaheap/socket</c>, the system's.</item>
/// </list>
/// A client passes over a socket of the second kind whose directory belongs to another user than itself or root.
/// </summary>
public static class SocketPath
{
    /// <summary>The variable that overrides all else.</summary>
    public const string Variable = "DMAHEAP_SOCKET";

    /// <summary>The system's socket.</summary>
    public const string System = "/run/dmaheap/socket";

    /// <summary>Where a host listens that was told nothing else.</summary>
    /// <param name="environment">Reads an environment variable; null or empty when it is not set.</param>
    /// <param name="userId">Effective user id.</param>
    public static string ForHost(Func<string, string?> environment, uint userId)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment(Variable) is { Length: > 0 } path) return path;
        return userId == 0 ? System : ForUser(environment, userId);
    }

    /// <summary>Where a client looks that was told nothing else, in order.</summary>
    /// <param name="environment">Reads an environment variable; null or empty when it is not set.</param>
    /// <param name="userId">Effective user id.</param>
    public static IReadOnlyList<string> ForClient(Func<string, string?> environment, uint userId)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment(Variable) is { Length: > 0 } path) return [path];
        return userId == 0 ? [System] : [ForUser(environment, userId), System];
    }

    private static string ForUser(Func<string, string?> environment, uint userId) =>
        environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
            ? Path.Combine(runtime, "dmaheap", "socket")
            : FormattableString.Invariant($"/tmp/dmaheap-{userId}/socket");
}
