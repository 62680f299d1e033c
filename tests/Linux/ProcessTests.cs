using System.Diagnostics;
using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

[Collection(ExclusiveCollection.Name)]
public sealed class ProcessTests
{
    [Fact]
    public void A_process_is_killed_by_its_descriptor_and_the_descriptor_tells_its_end()
    {
        using var child = Process.Start(new ProcessStartInfo("sleep", "60"))!;
        Assert.Equal(Errno.None, ProcessFd.TryOpen(child.Id, out var process));
        using var _ = process;
        using var poll = new EventPoll();
        Assert.Equal(Errno.None, poll.TryAdd(process, ReadyEvents.Readable, 1));
        var ready = new ReadyDescriptor[1];
        Assert.Equal(0, poll.Wait(ready, 0));
        Assert.Equal(Errno.None, ProcessFd.TrySendSignal(process, 0));
        Assert.Equal(Errno.None, ProcessFd.TryKill(process));
        Assert.Equal(1, poll.Wait(ready, 10_000));
        Assert.True(child.WaitForExit(10_000));
        Assert.Equal(128 + 9, child.ExitCode);
        Assert.Equal(Errno.ESRCH, ProcessFd.TryKill(process));
        Assert.Equal(Errno.EINVAL, ProcessFd.TryOpen(-1, out var none));
        Assert.True(none.IsInvalid);
    }

    [Fact]
    public void Dumpable_is_read_back()
    {
        var before = ProcessControl.IsDumpable;
        try
        {
            ProcessControl.IsDumpable = false;
            Assert.False(ProcessControl.IsDumpable);
            using var memfd = Memfd.Create("test", MemfdFlags.CloseOnExec);
            Assert.Equal(Errno.None, DescriptorReopen.TryOpen(memfd, FileAccessMode.ReadOnly, true, out var reopened));
            reopened.Dispose();
        }
        finally
        {
            ProcessControl.IsDumpable = before;
        }

        Assert.Equal(before, ProcessControl.IsDumpable);
    }

    [Fact]
    public void A_parent_death_signal_is_taken_and_no_signals_number_is_EINVAL()
    {
        ProcessControl.SetParentDeathSignal(0);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => ProcessControl.SetParentDeathSignal(1000)).Errno);
    }

    [Theory]
    [InlineData(LimitedResource.OpenFiles, "Max open files")]
    [InlineData(LimitedResource.LockedMemory, "Max locked memory")]
    public void Limits_are_those_in_proc_and_are_set(LimitedResource resource, string label)
    {
        var before = ResourceLimits.Get(resource);
        var shown = File.ReadLines("/proc/self/limits").Single(line => line.StartsWith(label, StringComparison.Ordinal))[label.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(shown[0], before.Soft == ResourceLimit.Unlimited ? "unlimited" : before.Soft.ToString());
        Assert.Equal(shown[1], before.Hard == ResourceLimit.Unlimited ? "unlimited" : before.Hard.ToString());
        var lower = before with { Soft = Math.Min(before.Soft, before.Hard) - 1 };
        Assert.Equal(Errno.None, ResourceLimits.TrySet(resource, lower));
        Assert.Equal(lower, ResourceLimits.Get(resource));
        Assert.Equal(Errno.EINVAL, ResourceLimits.TrySet(resource, new ResourceLimit(2, 1)));
        Assert.Equal(Errno.None, ResourceLimits.TrySet(resource, before));
    }

    [Fact]
    public void Identity_is_that_in_proc()
    {
        string[] Field(string name) => File.ReadLines("/proc/self/status").Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..]
            .Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"{ProcessIdentity.UserId} {ProcessIdentity.EffectiveUserId}", string.Join(' ', Field("Uid:")[..2]));
        Assert.Equal(Field("Gid:")[0], ProcessIdentity.GroupId.ToString());
        Assert.Equal(Field("Groups:").Select(uint.Parse).Order(), ProcessIdentity.GetGroups().Order());
    }

    [Fact]
    public void Names_are_found_whole_and_odd_lines_are_passed_over()
    {
        using var root = new TemporaryDirectory();
        root.Write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n# note\n+nis\nvideouser:x:1001:44::/:/bin/sh\nbad:x:-1:1::/:\n");
        root.Write("etc/group", "video:x:44:a,b\nrender:x:105:\n");
        var accounts = new AccountFiles(root.Path);
        Assert.Equal(0u, accounts.FindUser("root"));
        Assert.Equal(1001u, accounts.FindUser("videouser"));
        Assert.Null(accounts.FindUser("video"));
        Assert.Null(accounts.FindUser("bad"));
        Assert.Equal(44u, accounts.FindGroup("video"));
        Assert.Null(accounts.FindGroup("root"));
        Assert.Equal(0u, new AccountFiles().FindUser("root"));
    }
}
