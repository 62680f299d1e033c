using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

/// <summary>Files on which the reader and the schema must agree, and those on which they cannot.</summary>
public static class SchemaCases
{
    internal static readonly PluginOptions[] Plugins =
    [
        new("Sample", null, typeof(SampleOptions)),
        new("Many", "Demanding", typeof(DemandingOptions)),
        .. ShippedPlugins.Options,
    ];

    private static readonly string Hash = new('a', 64);

    public static TheoryData<string> Accepted =>
    [
        Heap(""),
        """{"$schema":"x","version":1,"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":"2GiB","largestBuffer":4096,"perUser":"1.5GiB"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spin":"off"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spin":"auto"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spin":"0.05ms"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spin":"1ms"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"heaps":{"protected,secure":{"plugin":"X"},"a.b_c+d-9":{"plugin":"Y"},"...":{"plugin":"Z"}}}""",
        """/* a */{"version":1,"heaps":{"h":{"plugin":"./a/b.dll"}}}""",
        Heap("\"type\":\"T\""),
        Heap("\"aliases\":[]"),
        Heap("\"aliases\":[\"reserved\",\"linux,cma\",\"default-pool\"]"),
        Heap("\"options\":{\"whatever\":[1,{}]}"),
        Heap("\"limits\":{\"total\":\"8192 KiB\"}"),
        Heap($"\"sha256\":\"{Hash}\""),
        Heap($"\"sha256\":{{\"a.dll\":\"{Hash}\",\"runtimes/linux-x64/native/lib..a.so\":\"{Hash}\",\".x\":\"{Hash}\"}}"),
        Heap("\"faults\":{}"),
        Heap("\"faults\":{\"count\":1,\"within\":\"500ms\"}"),
        Heap("\"access\":{}"),
        Heap("\"access\":{\"mode\":\"0660\",\"owner\":\"root\",\"group\":\"video\"}"),
        Heap("\"access\":{\"mode\":\"666\",\"owner\":0,\"group\":\"44\"}"),
        Heap("\"commit\":\"committed\",\"cached\":false,\"opTimeout\":\"2m\",\"required\":false"),
        Heap("\"pages\":\"2MiB\",\"recycle\":\"domain\",\"pool\":{}"),
        Heap("\"pool\":{\"min\":\"8MiB\",\"max\":\"64MiB\",\"sizes\":[\"4KiB\",8388608]}"),
        Sample("{}"),
        Sample("""{"size":"1GiB","pages":"2MiB","threads":64,"base":-4096,"patience":"1h","clear":false,"label":""}"""),
        Sample("""{"pages":"whateverFits","patience":"00:00:30.5","classes":[],"zones":[{"name":"a","weight":0}]}"""),
        Sample("""{"fallback":{"name":"a"},"growth":{}}"""),
        """{"version":1,"heaps":{"h":{"plugin":"Sample"}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"Many","type":"Demanding","options":{"device":"x"}}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"Many","type":"Other","options":{"anything":"x"}}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"Many"}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"SystemHeap","options":{}}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"CmaHeap","options":{"size":"64MiB","pages":"2MiB","require":"physical"}}}}""",
    ];

    public static TheoryData<string> Refused =>
    [
        """{"version":1,"server":{"spin":"2ms"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spin":"50us"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spin":true},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"server":{"spins":"off"},"heaps":{"h":{"plugin":"X"}}}""",
        Heap("\"sha256\":{}"),
        Heap("\"sha256\":7"),
        Heap("\"sha256\":\"abc\""),
        Heap("\"sha256\":{\"a.dll\":\"abc\"}"),
        .. new[] { "", "/etc/a.dll", "../a.dll", "b/../a.dll", "./a.dll", "b//a.dll", "b/" }.Select(file => Heap($"\"sha256\":{{\"{file}\":\"{Hash}\"}}")),
        "[]",
        "7",
        "null",
        "\"text\"",
        "{}",
        """{"version":1}""",
        """{"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":0,"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":2,"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":"1","heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1.5,"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":null,"heaps":{"h":{"plugin":"X"}}}""",
        """{"$schema":1,"version":1,"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"heaps":{}}""",
        """{"version":1,"heaps":[]}""",
        """{"version":1,"heaps":{"h":null}}""",
        """{"version":1,"heaps":{"h":"SystemHeap"}}""",
        """{"version":1,"heaps":{"h":{}}}""",
        """{"version":1,"heaps":{"a/b":{"plugin":"X"}}}""",
        """{"version":1,"heaps":{".":{"plugin":"X"}}}""",
        """{"version":1,"heaps":{"..":{"plugin":"X"}}}""",
        """{"version":1,"heaps":{"":{"plugin":"X"}}}""",
        """{"version":1,"heaps":{"N":{"plugin":"X"}}}""".Replace("N", new string('a', 64), StringComparison.Ordinal),
        """{"version":1,"limits":null,"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":"many"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":"1GB"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":" 1GiB"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":-4096},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":4095},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"totl":"1GiB"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"other":1,"heaps":{"h":{"plugin":"X"}}}""",
        Heap("\"$schema\":\"x\""),
        Heap("\"optoins\":{}"),
        Heap("\"options\":[]"),
        Heap("\"type\":\"\""),
        Heap("\"type\":null"),
        Heap("\"aliases\":\"a\""),
        Heap("\"aliases\":[\"a b\"]"),
        Heap("\"aliases\":[1]"),
        Heap("\"access\":{\"mode\":660}"),
        Heap("\"access\":{\"mode\":\"0880\"}"),
        Heap("\"access\":{\"mode\":\"66\"}"),
        Heap("\"access\":{\"owner\":\"a b\"}"),
        Heap("\"access\":{\"owner\":-1}"),
        Heap("\"access\":{\"owner\":4294967295}"),
        Heap("\"access\":{\"user\":\"root\"}"),
        Heap("\"commit\":\"eager\""),
        Heap("\"faults\":3"),
        Heap("\"faults\":{\"count\":0}"),
        Heap("\"faults\":{\"count\":2,\"within\":5}"),
        Heap("\"commit\":true"),
        Heap("\"pages\":\"1GiB\""),
        Heap("\"recycle\":true"),
        Heap("\"pool\":true"),
        Heap("\"pool\":{\"size\":\"4KiB\"}"),
        Heap("\"pool\":{\"sizes\":4096}"),
        Heap("\"opTimeout\":10"),
        Heap("\"cached\":\"true\""),
        Heap("\"required\":0"),
        """{"version":1,"heaps":{"h":{"plugin":""}}}""",
        """{"version":1,"heaps":{"h":{"plugin":" X"}}}""",
        """{"version":1,"heaps":{"h":{"plugin":7}}}""",
        Sample("""{"size":true}"""),
        Sample("""{"size":1}"""),
        Sample("""{"threads":0}"""),
        Sample("""{"threads":65}"""),
        Sample("""{"threads":"2"}"""),
        Sample("""{"pages":"Small"}"""),
        Sample("""{"patience":500}"""),
        Sample("""{"patience":"soon"}"""),
        Sample("""{"classes":[null]}"""),
        Sample("""{"zones":[{}]}"""),
        Sample("""{"zones":[{"name":"a","weight":-1}]}"""),
        Sample("""{"growth":{"stride":1}}"""),
        Sample("""{"unknown":1}"""),
        """{"version":1,"heaps":{"h":{"plugin":"SystemHeap","options":{"size":1}}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"CmaHeap","options":{"sise":"64MiB"}}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"CmaHeap","options":{"pages":"1GiB"}}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"Many","type":"Demanding"}}}""",
        """{"version":1,"heaps":{"h":{"plugin":"Many","type":"Demanding","options":{}}}}""",
    ];

    /// <summary>Where a JSON Schema has no words for the rule, or takes the same number in more spellings than the reader.</summary>
    public static TheoryData<string> RefusedByTheReaderAlone =>
    [
        // A name may be given once in the whole file.
        Heap("\"aliases\":[\"h\"]"),
        """{"version":1,"heaps":{"a":{"plugin":"X","aliases":["c"]},"b":{"plugin":"X","aliases":["c"]}}}""",

        // Bounds of sizes and times that are texts.
        """{"version":1,"limits":{"total":"1KiB"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":"99999999TiB"},"heaps":{"h":{"plugin":"X"}}}""",
        """{"version":1,"limits":{"total":"4096.5"},"heaps":{"h":{"plugin":"X"}}}""",
        Sample("""{"patience":"2h"}"""),
        Heap("\"access\":{\"owner\":\"4294967295\"}"),

        // Rules over several keys.
        """{"version":1,"limits":{"total":"1MiB","perUser":"2MiB"},"heaps":{"h":{"plugin":"X"}}}""",
        Sample("""{"base":1}"""),
        """{"version":1,"heaps":{"h":{"plugin":"CmaHeap","options":{"size":"5KiB"}}}}""",
        Heap("\"pool\":{\"min\":\"1MiB\"}"),
        Heap("\"pool\":{\"min\":\"2MiB\",\"max\":\"1MiB\",\"sizes\":[\"4KiB\"]}"),
        Heap("\"pool\":{\"max\":\"1MiB\",\"sizes\":[\"2MiB\"]}"),
        Heap("\"pool\":{\"sizes\":[\"4KiB\",4096]}"),
        Heap("\"pool\":{\"min\":\"64KiB\",\"max\":\"1MiB\",\"sizes\":[\"600KiB\",\"700KiB\"]}"),
    ];

    private static string Heap(string keys) => """{"version":1,"heaps":{"h":{"plugin":"X" """ + (keys.Length > 0 ? "," : "") + keys + "}}}";

    private static string Sample(string options) => """{"version":1,"heaps":{"h":{"plugin":"Sample","options":""" + options + "}}}";
}
