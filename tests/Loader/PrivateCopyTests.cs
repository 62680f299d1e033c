using System.Diagnostics;
using DmaHeap.Plugins;
using DmaHeap.Plugins.Copies;

namespace DmaHeap.Tests.Loader;

public sealed class PrivateCopyTests : IDisposable
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    readonly PluginSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void The_originals_can_be_overwritten_cut_and_deleted_while_the_plugin_runs()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        using LoadedPlugin plugin = _sandbox.Loader.Load(path);
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(path)!))
        {
            using (FileStream original = File.OpenWrite(file))
            {
                original.Write(new byte[original.Length]);
                original.SetLength(1);
            }
            File.Delete(file);
        }
        Assert.Equal("3.1.4.0", PluginSandbox.Ask(plugin, "library"));
    }

    [Fact]
    public void The_whole_folder_is_copied_for_the_owner_only()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(Path.Combine(folder, "sub/sub"));
        File.WriteAllText(Path.Combine(folder, "sub/sub/data.txt"), "data");
        File.CreateSymbolicLink(Path.Combine(folder, "link.txt"), "sub/sub/data.txt");
        File.CreateSymbolicLink(Path.Combine(folder, "dangling.txt"), "nowhere");
        using LoadedPlugin plugin = _sandbox.Loader.Load(path);

        Assert.Equal("data", File.ReadAllText(Path.Combine(plugin.CopyFolder, "sub/sub/data.txt")));
        Assert.Equal("data", File.ReadAllText(Path.Combine(plugin.CopyFolder, "link.txt")));
        Assert.Null(new FileInfo(Path.Combine(plugin.CopyFolder, "link.txt")).LinkTarget);
        Assert.False(Path.Exists(Path.Combine(plugin.CopyFolder, "dangling.txt")));
        Assert.True(File.Exists(Path.Combine(plugin.CopyFolder, "GoodPlugin.pdb")));
        Assert.True(File.Exists(Path.Combine(plugin.CopyFolder, "GoodPlugin.deps.json")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(plugin.CopyFolder));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_sandbox.CopyRoot));
    }

    [Fact]
    public void A_folder_too_large_to_copy_is_refused_and_leaves_nothing()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        using var loader = new PluginLoader(new PluginLoaderOptions { CopyRoot = _sandbox.CopyRoot, MaxFolderBytes = new FileInfo(path).Length + 1 });
        var refused = Assert.Throws<PluginException>(() => loader.Load(path));
        Assert.Equal(PluginRefusal.FolderTooLarge, refused.Refusal);
        Assert.Contains("folder of its own", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_sandbox.Copies);
    }

    [Fact]
    public void A_link_to_a_folder_above_does_not_copy_for_ever()
    {
        string path = _sandbox.Deploy("GoodPlugin");
        Directory.CreateSymbolicLink(Path.Combine(Path.GetDirectoryName(path)!, "loop"), ".");
        var refused = Assert.Throws<PluginException>(() => _sandbox.Loader.Load(path));
        Assert.Equal(PluginRefusal.FolderTooLarge, refused.Refusal);
    }

    [Fact]
    public void Copies_of_dead_processes_are_deleted_and_those_of_living_ones_and_strangers_stay()
    {
        string dead = Make(Path.GetFileName(ProcessIdentity.Current.Replace($"-{Environment.ProcessId}-", "-99999999-", StringComparison.Ordinal)) + "-x");
        string reused = Make(string.Join('-', ProcessIdentity.Current.Split('-')[..2]) + "-1-x");
        string living = Make(ProcessIdentity.Current + "-x");
        string elsewhere = Make("1-99999999-1-x");
        string stranger = Make("somebody-elses");
        new PluginLoader(new PluginLoaderOptions { CopyRoot = _sandbox.CopyRoot }).Dispose();

        Assert.False(Directory.Exists(dead));
        Assert.False(Directory.Exists(reused));
        Assert.True(Directory.Exists(living));
        Assert.True(Directory.Exists(elsewhere));
        Assert.True(Directory.Exists(stranger));

        string Make(string name)
        {
            string folder = Path.Combine(_sandbox.CopyRoot, name);
            Directory.CreateDirectory(Path.Combine(folder, "sub"));
            return folder;
        }
    }

    [Fact]
    public void A_folder_for_copies_that_others_can_write_to_is_refused()
    {
        string open = Path.Combine(_sandbox.CopyRoot, "open");
        Directory.CreateDirectory(open);
        File.SetUnixFileMode(open, OwnerOnly | UnixFileMode.OtherWrite);
        RefusedForCopies(open);
    }

    [Fact]
    public void So_is_a_link_to_one()
    {
        string link = Path.Combine(_sandbox.CopyRoot, "link");
        Directory.CreateSymbolicLink(link, _sandbox.CopyRoot);
        RefusedForCopies(link);
    }

    [Fact]
    public void And_one_of_another_user()
    {
        string theirs = "/";
        if (ProcessIdentity.UserId == 0)
        {
            theirs = Directory.CreateDirectory(Path.Combine(_sandbox.CopyRoot, "theirs"), OwnerOnly).FullName;
            using Process chown = Process.Start("chown", ["65534", theirs]);
            chown.WaitForExit();
            Assert.Equal(0, chown.ExitCode);
        }
        RefusedForCopies(theirs);
    }

    [Fact]
    public void Owner_and_kind_are_read_from_the_entry_itself()
    {
        Assert.Equal((ProcessIdentity.UserId, true), FileOwner.Of(_sandbox.CopyRoot));
        Assert.Equal((0, true), FileOwner.Of("/"));
        Assert.False(FileOwner.Of("/proc/self/exe").IsFolder);
    }

    [Fact]
    public void Disposing_the_loader_deletes_the_copies_that_are_left()
    {
        var loader = new PluginLoader(new PluginLoaderOptions { CopyRoot = _sandbox.CopyRoot });
        LoadedPlugin plugin = loader.Load(_sandbox.Deploy("GoodPlugin"));
        Assert.Equal([plugin.CopyFolder], _sandbox.Copies);
        loader.Dispose();
        Assert.Empty(_sandbox.Copies);
        plugin.Dispose();
    }

    static void RefusedForCopies(string folder)
    {
        var refused = Assert.Throws<PluginException>(() => new PluginLoader(new PluginLoaderOptions { CopyRoot = folder }));
        Assert.Contains(folder, refused.Message, StringComparison.Ordinal);
    }
}
