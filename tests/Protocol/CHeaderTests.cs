using System.Globalization;
using System.Text.RegularExpressions;

namespace DmaHeap.Tests.Protocol;

/// <summary>Protocol/wire.h, by which programs in C speak to the host, says of each message what docs/protocol.md says, as far as it goes.</summary>
public sealed partial class CHeaderTests
{
    private static readonly Dictionary<string, string> s_messages = new()
    {
        ["wire_header"] = "MessageHeader", ["wire_hello"] = "HelloRequest", ["wire_allocate"] = "AllocateRequest", ["wire_allocated"] = "AllocateReply", ["wire_batch"] = "AllocateBatchRequest",
        ["wire_batch_size"] = "BatchSize", ["wire_batch_reply"] = "AllocateBatchReply", ["wire_batch_buffer"] = "BatchBuffer", ["wire_given_back"] = "GiveBackReply", ["wire_shrink"] = "ShrinkRequest",
        ["wire_list"] = "ListReply", ["wire_shrink_entry"] = "ShrinkEntry", ["wire_described"] = "DescribeReply", ["wire_statistics"] = "StatisticsRequest", ["wire_counted"] = "StatisticsReply",
        ["wire_attach"] = "AttachBufferRequest", ["wire_map"] = "MapRequest", ["wire_mapped"] = "MapReply", ["wire_error"] = "ErrorReply",
    };

    private static readonly Dictionary<string, int> s_sizes = new() { ["uint16_t"] = 2, ["uint32_t"] = 4, ["int32_t"] = 4, ["uint64_t"] = 8, ["char"] = 1 };

    public static TheoryData<string> Structs => [.. Read().Keys];

    [Theory]
    [MemberData(nameof(Structs))]
    public void A_struct_is_the_beginning_of_its_message(string name)
    {
        var ours = Read()[name];
        var documented = Leaves(s_messages[name], 0).ToArray();
        Assert.NotEmpty(ours);
        Assert.Equal(documented.Take(ours.Count), ours);
    }

    [Fact]
    public void A_field_that_is_missing_is_noticed() =>
        Assert.NotEqual(Leaves("HelloRequest", 0).Take(5), Parse("struct wire_hello {\n uint32_t size; uint16_t kind, flags;\n uint64_t request_id; uint16_t major, minor;\n};")["wire_hello"].Take(5));

    private static IEnumerable<(int Offset, int Bytes)> Leaves(string message, int at) => ProtocolDocument.Read().Single(one => one.Name == message).Fields.SelectMany(field =>
        ProtocolDocument.Read().Any(one => one.Name == field.Type) ? Leaves(field.Type, at + field.Offset) : [(at + field.Offset, field.Bytes)]);

    private static Dictionary<string, List<(int Offset, int Bytes)>> Read() => Parse(File.ReadAllText(Path.Combine(ProtocolDocument.Root, "Protocol", "wire.h")));

    // Without padding: that there is none the header's own assertions say, to whoever compiles it.
    private static Dictionary<string, List<(int Offset, int Bytes)>> Parse(string header)
    {
        var structs = new Dictionary<string, List<(int Offset, int Bytes)>>();
        foreach (Match one in Struct().Matches(Comment().Replace(header, "")))
        {
            var (fields, at) = (new List<(int, int)>(), 0);
            foreach (Match member in Member().Matches(one.Groups[2].Value))
            {
                var type = member.Groups[1].Value;
                foreach (var name in member.Groups[2].Value.Split(',', StringSplitOptions.TrimEntries))
                {
                    var count = Count().Match(name) is { Success: true } array ? int.Parse(array.Groups[1].Value, CultureInfo.InvariantCulture) : 1;
                    if (structs.TryGetValue(type, out var inner)) Add(inner.Select(leaf => leaf.Bytes));
                    else if (type == "char") Add([count]);
                    else Add(Enumerable.Repeat(s_sizes[type], count));
                }
            }

            structs.Add(one.Groups[1].Value, fields);

            void Add(IEnumerable<int> sizes)
            {
                foreach (var bytes in sizes)
                {
                    fields.Add((at, bytes));
                    at += bytes;
                }
            }
        }

        return structs;
    }

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"struct (\w+) \{(.*?)\};", RegexOptions.Singleline)]
    private static partial Regex Struct();

    [GeneratedRegex(@"(?:struct )?(\w+) ([\w\[\], ]+);")]
    private static partial Regex Member();

    [GeneratedRegex(@"\[(\d+)\]")]
    private static partial Regex Count();
}
