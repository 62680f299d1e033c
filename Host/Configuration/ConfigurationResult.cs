namespace DmaHeap.Hosting.Configuration;

/// <summary>What became of reading a configuration: the value, or every error at once. Immutable.</summary>
/// <typeparam name="T">What was read.</typeparam>
public sealed class ConfigurationResult<T>
    where T : class?
{
    internal ConfigurationResult(T? value, IReadOnlyList<ConfigurationError> errors)
    {
        Value = errors.Count == 0 ? value : null;
        Errors = errors;
    }

    /// <summary>The value; null when there are errors.</summary>
    public T? Value { get; }

    /// <summary>All that is wrong, in the order of the file; empty when the value can be used; at most two hundred.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }

    /// <summary>True when there are no errors.</summary>
    public bool IsValid => Errors.Count == 0;

    /// <summary>The value, as an exception when there is none.</summary>
    /// <exception cref="ConfigurationException">There are errors: all of them.</exception>
    public T ValueOrThrow() => IsValid ? Value! : throw new ConfigurationException(Errors);
}
