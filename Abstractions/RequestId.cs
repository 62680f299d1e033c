using System.Globalization;

namespace DmaHeap;

/// <summary>
/// Names one request to a host, in the client's log, the host's log and whatever a heap writes. Unique within a run of the host as long as the client numbers its requests
/// uniquely, as the client library does.
/// </summary>
/// <param name="Connection">The connection it came by, counted by the host; 0 for requests of the program that embeds the host.</param>
/// <param name="Number">The client's own number of the request; for connection 0, counted by the host from 1. 0 when nobody asked.</param>
public readonly record struct RequestId(ulong Connection, ulong Number)
{
    /// <summary>False when no request stands behind a call: the host acts by itself.</summary>
    public bool IsKnown => Connection != 0 || Number != 0;

    /// <summary>The one way it is written everywhere: <c>7-42</c>; empty when nobody asked.</summary>
    public override string ToString() => IsKnown ? string.Create(CultureInfo.InvariantCulture, $"{Connection}-{Number}") : "";
}
