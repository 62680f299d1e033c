namespace DmaHeap;

/// <summary>One importer's hold on a buffer. A heap may derive from it to keep data per attachment; the host hands the same object back.</summary>
public class BufferAttachment
{
    /// <summary>Creates the attachment of a request.</summary>
    /// <param name="request">What <see cref="HeapBuffer.Attach"/> was called with.</param>
    public BufferAttachment(in AttachRequest request)
    {
        Importer = request.Importer;
        ImporterExecutable = request.ImporterExecutable;
        Constraints = request.Constraints;
        Direction = request.Direction;
    }

    /// <summary>The importing process.</summary>
    public Caller Importer { get; }

    /// <summary>Path of the program it ran when it attached; empty when unknown. See <see cref="AttachRequest.ImporterExecutable"/>.</summary>
    public string ImporterExecutable { get; }

    /// <summary>What it can take.</summary>
    public AttachConstraints Constraints { get; }

    /// <summary>Which way it said it would move data.</summary>
    public DataDirection Direction { get; }

    /// <summary>The importer for a sentence: <c>process 4711 of user 1000 (/usr/bin/camera)</c>.</summary>
    public string ImporterText =>
        $"process {Importer.ProcessId} of user {Importer.UserId}" + (ImporterExecutable.Length == 0 ? "" : $" ({ImporterExecutable})");
}
