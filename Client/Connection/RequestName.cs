using System.Globalization;

namespace DmaHeap.Client;

/// <summary>What the host's log calls a request: <c>7-42</c> is number 42 of its connection 7. Nothing, where the host does not number its connections.</summary>
readonly record struct RequestName(ulong Connection, ulong Number)
{
    public override string ToString() => Connection == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Connection}-{Number}");
}
