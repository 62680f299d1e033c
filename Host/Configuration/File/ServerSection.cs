namespace DmaHeap.Hosting.Configuration;

/// <summary>How clients are served, as it is written.</summary>
internal sealed class ServerSection
{
    [Option("For how long a worker that has answered a client looks for its next request before it sleeps: off, auto (0.1ms), or a time of at most 1ms. It does so only while that pays, "
        + "never on a machine of one processor, and not while workers have more than half of the processors.", Default = "auto")]
    [TextRule(SpinText.Pattern, SpinText.Rule)]
    public string? Spin { get; init; }
}
