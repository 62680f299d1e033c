using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Testing;
using DmaHeap.Tests.Exec;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Testing;

/// <summary>A device in this process, and programs in others that use its buffers: one of C under exec, and one by the client library.</summary>
public sealed class UncachedDeviceProcessTests : IAsyncDisposable
{
    private const int Length = 16384;

    private readonly UncachedDevice _device = new();
    private readonly DmaHeapTestHost _host;
    private readonly ExecSandbox _sandbox = new();
    private RunningProgram? _program;
    private UncachedAttachment? _attached;
    private int _processId;
    private int _descriptor;
    private int _answers;

    public UncachedDeviceProcessTests() => _host = DmaHeapTestHost.Start(new DmaHeapTestHostOptions
    {
        Listen = true,
        Heaps = [new HeapDefinition { Name = "camera", Create = _device.CreateHeap }],
    });

    public async ValueTask DisposeAsync()
    {
        _attached?.Dispose();
        if (_program is { HasExited: false })
        {
            // The program itself ends, and exec with it.
            _program.Hush();
            await _program.EndAsync();
        }

        _program?.Dispose();
        await _host.DisposeAsync();
        _sandbox.Dispose();
    }

    [Theory]
    [InlineData("C under exec")]
    [InlineData("client library")]
    public async Task A_careful_program_sees_each_frame_and_is_seen(string kind)
    {
        await StartAsync(kind);
        for (byte frame = 1; frame <= 3; frame++)
        {
            Attached.Write(5000, [frame]);
            Assert.Equal(frame, await DoAsync("read 5000"));
            Assert.Equal(frame + 100, await DoAsync($"write 9000 {frame + 100}"));
            Assert.Equal(frame + 100, Attached.Read(9000, 1)[0]);
        }

        _device.ThrowIfFaulty();
    }

    [Theory]
    [InlineData("C under exec", "camera")]
    [InlineData("client library", "Peer")]
    public async Task A_program_that_forgets_sees_the_old_frame_is_not_seen_and_is_named(string kind, string name)
    {
        await StartAsync(kind);
        Attached.Write(5000, [7]);
        Assert.Equal(7, await DoAsync("read 5000"));
        Attached.Write(5000, [8]);
        Assert.Equal(7, await DoAsync("peek 5000"));
        Attached.Write(5000, [9]);
        Assert.Equal(10, await DoAsync("poke 9000 10"));
        Assert.Equal(0, Attached.Read(9000, 1)[0]);
        Assert.Equal(9, await DoAsync("read 5000"));

        Assert.Equal([SyncFaultKind.ReadWithoutBegin, SyncFaultKind.WroteWithoutBegin], _device.Faults.Select(fault => fault.Kind));
        Assert.InRange(_device.Faults[0].Offset, 0, 5000);
        Assert.Equal(9000, _device.Faults[1].Offset);
        Assert.All(_device.Faults, fault => Assert.Equal(_processId, Assert.Single(fault.Processes).Id));
        Assert.All(_device.Faults, fault => Assert.Contains(name, fault.Processes[0].Name, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Of_two_processes_that_have_it_mapped_the_one_that_forgot_is_named()
    {
        await StartAsync("client library");
        using var mapping = MapHere();
        Attached.Write(5000, [7]);
        Assert.Equal(7, await DoAsync("read 5000"));

        Assert.Equal(7, mapping.ReadOnlySpan[5000]);
        Attached.Write(5000, [8]);
        Assert.Equal(7, await DoAsync("peek 5000"));
        Attached.Write(5000, [9]);

        Assert.Equal([Environment.ProcessId, _processId], _device.Faults.Select(fault => Assert.Single(fault.Processes).Id));
        Assert.All(_device.Faults, fault => Assert.Equal(SyncFaultKind.ReadWithoutBegin, fault.Kind));
    }

    [Theory]
    [InlineData("C under exec")]
    [InlineData("client library")]
    public async Task A_program_that_does_not_end_its_access_is_told_when_the_device_comes(string kind)
    {
        await StartAsync(kind);
        await DoAsync("open 9000 9");

        Assert.Equal(0, Attached.Read(9000, 1)[0]);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal(SyncFaultKind.NotEnded, fault.Kind);
        // Under exec it is exec that speaks to the host.
        Assert.Equal(kind == "client library" ? _processId : _program!.Id, Assert.Single(fault.Processes).Id);
    }

    [Fact]
    public async Task A_program_that_is_killed_in_its_access_is_told_and_the_next_one_starts_clean()
    {
        await StartAsync("client library");
        await DoAsync("open 9000 9");
        _program!.Signal(9);
        await _program.EndAsync();
        await Eventually.Is(() => _device.Faults.Count == 1);

        Assert.Equal((SyncFaultKind.Died, _processId), (_device.Faults[0].Kind, Assert.Single(_device.Faults[0].Processes).Id));
        Assert.Equal(0, Attached.Read(9000, 1)[0]);
        Assert.Single(_device.Faults);
    }

    private UncachedAttachment Attached => _attached!;

    private DmaMapping MapHere()
    {
        using var shown = File.OpenHandle($"/proc/{_processId}/fd/{_descriptor}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var buffer = DmaBuffer.FromHandle(shown);
        return buffer.Map();
    }

    private async Task StartAsync(string kind)
    {
        _program = kind == "client library"
            ? RunningProgram.Start(Path.Join(Builds.Folder("Peer"), "Peer"), ["camera", _host.SocketPath], spokenTo: true)
            : _sandbox.StartTalking(_sandbox.Under(["--socket", _host.SocketPath], CCompiler.Compile("exec/camera")));
        var first = await AnswerAsync();
        (_processId, _descriptor) = (first[0], first[1]);
        // As a driver in the kernel would be given it; who allocated it need not know.
        using var shown = File.OpenHandle($"/proc/{_processId}/fd/{_descriptor}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        _attached = _device.Attach(shown);
        Assert.Equal(Length, _attached.Length);
    }

    private async Task<int> DoAsync(string order)
    {
        _program!.Say(order);
        return (await AnswerAsync())[^1];
    }

    private async Task<int[]> AnswerAsync()
    {
        var printed = await _program!.PrintedAsync(text => text.Count(c => c == '\n') > _answers);
        var line = printed.Split('\n')[_answers++];
        return [.. line.Split(' ').Where(word => int.TryParse(word, out _)).Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
    }
}
