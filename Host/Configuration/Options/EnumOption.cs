using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>One of an enum's members, by the text of its <see cref="OptionValueAttribute"/> or its name in camelCase. To the letter.</summary>
internal sealed class EnumOption : OptionType
{
    private readonly List<(string Text, object Value)> _members;

    private EnumOption(List<(string Text, object Value)> members) => _members = members;

    internal override bool IsText => true;

    internal static EnumOption Of(Type type, ICollection<string> faults)
    {
        var members = type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (Text: TextOf(field), Value: Enum.ToObject(type, field.GetRawConstantValue()!)))
            .ToList();
        foreach (var twice in members.GroupBy(m => m.Text).Where(g => g.Count() > 1)) faults.Add($"two members of {type.Name} are both written \"{twice.Key}\"");
        return new EnumOption(members);
    }

    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        var index = node.Kind == JsonTreeKind.Text ? _members.FindIndex(m => m.Text == node.Text) : -1;
        value = index < 0 ? null : _members[index].Value;
        if (value is not null) return true;
        return Refuse(node, errors, $"one of {string.Join(", ", _members.Select(m => $"\"{m.Text}\""))}", out value);
    }

    internal override JsonObject ToSchema() => new()
    {
        ["type"] = "string",
        ["enum"] = new JsonArray([.. _members.Select(m => JsonValue.Create(m.Text))]),
    };

    private static string TextOf(FieldInfo field) =>
        field.GetCustomAttribute<OptionValueAttribute>()?.Text ?? JsonNamingPolicy.CamelCase.ConvertName(field.Name);
}
