using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Reclaim;

/// <summary>A program that reads a file of eight times the memory it may have, again and again, and so waits for its own pages.</summary>
internal sealed class ThrashingProgram : IDisposable
{
    private const long Memory = 8 << 20;

    private readonly MemoryGroups _groups = MemoryGroups.CreateOrSkip(Memory);
    private readonly string _file = Path.Combine(AppContext.BaseDirectory, $"thrash-{Environment.ProcessId}");
    private readonly RunningProgram _program;

    public ThrashingProgram()
    {
        string[] command = [.. MemoryGroups.Joining(_groups.Add("thrashing")), "/bin/sh", "-c", "dd if=/dev/urandom of=$0 bs=1M count=64 2> /dev/null && while cat $0 > /dev/null; do :; done", _file];
        _program = RunningProgram.Start(command[0], command[1..]);
    }

    public void Dispose()
    {
        _program.Dispose();
        File.Delete(_file);
        _groups.Dispose();
    }
}
