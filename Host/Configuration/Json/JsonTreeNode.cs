using System.Text.Json;

namespace DmaHeap.Hosting.Configuration;

internal enum JsonTreeKind
{
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>A property of an object: its key, where the key stands, and its value.</summary>
internal sealed record JsonTreeProperty(string Name, JsonTreeNode Owner, int Offset, JsonTreeNode Value) : IPlaced
{
    public SourceLocation Location => Owner.Source.Locate(Offset);

    public string Path => JsonPath.Of(Owner, Name);
}

/// <summary>A JSON value that knows where it stands. Locations and paths are worked out when asked for, so that big files cost no more than their bytes.</summary>
internal sealed class JsonTreeNode : IPlaced
{
    private static readonly List<JsonTreeProperty> s_noProperties = [];
    private static readonly Dictionary<string, JsonTreeProperty> s_noNames = [];
    private static readonly List<JsonTreeNode> s_noItems = [];

    private readonly List<JsonTreeProperty> _properties;
    private readonly Dictionary<string, JsonTreeProperty> _byName;
    private readonly List<JsonTreeNode> _items;

    internal JsonTreeNode(SourceText source, JsonTreeKind kind, int offset, string text = "")
    {
        Source = source;
        Kind = kind;
        Offset = offset;
        Text = text;
        _properties = kind == JsonTreeKind.Object ? [] : s_noProperties;
        _byName = kind == JsonTreeKind.Object ? [] : s_noNames;
        _items = kind == JsonTreeKind.Array ? [] : s_noItems;
    }

    internal SourceText Source { get; }

    internal JsonTreeKind Kind { get; }

    internal int Offset { get; }

    public SourceLocation Location => Source.Locate(Offset);

    /// <summary>The text, the number as it is written, or <c>true</c> and <c>false</c>; empty for all else.</summary>
    internal string Text { get; }

    internal JsonTreeNode? Parent { get; private set; }

    /// <summary>Its key when it is a property's value.</summary>
    internal string? Name { get; private set; }

    /// <summary>Its place when it is an item of an array.</summary>
    internal int Index { get; private set; }

    public string Path => JsonPath.Of(this);

    /// <summary>An object's properties in the order of the file; of a key given twice, the first.</summary>
    internal IReadOnlyList<JsonTreeProperty> Properties => _properties;

    internal IReadOnlyList<JsonTreeNode> Items => _items;

    internal JsonTreeProperty? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Adds a property; the one already there when the key is taken.</summary>
    internal JsonTreeProperty? Add(string name, int offset, JsonTreeNode value)
    {
        value.Parent = this;
        value.Name = name;
        var property = new JsonTreeProperty(name, this, offset, value);
        if (!_byName.TryAdd(name, property)) return _byName[name];
        _properties.Add(property);
        return null;
    }

    internal void Add(JsonTreeNode item)
    {
        item.Parent = this;
        item.Index = _items.Count;
        _items.Add(item);
    }

    /// <summary>An empty object in the place of one that the file leaves out.</summary>
    internal static JsonTreeNode Absent(JsonTreeNode parent, string name) => new(parent.Source, JsonTreeKind.Object, parent.Offset) { Parent = parent, Name = name };

    /// <summary>The same as a text of its own, without comments.</summary>
    internal string ToJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) WriteTo(json);
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void WriteTo(Utf8JsonWriter json)
    {
        switch (Kind)
        {
            case JsonTreeKind.Object:
                json.WriteStartObject();
                foreach (var property in Properties)
                {
                    json.WritePropertyName(property.Name);
                    property.Value.WriteTo(json);
                }

                json.WriteEndObject();
                break;
            case JsonTreeKind.Array:
                json.WriteStartArray();
                foreach (var item in Items) item.WriteTo(json);
                json.WriteEndArray();
                break;
            case JsonTreeKind.Text:
                json.WriteStringValue(Text);
                break;
            case JsonTreeKind.Null:
                json.WriteNullValue();
                break;
            default:
                json.WriteRawValue(Text);
                break;
        }
    }

    /// <summary>What stands here, for a message.</summary>
    internal string Describe() => Kind switch
    {
        JsonTreeKind.Object => "an object",
        JsonTreeKind.Array => "an array",
        JsonTreeKind.Text => JsonPath.Quote(Text),
        JsonTreeKind.Null => "null (to have no value, leave the key out)",
        _ => JsonPath.Clip(Text),
    };

    /// <summary>True when both are the same JSON, whatever the order of keys; two nulls are the same too.</summary>
    internal static bool SameValue(JsonTreeNode? one, JsonTreeNode? other)
    {
        if (one is null || other is null) return one is null && other is null;
        return one.Kind == other.Kind
            && one.Text == other.Text
            && one._items.Count == other._items.Count
            && one._properties.Count == other._properties.Count
            && one._items.Zip(other._items).All(pair => SameValue(pair.First, pair.Second))
            && one._properties.All(p => SameValue(p.Value, other.Find(p.Name)?.Value));
    }
}
