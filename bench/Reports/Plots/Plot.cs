using System.Globalization;
using System.Xml.Linq;

namespace DmaHeap.Bench;

/// <summary>Draws a curve as SVG: on its own light ground, so that it is read on dark pages too, and without scripts or outside fonts.</summary>
static class Plot
{
    const int Width = 760, Height = 440, Left = 84, Right = 40, Top = 84, Bottom = 60;
    const string Ink = "#24292f", Faint = "#d8dee4", Middle = "#57606a";

    // Told apart by those who see no red or no green, and by their marks where there is no colour. What ours is measured against always looks the same.
    const string BaselineColour = "#d55e00";

    static readonly string[] s_colours = ["#0072b2", "#009e73", "#cc79a7", "#56b4e9"];

    static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    public static string Draw(Curve curve)
    {
        var points = curve.Lines.SelectMany(line => line.Points).ToList();
        var along = Scaling.Along(curve.X, points.Select(point => point.X));
        var up = Scaling.Around(curve.Y, points.Select(point => point.Y));
        var picture = new XElement(s_svg + "svg",
            new XAttribute("width", Width), new XAttribute("height", Height), new XAttribute("viewBox", $"0 0 {Width} {Height}"), new XAttribute("role", "img"),
            new XAttribute("font-family", "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"), new XAttribute("font-size", 12),
            new XElement(s_svg + "title", curve.Title),
            Box(0, 0, Width, Height, "#ffffff", Faint),
            Text(Left, 28, curve.Title, Ink, "start", ("font-size", 16), ("font-weight", 600)),
            Legend(curve.Lines), Grid(curve, along, up));
        var looks = Looks(curve.Lines);
        for (var i = 0; i < curve.Lines.Count; i++) picture.Add(Draw(curve.Lines[i], looks[i], along, up));
        return new XDocument(picture) + "\n";
    }

    static Look[] Looks(IReadOnlyList<Line> lines)
    {
        var ours = 0;
        return [.. lines.Select(line => line.IsBaseline ? new Look(BaselineColour, Baseline: true, 0) : new Look(s_colours[ours % s_colours.Length], Baseline: false, ours++))];
    }

    static IEnumerable<XElement> Legend(IReadOnlyList<Line> lines)
    {
        var looks = Looks(lines);
        const int CharacterWidth = 7, MarkWidth = 34, Gap = 22;
        double x = Left, y = 48;
        for (var i = 0; i < lines.Count; i++)
        {
            var width = MarkWidth + (lines[i].Name.Length * CharacterWidth);
            if (x > Left && x + width > Width - Right) (x, y) = (Left, y + 18);
            yield return Stroke($"M{Number(x)} {Number(y)}h26", looks[i]);
            yield return Mark(x + 13, y, looks[i]);
            yield return Text(x + MarkWidth, y + 4, lines[i].Name, Ink, "start");
            x += width + Gap;
        }
    }

    static IEnumerable<XElement> Grid(Curve curve, Scaling along, Scaling up)
    {
        foreach (var tick in up.Ticks)
        {
            var y = Y(up, tick);
            yield return Rule($"M{Left} {Number(y)}H{Width - Right}", tick == up.Ticks[0] ? Middle : Faint);
            yield return Text(Left - 8, y + 4, curve.Y.Unit.ShowRound(tick), Middle, "end");
        }

        foreach (var tick in along.Ticks)
        {
            var x = X(along, tick);
            yield return Rule($"M{Number(x)} {Height - Bottom}v5", Middle);
            yield return Text(x, Height - Bottom + 20, curve.X.Unit.ShowRound(tick), Middle, "middle");
        }

        yield return Text((Left + Width - Right) / 2.0, Height - 14, Label(curve.X), Ink, "middle");
        var middle = (Top + Height - Bottom) / 2.0;
        yield return Text(18, middle, Label(curve.Y), Ink, "middle", ("transform", $"rotate(-90 18 {Number(middle)})"));
    }

    static IEnumerable<XElement> Draw(Line line, Look look, Scaling along, Scaling up)
    {
        var places = line.Points.OrderBy(point => point.X).Select(point => (X: X(along, point.X), Y: Y(up, point.Y))).ToList();
        if (places.Count == 0) yield break;
        yield return Stroke("M" + string.Join('L', places.Select(place => $"{Number(place.X)} {Number(place.Y)}")), look);
        const int MostMarks = 24;
        if (places.Count > MostMarks) yield break;
        foreach (var (x, y) in places) yield return Mark(x, y, look);
    }

    static string Label(Axis axis) => axis.Logarithmic ? axis.Label + " (log)" : axis.Label;

    static double X(Scaling along, double value) => Left + (along.Of(value) * (Width - Left - Right));

    static double Y(Scaling up, double value) => Height - Bottom - (up.Of(value) * (Height - Top - Bottom));

    static XElement Mark(double x, double y, Look look)
    {
        var shape = look switch
        {
            { Baseline: true } => Shape($"M{Number(x - 4)} {Number(y - 4)}h8v8h-8z"),
            { Number: 0 } => new XElement(s_svg + "circle", new XAttribute("cx", Number(x)), new XAttribute("cy", Number(y)), new XAttribute("r", 4)),
            { Number: 1 } => Shape($"M{Number(x)} {Number(y - 5)}l5 9h-10z"),
            _ => Shape($"M{Number(x)} {Number(y - 5)}l5 5l-5 5l-5 -5z"),
        };
        shape.Add(new XAttribute("fill", look.Colour));
        return shape;

        static XElement Shape(string path) => new(s_svg + "path", new XAttribute("d", path));
    }

    static XElement Stroke(string path, Look look)
    {
        var line = new XElement(s_svg + "path", new XAttribute("d", path), new XAttribute("fill", "none"), new XAttribute("stroke", look.Colour), new XAttribute("stroke-width", 2));
        if (look.Baseline) line.Add(new XAttribute("stroke-dasharray", "7 4"));
        return line;
    }

    static XElement Rule(string path, string colour) => new(s_svg + "path", new XAttribute("d", path), new XAttribute("stroke", colour));

    static XElement Box(int x, int y, int width, int height, string fill, string stroke) => new(s_svg + "rect",
        new XAttribute("x", x + 0.5), new XAttribute("y", y + 0.5), new XAttribute("width", width - 1), new XAttribute("height", height - 1), new XAttribute("rx", 6),
        new XAttribute("fill", fill), new XAttribute("stroke", stroke));

    static XElement Text(double x, double y, string text, string colour, string anchor, params (string Name, object Value)[] more) => new(s_svg + "text",
        new XAttribute("x", Number(x)), new XAttribute("y", Number(y)), new XAttribute("fill", colour), new XAttribute("text-anchor", anchor),
        more.Select(attribute => new XAttribute(attribute.Name, attribute.Value)), text);

    static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>How a line is told from the others.</summary>
    /// <param name="Colour">Its colour.</param>
    /// <param name="Baseline">Whether it is what ours is measured against: dashed, with squares.</param>
    /// <param name="Number">Which of ours it is.</param>
    sealed record Look(string Colour, bool Baseline, int Number);
}
