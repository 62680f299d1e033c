using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>A request whose reply is a text of any length, in a file that comes with it.</summary>
sealed class DocumentCall(MessageKind kind) : PendingCall(kind)
{
    const long Longest = 64 << 20;

    public override bool TakesDescriptors => true;

    /// <summary>The text in UTF-8, once completed without a failure.</summary>
    public byte[] Text { get; private set; } = [];

    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors)
    {
        if (MessageCodec.Read<StatusReply>(packet, out var reply) is var fault and not MessageFault.None) return ReplyReader.Describe(fault);
        if (descriptors.Count != 1) return $"{descriptors.Count} descriptors for one document";
        if (reply.Length > Longest) return $"a document of {reply.Length} bytes";
        using var file = descriptors.Take(0);
        var text = new byte[reply.Length];
        int read, length = 0;
        try
        {
            while (length < text.Length && (read = RandomAccess.Read(file, text.AsSpan(length), length)) > 0) length += read;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return "a document that cannot be read";
        }

        Text = text;
        return length == text.Length ? null : "a document that ends too soon";
    }
}
