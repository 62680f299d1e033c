using System.Text.Json;

namespace DmaHeap.Hosting.Configuration;

/// <summary>Reads JSON with comments and trailing commas into a tree whose every key and value knows its place.</summary>
internal sealed class JsonTree
{
    internal const int MaxDepth = 64;

    private readonly SourceText _source;
    private readonly ConfigurationErrors _errors;
    private readonly Stack<JsonTreeNode> _open = [];
    private JsonTreeNode? _root;
    private (string Name, int Offset)? _key;

    private JsonTree(SourceText source, ConfigurationErrors errors)
    {
        _source = source;
        _errors = errors;
    }

    /// <summary>
    /// The root of the tree; null after a syntax error, which is then the only one added.
    /// Duplicate keys and halves of characters are added as errors and leave a tree to look for more in.
    /// </summary>
    internal static JsonTreeNode? Parse(SourceText source, ConfigurationErrors errors)
    {
        if (source.FindInvalidByte() is { } invalid)
        {
            errors.Add(source.Locate(invalid), "", $"byte 0x{source.Bytes.Span[invalid]:X2} is not valid UTF-8 here");
            return null;
        }

        if (source.Bytes.IsEmpty)
        {
            errors.Add(source.Locate(0), "", "the file is empty");
            return null;
        }

        var found = new ConfigurationErrors();
        var tree = new JsonTree(source, found);
        try
        {
            tree.Read();
        }
        catch (JsonException e)
        {
            tree.AddSyntaxError(e, errors);
            return null;
        }

        errors.Add(found);
        return tree._root;
    }

    private void Read()
    {
        var reader = new Utf8JsonReader(_source.Bytes.Span, new JsonReaderOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            MaxDepth = MaxDepth,
        });
        while (reader.Read()) Take(ref reader);
    }

    private void Take(ref Utf8JsonReader reader)
    {
        var offset = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                _key = (TextOf(ref reader, offset), offset);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _open.Pop();
                break;
            case JsonTokenType.StartObject:
                Attach(new JsonTreeNode(_source, JsonTreeKind.Object, offset), opens: true);
                break;
            case JsonTokenType.StartArray:
                Attach(new JsonTreeNode(_source, JsonTreeKind.Array, offset), opens: true);
                break;
            case JsonTokenType.String:
                Attach(new JsonTreeNode(_source, JsonTreeKind.Text, offset, TextOf(ref reader, offset)));
                break;
            case JsonTokenType.Number:
                Attach(new JsonTreeNode(_source, JsonTreeKind.Number, offset, RawOf(ref reader)));
                break;
            case JsonTokenType.True or JsonTokenType.False:
                Attach(new JsonTreeNode(_source, JsonTreeKind.Boolean, offset, RawOf(ref reader)));
                break;
            default:
                Attach(new JsonTreeNode(_source, JsonTreeKind.Null, offset));
                break;
        }
    }

    private void Attach(JsonTreeNode node, bool opens = false)
    {
        if (!_open.TryPeek(out var parent)) _root = node;
        else if (parent.Kind == JsonTreeKind.Array) parent.Add(node);
        else AttachProperty(parent, _key!.Value, node);
        if (opens) _open.Push(node);
    }

    private void AttachProperty(JsonTreeNode parent, (string Name, int Offset) key, JsonTreeNode node)
    {
        if (parent.Add(key.Name, key.Offset, node) is not { } first || _errors.IsFull) return;
        var (at, again) = (first.Location, _source.Locate(key.Offset));
        _errors.Add(again, first.Path, $"key {JsonPath.Quote(key.Name)} is given twice: on line {at.Line} (column {at.Column}) and on line {again.Line} (column {again.Column})");
    }

    private string TextOf(ref Utf8JsonReader reader, int offset)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Escapes may spell half of a surrogate pair, which the reader lets pass but cannot turn into a text.
            _errors.Add(_source.Locate(offset), _open.TryPeek(out var parent) ? parent.Path : "$", "a \\u escape in this text is half of a character: surrogates come in pairs");
            return "\uFFFD";
        }
    }

    private static string RawOf(ref Utf8JsonReader reader) => System.Text.Encoding.ASCII.GetString(reader.ValueSpan);

    private void AddSyntaxError(JsonException e, ConfigurationErrors errors)
    {
        var offset = _source.OffsetOf(e.LineNumber ?? 0, e.BytePositionInLine ?? 0);
        var message = e.Message;
        var tail = message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        if (tail > 0) message = message[..tail];
        if (_open.TryPeek(out var open) && _source.Bytes.Span[offset..].Trim(" \t\r\n,"u8).IsEmpty)
        {
            // What is missing belongs somewhere before the end; where the innermost value begins is the better lead.
            offset = _source.Bytes.Length;
            var start = open.Location;
            message = $"the file ends inside {open.Describe()} that begins on line {start.Line} (column {start.Column})";
        }

        errors.Add(_source.Locate(offset), "", JsonPath.Clip(message, longest: 300));
    }
}
