namespace DmaHeap.Hosting.Configuration;

/// <summary>Who may use a heap, as the owner, group and mode of a device node say it. Root always may. Immutable.</summary>
public sealed record AccessConfiguration
{
    private AccessConfiguration()
    {
    }

    /// <summary>Permission bits; a caller needs the read bit of its class, as opening a device node read-only does. 0600 unless configured.</summary>
    public required UnixFileMode Mode { get; init; }

    /// <summary>Owner: a user name or a decimal user id, not yet looked up; null for the user the host runs as.</summary>
    public required string? Owner { get; init; }

    /// <summary>Group: a group name or a decimal group id, not yet looked up; null for the group the host runs as.</summary>
    public required string? Group { get; init; }

    internal static AccessConfiguration From(AccessSection section) => new()
    {
        Mode = (UnixFileMode)Convert.ToInt32(section.Mode, 8),
        Owner = section.Owner,
        Group = section.Group,
    };
}
