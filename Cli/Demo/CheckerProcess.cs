using System.Globalization;
using DmaHeap.Client;

namespace DmaHeap.Cli.Demo;

/// <summary>Process B: gets a buffer from A and looks at it after A is gone. It never speaks to the host.</summary>
sealed class CheckerProcess(string handover, ulong seed) : IDisposable
{
    public const string Receive = "receive", Check = "check", Refuse = "refuse";

    readonly Handover _handover = new(handover);
    DmaBuffer? _buffer;

    public IReadOnlyDictionary<string, Func<string>> Orders => new Dictionary<string, Func<string>>
    {
        [Receive] = () =>
        {
            _buffer = _handover.Receive();
            return "";
        },
        [Check] = () =>
        {
            using var mapping = _buffer!.Map(FileAccess.Read);
            var wrong = Pattern.FindDifference(mapping, seed);
            if (wrong is null) return mapping.Length.ToString(CultureInfo.InvariantCulture);
            throw new CommandFailedException(ExitCode.Failed, "demo", $"the byte at {wrong} is not what A wrote");
        },
        [Refuse] = () => Refusals.Of(_buffer!),
    };

    public void Dispose()
    {
        _buffer?.Dispose();
        _handover.Dispose();
    }
}
