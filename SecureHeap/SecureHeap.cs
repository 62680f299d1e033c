using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(SecureHeap), Options = typeof(SecureHeapOptions))]

namespace DmaHeap.Heaps;

/// <summary>
/// Buffers whose descriptor stands for memory that clients cannot map, read or write; behind it is secret memory of the kernel, given to configured importers only.
/// </summary>
[TakesNoPages]
[HeapCapabilities(HeapCapabilities.Unmappable)]
public sealed class SecureHeap : Heap<SecureBuffer>
{
    private readonly IHeapContext _context;
    private readonly SecureHeapOptions _options;

    /// <summary>Starts the heap.</summary>
    /// <param name="context">The host's side.</param>
    /// <param name="options">Who may import.</param>
    /// <exception cref="HeapException">ENODEV <see cref="HeapCause.NoSecretMemory"/> where the kernel has no secret memory: there is nothing weaker to fall back on.</exception>
    public SecureHeap(IHeapContext context, SecureHeapOptions options)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        var machine = context.Memory.Capabilities;
        if (!machine.SecretMemory)
        {
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoSecretMemory, $"no secret memory here: {machine.SecretMemoryReason}");
        }

        _context = context;
        _options = options;
    }

    /// <inheritdoc/>
    protected override SecureBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        new(this, _context.Memory.AllocateOpaque(new OpaqueRequest { Length = request.Length, Backing = OpaqueBacking.Secret }), in request);

    /// <inheritdoc/>
    protected override void Release(SecureBuffer buffer, ReleaseReason reason)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (buffer.Recipients.Count == 0) return;
        var running = buffer.Recipients.Where(recipient => recipient.Runs).ToList();
        if (running.Count > 0)
        {
            Report(HeapLogLevel.Warning, buffer, running, "still running, and may have it mapped: the kernel frees it once they let go");
            return;
        }

        Report(HeapLogLevel.Information, buffer, buffer.Recipients, "which ended: the kernel has freed it unless they passed it on");
    }

    /// <exception cref="HeapException">EPERM <see cref="HeapCause.ImporterDenied"/>; it was logged.</exception>
    internal void ThrowIfNotTrusted(SecureBuffer buffer, BufferAttachment attachment)
    {
        if (ImporterRule.WhyDenied(_options.Importers, attachment) is not { } why) return;
        _context.Log.Write(
            HeapLogLevel.Warning,
            $"Secret memory ({buffer.Text}) was refused to {attachment.ImporterText}: {why}",
            [.. FieldsOf(attachment)]);
        throw new HeapException(HeapErrno.NotPermitted, HeapCause.ImporterDenied, $"heap {_context.Name} gives its memory to configured importers only: {why}");
    }

    private static IEnumerable<LogField> FieldsOf(BufferAttachment attachment) =>
    [
        new("ProcessId", attachment.Importer.ProcessId),
        new("UserId", attachment.Importer.UserId),
        new("Executable", attachment.ImporterExecutable),
    ];

    private void Report(HeapLogLevel level, SecureBuffer buffer, IReadOnlyList<Recipient> recipients, string consequence) => _context.Log.Write(
        level,
        $"A buffer of secret memory ({buffer.Text}) is gone; its memory was given to {string.Join(", ", recipients.Select(recipient => recipient.Text))}, {consequence}",
        new LogField("Length", buffer.Length),
        new LogField("Importers", recipients.Count));
}
