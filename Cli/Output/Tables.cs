using Spectre.Console;

namespace DmaHeap.Cli.Output;

/// <summary>Tables for people: no frames, so that a line can be selected, grepped and cut.</summary>
static class Tables
{
    /// <summary>An empty table.</summary>
    /// <param name="headings">One a column; a <c>&gt;</c> before one aligns its column to the right.</param>
    public static Table Create(params ReadOnlySpan<string> headings)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var heading in headings)
        {
            var right = heading[0] == '>';
            var column = new TableColumn(new Text(heading.TrimStart('>'), new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) };
            table.AddColumn(right ? column.RightAligned() : column);
        }

        return table;
    }

    /// <summary>Adds a row; nothing in it is taken for markup, and none of it reaches the terminal as a control sequence.</summary>
    public static void Add(this Table table, params ReadOnlySpan<string> cells)
    {
        var texts = new Text[cells.Length];
        for (var i = 0; i < texts.Length; i++) texts[i] = new Text(Words.Visible(cells[i]));
        table.AddRow(texts);
    }

    /// <summary>The heaps of a host.</summary>
    public static Table Of(IReadOnlyList<HeapRow> heaps)
    {
        var table = Create("HEAP", "STATE", "PLUGIN", "TRAITS", "ALIASES");
        foreach (var heap in heaps)
        {
            table.Add(
                heap.Name, heap.Reason is null ? heap.State : $"{heap.State}: {heap.Reason}", heap.Plugin, string.Join(' ', heap.Traits),
                string.Join(' ', heap.Aliases));
        }

        return table;
    }
}
