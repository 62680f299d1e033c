namespace DmaHeap.Tests.Configuration;

/// <summary>Options of an imaginary plugin, with every kind of value there is.</summary>
public sealed class SampleOptions : ICheckedOptions
{
    [Option("Bytes of the region.", Default = "64MiB", Minimum = "4KiB", Maximum = "1TiB")]
    public ByteSize Size { get; init; }

    [Option("Size of its pages.", Default = "4KiB")]
    public SamplePages Pages { get; init; }

    [Option("Threads.", Default = "2", Minimum = "1", Maximum = "64")]
    public int Threads { get; init; }

    [Option("Where it begins, in bytes.")]
    public long Base { get; init; }

    [Option("How long to wait.", Default = "500ms", Maximum = "1h")]
    public TimeSpan Patience { get; init; }

    [Option("Whether to clear.", Default = "true")]
    public bool Clear { get; init; }

    [Option("Its label.")]
    public string Label { get; init; } = "";

    [Option("Sizes of buffers kept ready.", Default = "[\"4KiB\", 8192]")]
    public ByteSize[] Classes { get; init; } = [];

    [Option("Where it starts warm.", Default = "[]")]
    public SampleZone[] Zones { get; init; } = [];

    [Option("The zone for all else.")]
    public SampleZone? Fallback { get; init; }

    [Option("How it grows.")]
    public SampleGrowth Growth { get; init; } = new();

    public IEnumerable<OptionError> Check()
    {
        if (Base % 4096 != 0) yield return new(nameof(Base), $"{Base} is not a multiple of 4096");
        if (Pages == SamplePages.Huge && Size.Bytes % (2 << 20) != 0) yield return new(nameof(Size), "is not a multiple of its 2MiB pages");
        if (Label == "everything") yield return new("", "nothing is everything");
    }
}

public enum SamplePages
{
    [OptionValue("4KiB")]
    Small,

    [OptionValue("2MiB")]
    Huge,

    WhateverFits,
}

public sealed class SampleZone
{
    [Option("Name of the zone.")]
    public required string Name { get; init; }

    [Option("Weight.", Default = "1", Minimum = "0")]
    public int Weight { get; init; }
}

public sealed class SampleGrowth
{
    [Option("Step.", Default = "1MiB")]
    public ByteSize Step { get; init; }
}

/// <summary>Options of a plugin that cannot do without one of them.</summary>
public sealed class DemandingOptions
{
    [Option("The device.")]
    public required string Device { get; init; }
}
