using System.Globalization;

namespace DmaHeap.Hosting.Configuration;

/// <summary>One thing wrong in a configuration file, and where. Immutable.</summary>
/// <param name="Location">The place in the file.</param>
/// <param name="Path">JSON path of the value or key, such as <c>$.heaps.system.plugin</c>; empty when the text is not JSON at all.</param>
/// <param name="Message">What is wrong and, where known, what would be right. One line.</param>
public sealed record ConfigurationError(SourceLocation Location, string Path, string Message)
{
    /// <summary>The error as compilers write it: <c>plugins.json:12:7: $.heaps.system.optoins: unknown key "optoins"; did you mean "options"?</c></summary>
    public override string ToString() => Path.Length == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Location}: {Message}")
        : string.Create(CultureInfo.InvariantCulture, $"{Location}: {Path}: {Message}");
}
