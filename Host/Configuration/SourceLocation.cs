using System.Globalization;

namespace DmaHeap.Hosting.Configuration;

/// <summary>A place in a configuration file.</summary>
/// <param name="File">The file's name as it was given to the reader.</param>
/// <param name="Line">Line, from 1; 0 when the file as a whole is meant (it cannot be read).</param>
/// <param name="Column">Column in characters (Unicode code points; a tab is one), from 1; 0 when the file as a whole is meant.</param>
public readonly record struct SourceLocation(string File, int Line, int Column)
{
    /// <summary><c>file:line:column</c>, or the file alone when the whole of it is meant.</summary>
    public override string ToString() => Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}
