using System.Text;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class JsonTreeTests
{
    [Fact]
    public void Every_key_and_value_knows_its_line_column_and_path()
    {
        var root = Parse("{\n  \"a\": [ 1,\n\t{ \"b c\": true } ],\r\n  \"d\": { \"e'f\": null }\n}");

        Assert.Equal("1:1 $", Place(root));
        var a = root.Find("a")!;
        Assert.Equal("2:3 $.a", $"{a.Location.Line}:{a.Location.Column} {a.Path}");
        Assert.Equal("2:8 $.a", Place(a.Value));
        Assert.Equal("2:10 $.a[0]", Place(a.Value.Items[0]));
        Assert.Equal("3:2 $.a[1]", Place(a.Value.Items[1]));
        Assert.Equal("3:11 $.a[1]['b c']", Place(a.Value.Items[1].Find("b c")!.Value));
        Assert.Equal("4:17 $.d['e\\'f']", Place(root.Find("d")!.Value.Find("e'f")!.Value));
    }

    [Fact]
    public void Columns_count_characters_not_bytes()
    {
        var root = Parse("{ \"ä€😀\": \"é\", /* ü😀 */ \"b\": 1 }");

        Assert.Equal("1:10 $['ä€😀']", Place(root.Find("ä€😀")!.Value));
        Assert.Equal("1:29 $.b", Place(root.Find("b")!.Value));
    }

    [Fact]
    public void A_byte_order_mark_takes_no_column()
    {
        var root = Parse("\uFEFF{\"a\":1}");

        Assert.Equal("1:1 $", Place(root));
        Assert.Equal("1:6 $.a", Place(root.Find("a")!.Value));
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        var root = Parse("// first\n{ /* a\nb */ \"a\": [1, 2,], // end\n}\n// last");

        Assert.Equal("3:11 $.a", Place(root.Find("a")!.Value));
        Assert.Equal(2, root.Find("a")!.Value.Items.Count);
    }

    [Theory]
    [InlineData("", "1:1", "the file is empty")]
    [InlineData("\uFEFF", "1:1", "the file is empty")]
    [InlineData("{\n  \"a\": 1\n  \"b\": 2\n}", "3:3", "invalid after a value")]
    [InlineData("{\n  \"ä😀\": x }", "2:9", "'x' is an invalid start of a value")]
    [InlineData("{\n  /* é\n é */ \"a\": x }", "3:12", "'x' is an invalid start of a value")]
    [InlineData("{\r\n  // é\r\n  \"a\": x }", "3:8", "'x' is an invalid start of a value")]
    [InlineData("{ \"a\": 'b' }", "1:8", "invalid start of a value")]
    [InlineData("{ \"a\": 01 }", "1:9", "leading zero")]
    [InlineData("{} {}", "1:4", "invalid after a single JSON value")]
    [InlineData("{\n \"a\": [\n  1,", "3:5", "the file ends inside an array that begins on line 2 (column 7)")]
    [InlineData("{ \"a\": \"b", "1:10", "the file ends inside an object that begins on line 1 (column 1)")]
    [InlineData("{ \"a\": \"x\ny\" }", "1:10", "invalid within a JSON string")]
    public void A_syntax_error_is_one_error_with_its_place(string json, string place, string message)
    {
        var errors = ErrorsOf(Encoding.UTF8.GetBytes(json));

        var error = Assert.Single(errors);
        Assert.Equal(place, $"{error.Location.Line}:{error.Location.Column}");
        Assert.Contains(message, error.Message);
        Assert.DoesNotContain("LineNumber", error.Message);
        Assert.Equal("", error.Path);
    }

    [Fact]
    public void A_syntax_error_hides_duplicates_found_before_it() =>
        Assert.Contains("invalid", Assert.Single(ErrorsOf("{\"a\":1,\"a\":2,x"u8.ToArray())).Message);

    [Fact]
    public void Invalid_utf8_is_located()
    {
        byte[] bytes = [.. "{ \"a\":\n \"é"u8, 0xC3, 0x28, .. "\" }"u8];

        var error = Assert.Single(ErrorsOf(bytes));

        Assert.Equal("2:4", $"{error.Location.Line}:{error.Location.Column}");
        Assert.Contains("0xC3", error.Message);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_an_error_in_values_and_keys()
    {
        var errors = ErrorsOf("""{ "a": "\ud83d", "\ude00": 1, "ok": "\ud83d\ude00" }"""u8.ToArray());

        Assert.Equal(["1:8", "1:18"], errors.Select(e => $"{e.Location.Line}:{e.Location.Column}"));
    }

    [Fact]
    public void A_duplicate_key_names_both_lines_wherever_it_stands()
    {
        var errors = ErrorsOf("{ \"a\": 1,\n  \"b\": { \"c\": 1,\n \"c\": 2 },\n \"\\u0061\": 2 }"u8.ToArray());

        Assert.Equal(2, errors.Count);
        Assert.Equal("f:3:2: $.b.c: key \"c\" is given twice: on line 2 (column 10) and on line 3 (column 2)", errors[0].ToString());
        Assert.Equal("f:4:2: $.a: key \"a\" is given twice: on line 1 (column 3) and on line 4 (column 2)", errors[1].ToString());
    }

    [Fact]
    public void Nesting_has_an_end()
    {
        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth));

        Assert.Empty(ErrorsOf(Nested(JsonTree.MaxDepth)));
        Assert.Contains("depth", Assert.Single(ErrorsOf(Nested(JsonTree.MaxDepth + 1))).Message);
        Assert.Contains("depth", Assert.Single(ErrorsOf(Nested(100_000))).Message);
    }

    [Theory]
    [InlineData("""{"a":1,"b":[1,{"c":"x"}]}""", """{ "b": [1, {"c":"x"}], /* same */ "a": 1 }""", true)]
    [InlineData("""{"a":1}""", """{"a":2}""", false)]
    [InlineData("""{"a":1}""", """{"a":"1"}""", false)]
    [InlineData("""{"a":1}""", """{"b":1}""", false)]
    [InlineData("""[1,2]""", """[2,1]""", false)]
    [InlineData("""[1]""", """[1,2]""", false)]
    public void Trees_are_compared_by_what_they_say(string one, string other, bool same) =>
        Assert.Equal(same, JsonTreeNode.SameValue(Parse(one), Parse(other)));

    private static JsonTreeNode Parse(string json)
    {
        var errors = new ConfigurationErrors();
        var root = JsonTree.Parse(new SourceText("f", Encoding.UTF8.GetBytes(json)), errors);
        Assert.Equal(0, errors.Count);
        return root!;
    }

    private static IReadOnlyList<ConfigurationError> ErrorsOf(byte[] json)
    {
        var errors = new ConfigurationErrors();
        JsonTree.Parse(new SourceText("f", json), errors);
        return errors.InOrder();
    }

    private static string Place(JsonTreeNode node) => $"{node.Location.Line}:{node.Location.Column} {node.Path}";
}
