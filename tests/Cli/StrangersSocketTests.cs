using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

/// <summary>A socket that lies where ours would, in a directory somebody else made.</summary>
public sealed class StrangersSocketTests
{
    [Theory]
    [InlineData("12345", "its directory belongs to user 12345")]
    [InlineData("65534", "left by a host that is gone")]
    public async Task It_is_asked_only_in_a_directory_of_the_callers_own(string owner, string expected)
    {
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, "only root can give a directory away");
        using var directory = new TemporaryDirectory();
        File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(directory["dmaheap"]);
        SeqpacketSocket.Listen(directory["dmaheap/socket"], (UnixFileMode)0b110_110_110, 1).Dispose();
        Assert.Equal(0, (await RunningProgram.RunAsync("chown", ["-R", owner, directory["dmaheap"]])).ExitCode);

        var ended = await RunningProgram.RunAsync(
            "setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "-i", $"XDG_RUNTIME_DIR={directory.Path}", $"HOME={directory.Path}",
                Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "list"]);

        Assert.Contains(expected, ended.Error);
        Assert.Equal(3, ended.ExitCode);
    }
}
