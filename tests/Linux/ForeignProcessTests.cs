using System.Text;
using DmaHeap.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Linux;

/// <summary>Other processes' memory and descriptors, and programs started from a prepared layout.</summary>
public sealed class ForeignProcessTests
{
    private const int Exited = 7;

    [Fact]
    public unsafe void Memory_is_read_and_written_as_the_pages_allow()
    {
        byte[] here = [1, 2, 3, 4];
        Span<byte> read = stackalloc byte[4];
        fixed (byte* pointer = here)
        {
            Assert.Equal(Errno.None, ForeignMemory.TryRead(Environment.ProcessId, (ulong)pointer, read, out var length));
            Assert.Equal(4, length);
            Assert.Equal(Errno.None, ForeignMemory.TryWrite(Environment.ProcessId, (ulong)pointer, [9, 8, 7, 6], out _));
        }

        Assert.Equal([1, 2, 3, 4], read.ToArray());
        Assert.Equal([9, 8, 7, 6], here);
        Assert.Equal(Errno.EFAULT, ForeignMemory.TryRead(Environment.ProcessId, 0, read, out _));
        // A literal lies in a read-only page of the assembly.
        fixed (byte* literal = "read-only"u8) Assert.Equal(Errno.EFAULT, ForeignMemory.TryWrite(Environment.ProcessId, (ulong)literal, [1], out _));
    }

    [Fact]
    public void A_descriptor_is_looked_at_and_taken_by_its_number()
    {
        using var memfd = Memfd.Create("foreign", MemfdFlags.CloseOnExec);
        var number = (int)memfd.DangerousGetHandle();
        Assert.Equal(Errno.None, ForeignDescriptors.TryGetStatus(Environment.ProcessId, number, out var status));
        Assert.Equal(FileStatus.Of(memfd).Inode, status.Inode);
        Assert.True(status.IsRegular);
        Assert.Equal(Errno.None, ForeignDescriptors.TryTake(Environment.ProcessId, number, out var taken));
        using (taken) Assert.Equal(status.Inode, FileStatus.Of(taken).Inode);
        Assert.Equal(Errno.ENOENT, ForeignDescriptors.TryGetStatus(Environment.ProcessId, 1_000_000, out _));
        Assert.Equal(Errno.EBADF, ForeignDescriptors.TryTake(Environment.ProcessId, 1_000_000, out _));
    }

    [Fact]
    public void Any_threads_number_leads_to_its_process()
    {
        var threads = Directory.GetDirectories("/proc/self/task").Select(path => int.Parse(Path.GetFileName(path)));
        var other = threads.First(thread => thread != Environment.ProcessId);
        Assert.Equal(Environment.ProcessId, ForeignDescriptors.ProcessOf(other));
        using var memfd = Memfd.Create("thread", MemfdFlags.CloseOnExec);
        Assert.Equal(Errno.None, ForeignDescriptors.TryTake(other, (int)memfd.DangerousGetHandle(), out var taken));
        taken.Dispose();
    }

    [Fact]
    public void A_prepared_program_gets_its_arguments_environment_and_signals()
    {
        using var directory = new TemporaryDirectory();
        // The shell would unblock signals: it is another program that is asked about them.
        var script = $"printf '%s %s\\n' \"$1\" \"$GIVEN\" > {directory["out"]}; exit {Exited}";
        using var program = new PreparedProgram(
            "sh"u8.ToArray(), [.. new[] { "sh", "-c", script, "name", "argument" }.Select(Encoding.UTF8.GetBytes)], ["GIVEN=value"u8.ToArray(), "PATH=/usr/bin:/bin"u8.ToArray()],
            SignalSet.Of(13), SignalSet.Of(10));
        Assert.Equal(Errno.None, program.TryStart(out var processId));
        Assert.Equal(new ChildChange(ChildEvent.Exited, Exited), ChildProcess.Wait(processId));
        Assert.Equal("argument value\n", File.ReadAllText(directory["out"]));

        using var copy = new PreparedProgram(
            "/bin/cp"u8.ToArray(), [.. new[] { "cp", "/proc/self/status", directory["status"] }.Select(Encoding.UTF8.GetBytes)], [], SignalSet.Of(13), SignalSet.Of(10));
        Assert.Equal(Errno.None, copy.TryStart(out processId));
        Assert.Equal(new ChildChange(ChildEvent.Exited, 0), ChildProcess.Wait(processId));
        var lines = File.ReadAllLines(directory["status"]);
        Assert.True(SetOf(lines, "SigBlk").Contains(10));
        Assert.False(SetOf(lines, "SigIgn").Contains(13)); // the runtime ignores it here
        Assert.False(SetOf(lines, "SigIgn").Contains(32));
    }

    [Fact]
    public void A_program_that_is_not_there_is_an_answer()
    {
        using var program = new PreparedProgram("/nonexistent"u8.ToArray(), ["x"u8.ToArray()], [], default, default);
        Assert.Equal(Errno.ENOENT, program.TryStart(out _));
    }

    [Theory]
    [InlineData(0x0000, ChildEvent.Exited, 0)]
    [InlineData(0x0700, ChildEvent.Exited, 7)]
    [InlineData(0x0009, ChildEvent.Killed, 9)]
    [InlineData(0x008B, ChildEvent.Killed, 11)] // with a core
    [InlineData(0x147F, ChildEvent.Stopped, 20)]
    [InlineData(0xFFFF, ChildEvent.Continued, 0)]
    public void A_wait_status_is_taken_apart(int status, ChildEvent expected, int number) =>
        Assert.Equal(new ChildChange(expected, number), ChildProcess.Decode(status));

    private static SignalSet SetOf(string[] lines, string key)
    {
        var line = lines.Single(line => line.Contains(key + ":", StringComparison.Ordinal));
        return SignalSet.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim());
    }
}
