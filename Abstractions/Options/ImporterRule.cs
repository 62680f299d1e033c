namespace DmaHeap;

/// <summary>
/// An option of heaps that give their memory to some importers only: whom one rule lets have it. A user id or a group id grants; an executable only narrows, for
/// whoever can start a program can start that one, and make it do as told.
/// </summary>
public class ImporterRule : ICheckedOptions
{
    /// <summary>Effective user ids that are granted the memory.</summary>
    [Option("User ids of trusted importers.", Default = "[]", Minimum = "0", Maximum = "4294967295")]
    public long[] Users { get; init; } = [];

    /// <summary>Group ids whose members, also supplementary ones, are granted the memory.</summary>
    [Option("Group ids of trusted importers; supplementary groups count.", Default = "[]", Minimum = "0", Maximum = "4294967295")]
    public long[] Groups { get; init; } = [];

    /// <summary>Absolute paths; when there are any, an importer must run one of these too.</summary>
    [Option("Executables, by absolute path: when given, an importer must also run one of them. Narrows, never grants.", Default = "[]")]
    public string[] Executables { get; init; } = [];

    /// <inheritdoc/>
    public virtual IEnumerable<OptionError> Check()
    {
        if (Users.Length == 0 && Groups.Length == 0)
        {
            yield return new OptionError(Executables.Length == 0 ? "" : nameof(Executables), "a rule grants by \"users\" or \"groups\", and this one has neither");
        }

        foreach (var path in Executables)
        {
            if (!path.StartsWith('/')) yield return new OptionError(nameof(Executables), $"\"{path}\" is no absolute path");
        }
    }

    /// <summary>Whether the rule grants this caller by its user or groups, whatever it runs.</summary>
    /// <param name="caller">The caller.</param>
    public bool Grants(Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return Users.Contains(caller.UserId) || Groups.Any(group => caller.IsInGroup((uint)group));
    }

    /// <summary>Whether the rule lets this importer have memory.</summary>
    /// <param name="attachment">The importer's attachment.</param>
    public bool Allows(BufferAttachment attachment)
    {
        ArgumentNullException.ThrowIfNull(attachment);
        return Grants(attachment.Importer) && (Executables.Length == 0 || Executables.Contains(attachment.ImporterExecutable, StringComparer.Ordinal));
    }

    /// <summary>Why no rule of several lets this importer have memory, for the log and the importer; null when one does.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="attachment">The importer's attachment.</param>
    public static string? WhyDenied(IEnumerable<ImporterRule> rules, BufferAttachment attachment)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(attachment);
        var granted = false;
        foreach (var rule in rules)
        {
            if (rule.Allows(attachment)) return null;
            granted |= rule.Grants(attachment.Importer);
        }

        var importer = attachment.Importer;
        if (!granted) return $"neither user {importer.UserId} nor one of its groups is among the configured importers";
        return attachment.ImporterExecutable.Length == 0
            ? $"user {importer.UserId} is trusted with certain executables only, and which one it runs is unknown"
            : $"user {importer.UserId} is trusted with certain executables only, and it runs {attachment.ImporterExecutable}";
    }
}
