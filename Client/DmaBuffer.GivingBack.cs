using DmaHeap.Protocol;

namespace DmaHeap.Client;

public sealed partial class DmaBuffer
{
    /// <summary>
    /// Gives the buffer back, so that its file may be another buffer of the same user, user namespace and control group, and disposes this object. Only where the heap is configured so
    /// (<c>"recycle": "domain"</c>) and nobody else has the buffer open or mapped: dispose mappings first. Anywhere else it is a dispose. What was in the buffer is gone in any case.
    /// </summary>
    /// <returns>True when the host goes on to recycle it; that it does so in the end is not promised.</returns>
    /// <exception cref="DmaHeapException">The host is gone, or does not know the buffer; this object is disposed all the same.</exception>
    public bool GiveBack()
    {
        using (this)
        {
            if (_client is null) return false;
            var call = new QueryCall<bool>(MessageKind.GiveBack, ReplyReader.GivenBack);
            var request = default(GiveBackRequest);
            _client.Connection.Execute(call, ref request, Handle, CancellationToken.None);
            return call.Result;
        }
    }
}
