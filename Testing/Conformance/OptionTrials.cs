using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Testing.Conformance;

/// <summary>One option set to a value that says something about the options class.</summary>
/// <param name="Key">The option.</param>
/// <param name="Value">The value.</param>
/// <param name="What">What the value is, for a sentence.</param>
internal sealed record OptionTrial(string Key, JsonNode Value, string What)
{
    public string Path => $"$.{Key}";
}

/// <summary>Values to try an options class with, made of what its properties declare.</summary>
internal static class OptionTrials
{
    private const string NoSuchKey = "noSuchOption";

    /// <summary>Values that must be refused: an unknown key, and of each option the wrong type and what lies just beyond its bounds.</summary>
    public static IEnumerable<OptionTrial> Wrong(Type options)
    {
        yield return new(NoSuchKey, JsonValue.Create(1), "unknown");
        foreach (var (key, type, option) in Properties(options))
        {
            yield return new(key, type == typeof(bool) ? JsonValue.Create("yes") : JsonValue.Create(true), "of the wrong type");
            if (type.IsEnum) yield return new(key, JsonValue.Create("no-such-value"), "none of its values");
            if (option.Minimum is { } minimum && Beyond(type, minimum, -1) is { } less) yield return new(key, less, $"below its minimum of {minimum}");
            if (option.Maximum is { } maximum && Beyond(type, maximum, +1) is { } more) yield return new(key, more, $"above its maximum of {maximum}");
        }
    }

    /// <summary>Values that are the least and the most each option allows.</summary>
    public static IEnumerable<OptionTrial> AtBounds(Type options)
    {
        foreach (var (key, type, option) in Properties(options))
        {
            if (option.Minimum is { } minimum && Beyond(type, minimum, 0) is { } least) yield return new(key, least, "its minimum");
            if (option.Maximum is { } maximum && Beyond(type, maximum, 0) is { } most) yield return new(key, most, "its maximum");
        }
    }

    private static IEnumerable<(string Key, Type Type, OptionAttribute Option)> Properties(Type options) =>
        from property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        let option = property.GetCustomAttribute<OptionAttribute>()
        where option is not null
        select (JsonNamingPolicy.CamelCase.ConvertName(property.Name), Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, option);

    private static JsonNode? Beyond(Type type, string bound, int steps)
    {
        if ((type == typeof(int) || type == typeof(long)) && long.TryParse(bound, out var number)) return Step(number, steps);
        if (type == typeof(ByteSize) && ByteSize.TryParse(bound, out var size)) return size.Bytes + steps < 0 ? null : Step(size.Bytes, steps);
        if (type == typeof(TimeSpan) && TimeText.TryParse(bound, out var time)) return time.Ticks + steps < 0 ? null : JsonValue.Create(time.Add(TimeSpan.FromMilliseconds(steps)).ToString("c"));
        return null;
    }

    private static JsonNode? Step(long bound, int steps) => steps > 0 && bound == long.MaxValue || steps < 0 && bound == long.MinValue ? null : JsonValue.Create(bound + steps);
}
