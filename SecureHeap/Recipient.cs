using System.Globalization;

namespace DmaHeap.Heaps;

/// <summary>A process that was given secret memory, told apart from a later one of the same number by when it started.</summary>
internal sealed class Recipient
{
    private const int StateField = 0; // counted from behind the name, which may hold anything
    private const int StartField = 19;

    private readonly int _processId;
    private readonly string _started;

    private Recipient(BufferAttachment attachment)
    {
        _processId = attachment.Importer.ProcessId;
        _started = StartOf(_processId);
        Text = attachment.ImporterText;
    }

    public string Text { get; }

    /// <summary>Whether it has not ended. A process outside the host's pid namespace cannot be seen to end, so it counts as running.</summary>
    public bool Runs => _started.Length == 0 ? _processId == 0 : StartOf(_processId) == _started;

    public static Recipient Of(BufferAttachment attachment) => new(attachment);

    public bool Is(BufferAttachment attachment) => attachment.Importer.ProcessId == _processId && attachment.ImporterText == Text;

    private static string StartOf(int processId)
    {
        try
        {
            var status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            return fields[StateField] is "Z" or "X" ? "" : fields[StartField];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
