using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Configuration;

/// <summary>One heap, as it is written.</summary>
internal sealed class HeapSection
{
    internal const string NamePattern = @"^(?!\.{1,2}$)[A-Za-z0-9._,+-]{1,63}$";
    internal const string NameRule = "a heap name: 1 to 63 of A-Z a-z 0-9 . _ , + - and neither \".\" nor \"..\"";

    /// <summary>The one rule for names under <c>/dev/dma_heap</c>, also for heaps that come from a program instead of a file.</summary>
    internal static bool IsName(string text) => TextOption.Fits(new TextRuleAttribute(NamePattern, NameRule), text);

    [Option("The plugin: a name looked up on the search path, such as SystemHeap, or a path with a / in it, relative to this file.")]
    [TextRule(@"^[^\u0000-\u0020]([^\u0000-\u001F]{0,4093}[^\u0000-\u0020])?$", "the name or path of a plugin")]
    public required string Plugin { get; init; }

    [Option("Which heap type of the plugin; needed only when it has several.")]
    [TextRule(@"^[^\u0000-\u0020]{1,255}$", "the name of a heap type")]
    public string? Type { get; init; }

    [Option("Other names programs may open the heap by.", Default = "[]")]
    [TextRule(NamePattern, NameRule)]
    public string[] Aliases { get; init; } = [];

    [Option("The plugin's own options.")]
    public JsonTreeNode? Options { get; init; }

    [Option("Limits of this heap alone.")]
    public LimitsConfiguration Limits { get; init; } = new();

    [Option("Who may use the heap, as a device node says it.")]
    public AccessSection Access { get; init; } = new();

    [Option("When a buffer's pages are taken from the system: lazy, at first touch, or committed, at allocation.", Default = "lazy")]
    public CommitPolicy Commit { get; init; }

    [Option("The pages of memory the heap takes without naming a size: 4KiB (the machine's own), 2MiB (or a refusal; lengths are rounded up), or auto (2 MiB for whole numbers of them, where there are any).", Default = "4KiB")]
    public HeapPages Pages { get; init; }

    [Option("Memory kept ready for the next buffers, zeroed and charged to the host; none when left out.")]
    public PoolConfiguration? Pool { get; init; }

    [Option("Whether a buffer that its client gives back may be another one of the same user, user namespace and control group again.", Default = "never")]
    public HeapRecycling Recycle { get; init; }

    [Option("Whether the CPU may cache the heap's buffers.", Default = "true")]
    public bool Cached { get; init; }

    [Option("How long one call of a buffer's op (attach, map, begin of CPU access and the others) may take. Beyond it the heap is faulted: it answers EIO, and its thread is given up.",
        Default = "10s", Minimum = "10ms", Maximum = "1h")]
    public TimeSpan OpTimeout { get; init; }

    [Option("How many exceptions thrown by the heap, and how soon after each other, fault it: it answers EIO until it is started anew.")]
    public FaultsSection Faults { get; init; } = new();

    [Option("Where the heap's code runs: none, in the host, or process, in a worker process that may die without harm to the host, other heaps and buffers.", Default = "none")]
    public HeapIsolation Isolation { get; init; }

    [Option("Whether the host refuses to start without this heap; otherwise the heap is listed as unavailable.", Default = "true")]
    public bool Required { get; init; }

    [Option("SHA-256 of the plugin's main assembly, in hexadecimal; or an object with one for each file of the plugin's folder, by its path there, and then no other file may be there. "
        + "Checked on the very bytes that are loaded; other files are refused.")]
    public ExpectedPlugin? Sha256 { get; init; }

    [Option("Whether the plugin can be unloaded when nobody uses it any more. Code that cannot is compiled as the runtime usually does, and stays in memory until the host ends.", Default = "true")]
    public bool Unloadable { get; init; }
}
