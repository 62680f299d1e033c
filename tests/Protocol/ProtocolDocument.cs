using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace DmaHeap.Tests.Protocol;

sealed record DocumentedField(int Offset, int Bytes, string Name, string Type);

sealed record DocumentedStruct(string Name, int Bytes, IReadOnlyList<DocumentedField> Fields);

/// <summary>The tables of docs/protocol.md.</summary>
static partial class ProtocolDocument
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<DocumentedStruct> Read() => Parse(File.ReadAllLines(Path.Combine(Root, "docs", "protocol.md")));

    public static IReadOnlyList<DocumentedStruct> Parse(IEnumerable<string> lines)
    {
        var structs = new List<DocumentedStruct>();
        List<DocumentedField>? fields = null;
        foreach (var line in lines)
        {
            if (line.StartsWith('#')) fields = null;
            if (Heading().Match(line) is { Success: true } heading)
                structs.Add(new DocumentedStruct(heading.Groups[1].Value, Number(heading.Groups[2]), fields = []));
            else if (fields is not null && Row().Match(line) is { Success: true } row)
                fields.Add(new DocumentedField(Number(row.Groups[1]), Number(row.Groups[2]), row.Groups[3].Value, row.Groups[4].Value));
        }

        return structs;
    }

    static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    static string FindRoot([CallerFilePath] string here = "")
    {
        foreach (var start in new[] { Path.GetDirectoryName(here)!, AppContext.BaseDirectory })
        {
            for (var directory = new DirectoryInfo(start); directory is not null; directory = directory.Parent)
            {
                if (File.Exists(Path.Combine(directory.FullName, "docs", "protocol.md"))) return directory.FullName;
            }
        }

        throw new FileNotFoundException("docs/protocol.md is neither above the tests' source nor above their output.");
    }

    [GeneratedRegex(@"^### (\w+) \((\d+) bytes\)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\| (\d+) \| (\d+) \| (\w+) \| (\w+) \|")]
    private static partial Regex Row();
}
