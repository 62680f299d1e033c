using System.Diagnostics.Tracing;

namespace DmaHeap.Client;

/// <summary>
/// The client's log, which any program has without a further library: <c>dotnet-trace collect --providers DmaHeap-Client</c>, or an <see cref="EventListener"/>. Each
/// request is named as the host's log and a heap's journal name it. Costs nothing while nobody listens.
/// </summary>
[EventSource(Name = "DmaHeap-Client")]
sealed class RequestEvents : EventSource
{
    public static RequestEvents Log { get; } = new();

    /// <summary>Tells of a request that has its answer.</summary>
    [NonEvent]
    public void Ended(PendingCall call)
    {
        if (call.Failure is not { } failure)
        {
            if (IsEnabled(EventLevel.Verbose, EventKeywords.None)) Answered(call.Name.ToString(), Enum.GetName(call.Kind) ?? "");
        }
        else if (IsEnabled(EventLevel.Warning, EventKeywords.None))
        {
            Failed(call.Name.ToString(), Enum.GetName(call.Kind) ?? "", failure.Errno.ToString(), failure.Cause, failure.Message);
        }
    }

    [Event(1, Level = EventLevel.Verbose, Message = "request {0}: {1} answered")]
    private void Answered(string request, string kind) => WriteEvent(1, request, kind);

    [Event(2, Level = EventLevel.Warning, Message = "request {0}: {1} failed with {2}, {3}: {4}")]
    private void Failed(string request, string kind, string errno, string cause, string message) => WriteEvent(2, request, kind, errno, cause, message);
}
