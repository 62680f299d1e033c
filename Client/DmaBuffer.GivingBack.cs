using DmaHeap.Protocol;

namespace DmaHeap.Client;

public sealed partial class DmaBuffer
{
    /// <summary>
    /// Gives the buffer back, so that its file may be another buffer of the same user, user namespace and control group, and disposes this object. Only where the heap is configured so
    /// (<c>"recycle": "domain"</c>) and nobody else has the buffer open or mapped: dispose mappings first. Anywhere else it is a dispose. What was in the buffer is gone in any case.
    /// </summary>
    /// <returns>
    /// True when the host accepted it: whether it is recycled is not decided yet, as the host first looks, for a quarter of a second at most, whether nobody else has the buffer. Where somebody does,
    /// by a duplicate or a mapping, it lives on and counts until he lets go, and is not recycled. What became of it is seen in the heap's statistics: a buffer that ended is no longer in
    /// <see cref="HeapStatistics.Buffers"/>, and one that was made of its file counts in <see cref="HeapMemoryStatistics.Recycled"/>; the host's log says why one was not recycled (event 401).
    /// False when it cannot be recycled, and this was a dispose.
    /// </returns>
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
