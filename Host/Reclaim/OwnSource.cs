using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>Memory of the host's own, which is asked on the thread that wants it.</summary>
internal sealed class OwnSource(IReclaimable memory, TimeProvider time, ILogger log) : ReclaimSource
{
    public override string Name => memory.Name;

    public override bool MayHave => memory.Count() > 0;

    protected override ReclaimStep? AskInTurn(Func<long, long> wanted)
    {
        var began = time.GetTimestamp();
        long count = 0, asked = 0;
        try
        {
            count = memory.Count();
            if (count <= 0 || (asked = wanted(count)) <= 0) return null;
            return Step(memory.Scan(asked), ReclaimResult.Done);
        }
        catch (Exception exception)
        {
            HostLog.ReclaimFailed(log, Name, exception.Message, exception);
            return Step(0, ReclaimResult.Failed);
        }
        finally
        {
            ReturnTurn();
        }

        ReclaimStep Step(long given, ReclaimResult result) => new(Name, count, asked, given, time.GetElapsedTime(began), result);
    }
}
