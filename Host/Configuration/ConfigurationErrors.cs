namespace DmaHeap.Hosting.Configuration;

/// <summary>Collects every error of a file before anything is refused. Not safe for several threads.</summary>
internal sealed class ConfigurationErrors
{
    /// <summary>Enough for a person; a file full of garbage must not fill the log.</summary>
    internal const int Most = 200;

    private readonly List<ConfigurationError> _errors = [];

    internal int Count => _errors.Count;

    /// <summary>True when one more would not be kept, so that nobody need find out where it stands.</summary>
    internal bool IsFull => _errors.Count >= Most;

    internal void Add(SourceLocation location, string path, string message)
    {
        if (!IsFull) _errors.Add(new ConfigurationError(location, path, message));
    }

    /// <summary>An error about a key or a value.</summary>
    internal void Add(IPlaced place, string message)
    {
        if (!IsFull) Add(place.Location, place.Path, message);
    }

    internal void Add(ConfigurationErrors others)
    {
        foreach (var error in others._errors) Add(error.Location, error.Path, error.Message);
    }

    /// <summary>All errors in the order of the file; of several files, those of one together.</summary>
    internal IReadOnlyList<ConfigurationError> InOrder()
    {
        var files = _errors.Select(e => e.Location.File).Distinct().ToList();
        return Array.AsReadOnly(_errors.OrderBy(e => files.IndexOf(e.Location.File)).ThenBy(e => e.Location.Line).ThenBy(e => e.Location.Column).ToArray());
    }
}
