using System.Diagnostics;
using System.Globalization;
using DmaHeap.Heaps;
using DmaHeap.Hosting;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Importers;

/// <summary>Who can read secret memory that an importer was given, and by which way: the tables of SecureHeap/README.md.</summary>
public sealed class SecretReadingTests : IDisposable
{
    private const uint Somebody = 54321;
    private const byte Written = 90;

    private static readonly Dictionary<string, (Errno, int)> s_throughDescriptorOnly = new()
    {
        ["proc-mem"] = (Errno.EIO, -1),
        ["process_vm_readv"] = (Errno.EFAULT, -1),
        ["ptrace"] = (Errno.EIO, -1),
        ["proc-fd"] = (Errno.ENXIO, -1),
        ["pidfd_getfd"] = (Errno.None, Written),
    };

    private static readonly Dictionary<string, (Errno, int)> s_notAtAll = new()
    {
        ["proc-mem"] = (Errno.EACCES, -1),
        ["process_vm_readv"] = (Errno.EPERM, -1),
        ["ptrace"] = (Errno.EPERM, -1),
        ["proc-fd"] = (Errno.EACCES, -1),
        ["pidfd_getfd"] = (Errno.EPERM, -1),
    };

    private readonly TestHost _host;
    private readonly ExportedBuffer _buffer;
    private readonly HostAttachment _attachment;
    private readonly HostMapping _mapping;

    public SecretReadingTests()
    {
        _host = new TestHost(options => options with
        {
            Heaps = [new HeapDefinition { Name = "secure", Required = false, Create = context => new SecureHeap(context, new SecureHeapOptions { Importers = [new ImporterRule { Users = [TestHost.Us.UserId] }] }) }],
        });
        try
        {
            _buffer = _host.Allocate(heap: "secure");
        }
        catch (HeapException unavailable) when (unavailable.Cause == HeapCause.Unavailable)
        {
            _host.Dispose();
            Assert.Skip(unavailable.Message);
        }

        _attachment = _host.Host.Attach(_buffer.Handle, AttachConstraints.None, DataDirection.Bidirectional, TestHost.Us);
        _mapping = _attachment.Map(DataDirection.Bidirectional);
    }

    public void Dispose()
    {
        _mapping.Dispose();
        _attachment.Dispose();
        _buffer.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Root_reads_it_by_taking_the_importers_descriptor_and_by_no_other_way()
    {
        OtherUser.SkipUnlessRoot();
        using var importer = new Holder(Secret, Somebody);
        Assert.Equal(s_throughDescriptorOnly, Spy(importer, null));
        using var undumpable = new Holder(Secret, Somebody, dumpable: false);
        Assert.Equal(s_throughDescriptorOnly, Spy(undumpable, null));
    }

    [Fact]
    public void The_importers_own_user_can_do_what_root_can_unless_the_importer_is_undumpable()
    {
        OtherUser.SkipUnlessRoot();
        Assert.SkipWhen(YamaRestricts, "this kernel's ptrace_scope keeps even the same user out (kernel.yama.ptrace_scope)");
        using var importer = new Holder(Secret, Somebody);
        // The file belongs to the host's user, which is asked before the kernel finds that such a file cannot be opened at all.
        Assert.Equal(new Dictionary<string, (Errno, int)>(s_throughDescriptorOnly) { ["proc-fd"] = (Errno.EACCES, -1) }, Spy(importer, Somebody));
        using var undumpable = new Holder(Secret, Somebody, dumpable: false);
        Assert.Equal(s_notAtAll, Spy(undumpable, Somebody));
    }

    [Fact]
    public void Another_user_reads_nothing()
    {
        OtherUser.SkipUnlessRoot();
        using var importer = new Holder(Secret, Somebody);
        Assert.Equal(s_notAtAll, Spy(importer, OtherUser.Nobody));
    }

    [Fact]
    public void The_memory_of_a_plain_buffer_is_read_by_every_way_so_the_spy_can_see()
    {
        OtherUser.SkipUnlessRoot();
        using var plain = Memfd.Create("plain", MemfdFlags.CloseOnExec | MemfdFlags.NoExecSeal);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(plain, 4096));
        using var importer = new Holder(plain, Somebody);
        Assert.All(Spy(importer, null), way => Assert.Equal((Errno.None, (int)Written), way.Value));
    }

    [Fact]
    public void What_an_importer_passes_on_is_out_of_the_heaps_hands()
    {
        OtherUser.SkipUnlessRoot();
        using var stranger = new Holder(Secret, OtherUser.Nobody); // it was never asked who it is: it inherited the importer's descriptor
        stranger.FinishWell();
    }

    private static bool YamaRestricts => File.Exists("/proc/sys/kernel/yama/ptrace_scope") && File.ReadAllText("/proc/sys/kernel/yama/ptrace_scope").Trim() != "0";

    private SafeFileHandle Secret => _mapping.Segments[0].Handle;

    private static Dictionary<string, (Errno Errno, int Value)> Spy(Holder importer, uint? user)
    {
        using var spy = Start("read", User(user), Text(importer.ProcessId), importer.Address, Text(importer.Descriptor));
        var lines = spy.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        spy.WaitForExit();
        Assert.Equal(0, spy.ExitCode);
        return lines.Select(line => line.Split(' ')).ToDictionary(words => words[0], words => ((Errno)Number(words[1]), Number(words[2])));
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(CCompiler.Compile("secret_spy"), arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    private static string User(uint? user) => user is { } id ? Text((int)id) : "-1";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>A process that has the memory mapped, with 90 in its first byte.</summary>
    private sealed class Holder : IDisposable
    {
        private readonly Process _process;

        public Holder(SafeFileHandle memory, uint user, bool dumpable = true)
        {
            Descriptor = (int)memory.DangerousGetHandle();
            DescriptorFlags.SetCloseOnExec(memory, false);
            _process = Start("hold", User(user), Text(Descriptor), dumpable ? "1" : "0");
            DescriptorFlags.SetCloseOnExec(memory, true);
            var words = _process.StandardOutput.ReadLine()!.Split(' ');
            (ProcessId, Address) = (Number(words[0]), words[1]);
        }

        public int ProcessId { get; }

        public string Address { get; }

        public int Descriptor { get; }

        public void FinishWell()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            Assert.Equal(0, _process.ExitCode);
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
