using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// An options class: the configuration's own or a plugin's. Described anew each time it is needed: a cache would keep the plugin's assembly from unloading.
/// </summary>
internal sealed class OptionClass(Type type, IReadOnlyList<OptionProperty> properties) : OptionType
{
    /// <summary>True when values are only checked: what is read is a placeholder then.</summary>
    internal bool RunsNothing { get; init; }

    internal bool HasRequired => properties.Any(p => p.IsRequired);

    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        value = null;
        if (node.Kind != JsonTreeKind.Object) return Refuse(node, errors, "an object", out value);
        try
        {
            value = Bind(node, errors);
            return value is not null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Constructors, init accessors and Check are the plugin's code.
            var cause = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
            errors.Add(node, $"the options class {type.FullName} failed: {cause.GetType().Name}: {JsonPath.Clip(cause.Message, longest: 300)}");
            return false;
        }
    }

    internal override JsonObject ToSchema()
    {
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject(properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.ToSchema()))),
        };
        if (HasRequired) schema["required"] = new JsonArray([.. properties.Where(p => p.IsRequired).Select(p => JsonValue.Create(p.Key))]);
        return schema;
    }

    private object? Bind(JsonTreeNode node, ConfigurationErrors errors)
    {
        var options = RunsNothing ? Placeholder.Instance : Activator.CreateInstance(type)!;
        var misspelt = RefuseUnknownKeys(node, errors, out var isFine);
        foreach (var property in properties) isFine &= BindProperty(options, property, node, misspelt, errors);

        // Rules over several properties would only repeat, or mistake, what is wrong with one of them.
        return isFine && Check(options, node, errors) ? options : null;
    }

    /// <summary>Which keys the unknown ones were probably meant to be.</summary>
    private HashSet<string> RefuseUnknownKeys(JsonTreeNode node, ConfigurationErrors errors, out bool isFine)
    {
        isFine = true;
        var meant = new HashSet<string>();
        foreach (var entry in node.Properties)
        {
            if (properties.Any(p => p.Key == entry.Name)) continue;
            isFine = false;
            if (errors.IsFull) break;
            var nearest = NearestName.Find(entry.Name, properties.Select(p => p.Key));
            if (nearest is not null) meant.Add(nearest);
            errors.Add(entry, $"unknown key {JsonPath.Quote(entry.Name)}; {(nearest is not null ? $"did you mean \"{nearest}\"?" : $"the keys here are {Keys()}")}");
        }

        return meant;
    }

    private bool BindProperty(object options, OptionProperty property, JsonTreeNode node, HashSet<string> misspelt, ConfigurationErrors errors)
    {
        if (!RunsNothing && property.HidesInitialValue(options))
        {
            errors.Add(node, $"the options class {type.FullName} gives {property.Name} a value that its [Option] does not declare as Default");
            return false;
        }

        if (node.Find(property.Key) is { } entry) return Set(options, property, entry.Value, errors);
        if (property.IsRequired) return misspelt.Contains(property.Key) || RefuseMissing(property, node, errors);
        if (property.Default is { } given) return Set(options, property, given, errors);
        return !property.IsAlwaysThere || Set(options, property, JsonTreeNode.Absent(node, property.Key), errors);
    }

    private static bool RefuseMissing(OptionProperty property, JsonTreeNode node, ConfigurationErrors errors)
    {
        errors.Add(node, $"\"{property.Key}\" is missing: {property.Description}");
        return false;
    }

    private bool Set(object options, OptionProperty property, JsonTreeNode node, ConfigurationErrors errors)
    {
        if (!property.Type.TryRead(node, errors, out var value)) return false;
        if (!RunsNothing) property.Set(options, value);
        return true;
    }

    private bool Check(object options, JsonTreeNode node, ConfigurationErrors errors)
    {
        if (options is not ICheckedOptions rules) return true;
        var isFine = true;
        foreach (var error in rules.Check())
        {
            isFine = false;
            Place(error, node, errors);
        }

        return isFine;
    }

    private void Place(OptionError error, JsonTreeNode node, ConfigurationErrors errors)
    {
        var key = properties.FirstOrDefault(p => p.Name == error.Property)?.Key;
        var message = JsonPath.Clip(error.Message, longest: 300);
        if (key is null) errors.Add(node, message);
        else errors.Add((node.Find(key)?.Value ?? node).Location, JsonPath.Of(node, key), message);
    }

    /// <summary>Stands for an object of a class that is not created.</summary>
    internal sealed class Placeholder
    {
        public static Placeholder Instance { get; } = new();
    }

    private string Keys() => properties.Count == 0 ? "none" : string.Join(", ", properties.Select(p => p.Key));
}
