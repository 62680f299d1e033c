using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>One option: a property of an options class, its key and kind, and what stands for it when the file leaves it out.</summary>
internal sealed class OptionProperty(PropertyInfo property, OptionAttribute option, OptionType type, bool isRequired)
{
    internal string Key { get; } = KeyOf(property);

    /// <summary>The property's name in C#.</summary>
    internal string Name => property.Name;

    internal string Description => option.Description;

    internal OptionType Type => type;

    /// <summary>True when the file must have it: the property is <c>required</c>, or it is an object that has such a property inside.</summary>
    internal bool IsRequired { get; } = isRequired || (type is OptionClass { HasRequired: true } && IsNeverNull(property));

    /// <summary>The default's place in a little file of its own; null when the metadata has none.</summary>
    internal JsonTreeNode? Default { get; } = option.Default is { } text ? ParseDefault(text, type) : null;

    internal bool HasDefault => option.Default is not null;

    internal void Set(object options, object value) => property.SetValue(options, value);

    /// <summary>True when the class gives a plain value something else than its zero, of which the metadata, and so every schema and page made from it, knows nothing.</summary>
    internal bool HidesInitialValue(object options) =>
        !HasDefault && property.PropertyType.IsValueType && !Equals(property.GetValue(options), Zero(property.PropertyType));

    /// <summary>True when an absent object is one with all its defaults rather than null.</summary>
    internal bool IsAlwaysThere { get; } = type is OptionClass && IsNeverNull(property);

    internal JsonObject ToSchema()
    {
        var schema = new JsonObject { ["description"] = type.Limits is { } limits ? $"{Description} {limits}" : Description };
        foreach (var (key, value) in type.ToSchema()) schema[key] = value?.DeepClone();
        if (option.Default is { } text) schema["default"] = type.IsText ? JsonValue.Create(text) : JsonNode.Parse(text);
        return schema;
    }

    internal static string KeyOf(PropertyInfo property) =>
        property.GetCustomAttribute<KeyAttribute>()?.Key ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    private static bool IsNeverNull(PropertyInfo property) => new NullabilityInfoContext().Create(property).WriteState != NullabilityState.Nullable;

    private static object? Zero(Type type) => Nullable.GetUnderlyingType(type) is null ? Activator.CreateInstance(type) : null;

    private static JsonTreeNode? ParseDefault(string text, OptionType type)
    {
        var json = type.IsText ? JsonValue.Create(text).ToJsonString() : text;
        return JsonTree.Parse(new SourceText("", System.Text.Encoding.UTF8.GetBytes(json)), new ConfigurationErrors());
    }
}
