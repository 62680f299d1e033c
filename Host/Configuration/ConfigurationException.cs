namespace DmaHeap.Hosting.Configuration;

/// <summary>A configuration that cannot be used. Its message is the list of all errors, one a line.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="errors">All that is wrong; at least one.</param>
    public ConfigurationException(IReadOnlyList<ConfigurationError> errors)
        : base(string.Join('\n', errors ?? throw new ArgumentNullException(nameof(errors))))
    {
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count);
        Errors = errors;
    }

    /// <summary>All that is wrong, in the order of the file.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }
}
