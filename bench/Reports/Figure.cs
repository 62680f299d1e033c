namespace DmaHeap.Bench;

/// <summary>On which side of a target a figure has to be.</summary>
enum Wanted
{
    AtMost,
    Below,
    AtLeast,
}

/// <summary>What a figure has to reach.</summary>
sealed record Target(Wanted Wanted, double Value)
{
    public static Target AtMost(double value) => new(Wanted.AtMost, value);

    public static Target Below(double value) => new(Wanted.Below, value);

    public static Target AtLeast(double value) => new(Wanted.AtLeast, value);

    public bool IsMetBy(double value) => Wanted switch
    {
        Wanted.AtMost => value <= Value,
        Wanted.Below => value < Value,
        _ => value >= Value,
    };

    public string Show(Unit unit) => Wanted switch { Wanted.AtMost => "≤ ", Wanted.Below => "< ", _ => "≥ " } + unit.ShowRound(Value);
}

/// <summary>A number that a comparison comes to.</summary>
/// <param name="Name">What tells it from the row's others, such as <c>p99</c>; else empty.</param>
/// <param name="Value">It.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="Target">What it has to reach; null where it is for information.</param>
sealed record Figure(string Name, double Value, Unit Unit, Target? Target = null)
{
    public bool Missed => Target is not null && !Target.IsMetBy(Value);

    /// <summary>By how much a missed target is missed: what is above or below it, in hundredths of it; how many times it where that is much.</summary>
    public string Miss
    {
        get
        {
            const double Much = 3;
            if (!Missed) return "";
            if (Target!.Value == 0) return Named("by " + Unit.Show(Math.Abs(Value)));
            var times = Value / Target.Value;
            return Named(times > Much ? $"by {times:0} times" : $"by {Math.Max(1, Math.Round(Math.Abs(times - 1) * 100)):0} %");
        }
    }

    public static Figure Ratio(double value, Target? target = null, string name = "") => new(name, value, Unit.Ratio, target);

    public override string ToString() => Named(Unit.Show(Value));

    public string ShowTarget() => Target is null ? "" : Named(Target.Show(Unit));

    string Named(string text) => Name.Length == 0 ? text : $"{Name} {text}";
}
