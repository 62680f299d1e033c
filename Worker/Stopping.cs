namespace DmaHeap.Worker;

/// <summary>The heap's word that its end is near.</summary>
internal sealed class Stopping
{
    private readonly CancellationTokenSource _source = new();

    public CancellationToken Token => _source.Token;

    public void Announce()
    {
        try
        {
            _source.Cancel();
        }
        catch (AggregateException)
        {
            // Of what the heap itself registered.
        }
    }
}
