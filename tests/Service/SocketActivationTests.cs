using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Service;

/// <summary>A socket that the service manager made and passes as descriptor 3, here by a shell.</summary>
public sealed class SocketActivationTests : IDisposable
{
    private const UnixFileMode Mode = (UnixFileMode)0b110_110_110;

    private readonly CliSandbox _sandbox = new();
    private readonly TemporaryDirectory _managers = new();

    private string Given => _managers["given"];

    public void Dispose()
    {
        _sandbox.Dispose();
        _managers.Dispose();
    }

    [Fact]
    public async Task A_given_socket_is_served_and_outlives_the_host_and_who_waits_meanwhile_is_let_in_by_the_next()
    {
        using var listener = SeqpacketSocket.Listen(Given, Mode, 16);
        using (var first = Serve(listener))
        {
            using var early = await DmaHeapClient.ConnectAsync(Given); // waits in the socket until the host is up
            Assert.Equal(first.Id, early.Host.ProcessId);
            Assert.False(File.Exists(_sandbox.Socket));
            first.Signal(CliSandbox.SigTerm);
            Assert.Equal(0, (await first.EndAsync()).ExitCode);
        }

        Assert.Equal(Mode, File.GetUnixFileMode(Given));
        var waiting = DmaHeapClient.ConnectAsync(Given);
        using var second = Serve(listener);
        using var client = await waiting;
        Assert.Equal(second.Id, client.Host.ProcessId);
    }

    [Fact]
    public async Task The_variables_are_not_meant_for_another_process()
    {
        using var listener = SeqpacketSocket.Listen(Given, Mode, 16);
        using var host = Serve(listener, process: "1");
        await host.PrintedAsync(CliSandbox.IsDocument);
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        Assert.Equal(host.Id, client.Host.ProcessId);
    }

    [Fact]
    public async Task Another_host_told_to_use_the_path_of_a_given_socket_is_refused_and_takes_nothing_away()
    {
        using var listener = SeqpacketSocket.Listen(Given, Mode, 16);
        var ended = await _sandbox.RunAsync("serve", "--socket", Given);
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains($"{Given}: another program is listening there", ended.Error);
        using var host = Serve(listener);
        using var client = await DmaHeapClient.ConnectAsync(Given);
        Assert.Equal(host.Id, client.Host.ProcessId);
    }

    [Fact]
    public async Task A_descriptor_that_is_no_such_socket_is_refused_with_what_would_be_right()
    {
        using var file = File.OpenHandle("/dev/null");
        Assert.Contains("is no socket", await RefusedAsync(file));
        using var stream = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        stream.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(_managers["stream"]));
        stream.Listen();
        Assert.Contains("ListenSequentialPacket=", await RefusedAsync(new SafeFileHandle(stream.Handle, ownsHandle: false)));
        using var listener = SeqpacketSocket.Listen(Given, Mode, 16);
        Assert.Contains("descriptor 4", await RefusedAsync(listener, count: 2));
        using var another = SeqpacketSocket.Listen(_managers["another"], Mode, 16);
        using var host = StandInManager.Serve(_sandbox, [(listener, "dmaheap.socket"), (another, "dmaheap.socket")]);
        Assert.Contains("2 sockets were passed", (await host.EndAsync()).Error);
        Assert.Contains("--socket says", await RefusedAsync(listener, arguments: $" --socket {_sandbox.Socket}"));
    }

    private async Task<string> RefusedAsync(SafeFileHandle passed, int count = 1, string arguments = "")
    {
        using var host = Serve(passed, count: count, arguments: arguments);
        var ended = await host.EndAsync();
        Assert.Equal(1, ended.ExitCode);
        Assert.DoesNotContain("   at ", ended.Error);
        return ended.Error;
    }

    private RunningProgram Serve(SafeFileHandle passed, string process = "$$", int count = 1, string arguments = "") =>
        StandInManager.Serve(_sandbox, [(passed, "dmaheap.socket")], process, count, arguments: arguments);
}
