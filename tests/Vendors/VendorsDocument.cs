using System.Text;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>docs/vendors.md as what a newcomer does with it.</summary>
static class VendorsDocument
{
    static readonly string[] s_lines = File.ReadAllLines(Repository.File("docs", "vendors.md"));

    /// <summary>Its blocks of a kind, in order, each as one text.</summary>
    public static IReadOnlyList<(string Kind, string Text)> Blocks { get; } = [.. Read()];

    /// <summary>
    /// Its commands as one script, to be run in a clone. What is for a terminal of its own ("sh serve") runs beside what follows, which waits until it listens; it is
    /// interrupted at the end, as by Ctrl-C.
    /// </summary>
    /// <param name="elsewhere">Where the vendor goes after the first block, which is for the clone.</param>
    public static string Script(string elsewhere)
    {
        var script = new StringBuilder();
        foreach (var (kind, text) in Blocks)
        {
            if (kind == "sh") script.AppendLine(text);
            if (kind == "sh serve") script.AppendLine(Serving(text));
            if (script.Length > 0 && kind == "sh" && text == Blocks[0].Text) script.AppendLine($"cd {elsewhere}");
        }

        return script.AppendLine("kill -INT -- -\"$serving\"; wait \"$serving\" || true; cat \"$log\"").ToString();
    }

    // The job is a group of its own (-m), as one in a terminal is, or it would not hear of an interrupt.
    static string Serving(string text) => $$"""
        log=$(mktemp); mkfifo "$log.up"
        set -m
        { exec {{text.Split('#')[0].Trim()}} > >(tee "$log" | { grep -m1 ^Listening > "$log.up"; cat > /dev/null; }) 2>&1; } &
        serving=$!
        set +m
        trap 'kill -KILL -- -"$serving" 2>/dev/null || true' EXIT
        read -r -t 600 line < "$log.up"
        """;

    static IEnumerable<(string Kind, string Text)> Read()
    {
        string? kind = null;
        var block = new List<string>();
        foreach (var line in s_lines)
        {
            if (!line.StartsWith("```", StringComparison.Ordinal))
            {
                if (kind is not null) block.Add(line);
                continue;
            }

            if (kind is null)
            {
                kind = line[3..];
                continue;
            }

            yield return (kind, string.Join('\n', block));
            kind = null;
            block.Clear();
        }
    }
}
