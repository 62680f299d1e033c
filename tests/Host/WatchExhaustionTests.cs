namespace DmaHeap.Tests.Host;

public sealed class WatchExhaustionTests
{
    [Fact]
    public void Without_a_watch_left_an_allocation_is_ENOSPC_with_its_cause_and_the_buffer_given_back()
    {
        const string Limit = "/proc/sys/user/max_inotify_watches";
        Assert.SkipUnless(File.Exists(Limit), "this kernel has no user.max_inotify_watches");
        Assert.SkipUnless(CanUnshare(), "no user namespace can be made here (unshare -Ur), in which to lower the limit for one process alone");

        // The runtime's own watches and the host's start below it; the buffers are to meet it.
        using var peer = PeerProcess.StartBy("unshare", ["-Ur"], $"echo 40 > {Limit} && exec \"$@\"", "watches");
        var (exit, output) = peer.Finish();
        Assert.True(exit == 0, output);
        var lines = output.Split('\n');
        Assert.Equal($"{HeapErrno.NoSpace} {HeapCause.NoWatches} {ReleaseReason.ExportFailed} True", lines[0]);
        Assert.Contains("max_user_watches", lines[1]);
        Assert.Equal("recovered", lines[2]);
    }

    private static bool CanUnshare()
    {
        try
        {
            using var attempt = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("unshare", ["-Ur", "true"]) { RedirectStandardError = true })!;
            attempt.WaitForExit();
            return attempt.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
