namespace DmaHeap.Hosting.Configuration;

/// <summary>How clients are served, as it is written.</summary>
internal sealed class ServerSection
{
    [Option("For how long a worker that has answered a client looks for its next request before it sleeps: off, auto (0.1ms), or a time of at most 1ms. It does so only while that pays, "
        + "never on a machine of one processor, and not while workers have more than half of the processors.", Default = "auto")]
    [TextRule(SpinText.Pattern, SpinText.Rule)]
    public string? Spin { get; init; }

    [Option("Whether the host, as root, raises the machine's inotify limits while it runs: fs.inotify.max_user_watches, of which each buffer takes one, to 1048576 and max_queued_events to 262144. "
        + "Heeded when the host starts.", Default = "false")]
    public bool RaiseLimits { get; init; }
}
