using System.Text;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

public sealed partial class DmaHeapClient
{
    /// <summary>Puts another plugin in a heap's place while the host runs: buffers stay with the heap they are of, new ones come from the other. For root and the host's user.</summary>
    /// <param name="heap">Name or alias of the heap.</param>
    /// <param name="plugin">A name for the host's search path, or the full path of the plugin's file as the host sees it.</param>
    /// <param name="optionsFile">A file with the plugin's options, a JSON object; null for its defaults.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">The host refused, and what ran goes on: EPERM (somebody else's host), ENOENT (no such heap), EINVAL <c>change-refused</c> (the plugin or its
    /// options), or what the plugin's heap refused to start with.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task SwapAsync(string heap, string plugin, string? optionsFile = null, CancellationToken cancellationToken = default)
    {
        using var options = optionsFile is null ? OptionsOf("") : File.OpenHandle(optionsFile);
        await SwapAsync(heap, plugin, options, optionsFile ?? "", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="SwapAsync(string, string, string?, CancellationToken)"/>, with the options as a text.</summary>
    /// <param name="heap">Name or alias of the heap.</param>
    /// <param name="plugin">A name for the host's search path, or the full path of the plugin's file as the host sees it.</param>
    /// <param name="optionsJson">The plugin's options, a JSON object.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">As with a file.</exception>
    public async Task SwapWithAsync(string heap, string plugin, string optionsJson, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(optionsJson);
        using var options = OptionsOf(optionsJson);
        await SwapAsync(heap, plugin, options, "", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts a heap back that another plugin stands in for: the very heap that was there, with its buffers. For root and the host's user.</summary>
    /// <param name="heap">Name or alias of the heap.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">EPERM, ENOENT; EINVAL <c>change-refused</c>: it was not swapped.</exception>
    public Task RestoreAsync(string heap, CancellationToken cancellationToken = default)
    {
        var request = default(RestoreRequest);
        Write(request.Heap, heap, nameof(heap));
        return _connection.ExecuteAsync(new DoneCall(MessageKind.Restore), request, null, cancellationToken);
    }

    /// <summary>Starts a heap anew, as one that is faulted needs it; the old one keeps its buffers until they are gone. For root and the host's user.</summary>
    /// <param name="heap">Name or alias of the heap.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="DmaHeapException">EPERM, ENOENT; EBUSY <c>heap-busy</c>: its region of fixed size is in use; else what the heap refused to start with.</exception>
    public Task RestartAsync(string heap, CancellationToken cancellationToken = default)
    {
        var request = default(RestartRequest);
        Write(request.Heap, heap, nameof(heap));
        return _connection.ExecuteAsync(new DoneCall(MessageKind.Restart), request, null, cancellationToken);
    }

    /// <summary>Has the host read its configuration again and apply what is different in it, wholly or not at all. For root and the host's user.</summary>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="DmaHeapException">EPERM; EINVAL <c>change-refused</c>, and the status has all the reasons; EBUSY <c>heap-busy</c>: a region of fixed size is in use.</exception>
    public async Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken = default)
    {
        var call = new QueryCall<ReloadResult>(MessageKind.Reload, ReplyReader.Reload);
        await _connection.ExecuteAsync(call, default(ReloadRequest), null, cancellationToken).ConfigureAwait(false);
        return call.Result;
    }

    /// <summary>Has the host give memory back to the system: memory that lies ready for later buffers, and what heaps keep that they could do without. Live buffers are not
    /// touched. For root and the host's user.</summary>
    /// <param name="heap">Name or alias of the heap that is to give it; null for whoever has some.</param>
    /// <param name="bytes">How many bytes are wanted; null for all there is.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>Who was asked, in that order, and what each gave; those who had nothing are left out.</returns>
    /// <exception cref="DmaHeapException">EPERM, ENOENT.</exception>
    public async Task<IReadOnlyList<ShrinkStep>> ShrinkAsync(string? heap = null, long? bytes = null, CancellationToken cancellationToken = default)
    {
        if (bytes is { } wanted) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted, nameof(bytes));
        var request = new ShrinkRequest { Bytes = (ulong)(bytes ?? 0) };
        Write(request.Heap, heap ?? "", nameof(heap));
        var call = new QueryCall<Page<ShrinkStep>>(MessageKind.Shrink, ReplyReader.Shrunk);
        await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
        return call.Result.Entries;
    }

    /// <summary>Asks how the heaps are: their states, heaps that were replaced and drain, plugins that stay in memory, the last reload.</summary>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>A JSON object, described in docs/protocol.md.</returns>
    /// <exception cref="DmaHeapException">The host refused, or could not be reached.</exception>
    public Task<string> StatusAsync(CancellationToken cancellationToken = default) => DocumentAsync(StatusDocument.Status, cancellationToken);

    /// <summary>Asks for the configuration in force, of all its files together, each value with the place it comes from. For root and the host's user.</summary>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>A JSON object: <c>limits</c>, <c>drainTimeout</c> and <c>heaps</c>, in which each value is an object of <c>value</c> and <c>source</c>.</returns>
    /// <exception cref="DmaHeapException">EPERM; or the host could not be reached.</exception>
    public Task<string> EffectiveConfigurationAsync(CancellationToken cancellationToken = default) => DocumentAsync(StatusDocument.Effective, cancellationToken);

    async Task<string> DocumentAsync(StatusDocument document, CancellationToken cancellationToken)
    {
        var call = new DocumentCall(MessageKind.Status);
        await _connection.ExecuteAsync(call, new StatusRequest { Document = document }, null, cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetString(call.Text);
    }

    Task SwapAsync(string heap, string plugin, SafeFileHandle options, string name, CancellationToken cancellationToken)
    {
        var request = default(SwapRequest);
        Write(request.Heap, heap, nameof(heap));
        Write(request.Plugin, plugin, nameof(plugin));
        TextField.Write(request.OptionsName, name);
        return _connection.ExecuteAsync(new DoneCall(MessageKind.Swap), request, options, cancellationToken);
    }

    static SafeFileHandle OptionsOf(string json)
    {
        var file = Memfd.Create("dmaheap-options", MemfdFlags.CloseOnExec);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(json), 0);
        return file;
    }
}
