using System.Globalization;
using System.Text;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Exec;

/// <summary>
/// What this process was given, exactly, for passing it on: the runtime decodes arguments, raises the limit of open files and ignores SIGPIPE before the first line of ours runs.
/// The launcher noted the last two in a variable; without it the parent's limit and the usual disposition are taken for ours.
/// </summary>
sealed class InheritedState
{
    /// <summary>Set by the launcher: <c>KEY=VALUE</c> separated by spaces.</summary>
    public const string Variable = "DMAHEAP_LAUNCHER";

    const int BrokenPipe = 13;

    readonly Dictionary<string, string> _noted;

    InheritedState(Dictionary<string, string> noted)
    {
        _noted = noted;
        var unset = noted.TryGetValue("unset", out var names) ? names.Split(',') : [];
        Environment = [.. ReadTexts("/proc/self/environ").Where(text => !IsOneOf(text, [Variable, .. unset]))];
        Ignored = ReadIgnored();
    }

    /// <summary>The environment, as bytes.</summary>
    public IReadOnlyList<byte[]> Environment { get; }

    /// <summary>Signals that were ignored at the start, SIGPIPE aside.</summary>
    public SignalSet Ignored { get; }

    /// <summary>What the program must not ignore, though this process does.</summary>
    public SignalSet ToDefault => _noted.GetValueOrDefault("sigpipe") == "ignored" ? default : SignalSet.Of(BrokenPipe);

    /// <summary>The soft limit of open files; null where it cannot be known.</summary>
    public ulong? OpenFiles =>
        ulong.TryParse(_noted.GetValueOrDefault("nofile"), NumberStyles.None, CultureInfo.InvariantCulture, out var soft) ? soft : ParentsOpenFiles();

    /// <summary>A descriptor that is the launcher's own business and must not reach the program.</summary>
    public int? LaunchersDescriptor => int.TryParse(_noted.GetValueOrDefault("lock"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static InheritedState Read()
    {
        var noted = (System.Environment.GetEnvironmentVariable(Variable) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split('=', 2)).Where(entry => entry.Length == 2).ToDictionary(entry => entry[0], entry => entry[1]);
        return new InheritedState(noted);
    }

    /// <summary>The last arguments of this process, as bytes.</summary>
    public static IReadOnlyList<byte[]> LastArguments(int count) => ReadTexts("/proc/self/cmdline")[^count..];

    static byte[][] ReadTexts(string path)
    {
        var bytes = File.ReadAllBytes(path).AsSpan();
        var texts = new List<byte[]>();
        while (bytes.IndexOf((byte)0) is var end and >= 0)
        {
            texts.Add(bytes[..end].ToArray());
            bytes = bytes[(end + 1)..];
        }

        return [.. texts];
    }

    static bool IsOneOf(byte[] text, IEnumerable<string> names) => names.Any(name => text.AsSpan().StartsWith(Encoding.UTF8.GetBytes(name + "=")));

    static SignalSet ReadIgnored()
    {
        const string Key = "SigIgn:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is null ? default : SignalSet.Parse(line.AsSpan(Key.Length).Trim());
    }

    static ulong? ParentsOpenFiles() =>
        ResourceLimits.TryGet(ProcessIdentity.ParentProcessId, LimitedResource.OpenFiles, out var parents) == Errno.None
        && parents.Hard == ResourceLimits.Get(LimitedResource.OpenFiles).Hard ? parents.Soft : null;
}
