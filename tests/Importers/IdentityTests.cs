using System.Diagnostics;
using DmaHeap.Hosting.Server;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Importers;

/// <summary>Whom a heap is told of: the process at the other end, as the kernel knows it, and the program it runs.</summary>
public sealed class IdentityTests
{
    [Fact]
    public void A_heap_hears_which_process_and_which_program_attaches()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var owner = host.Connect();
        using var importer = new ImporterProcess(host);
        using var descriptor = owner.Allocate();
        importer.Give(descriptor);
        Assert.Equal("ok", importer.Ask("attach"));
        var request = Assert.Single(buffer().Requests);
        Assert.Equal((importer.Id, ProcessIdentity.EffectiveUserId), (request.Importer.ProcessId, request.Importer.UserId));
        Assert.Equal(File.ResolveLinkTarget($"/proc/{importer.Id}/exe", returnFinalTarget: false)!.FullName, request.ImporterExecutable);
    }

    [Fact]
    public void A_program_that_is_gone_is_unknown_and_not_another_of_its_number()
    {
        var (ours, theirs) = SeqpacketSocket.CreatePair();
        using (ours)
        {
            theirs.Dispose();
            Assert.NotEqual("", PeerIdentity.ExecutableOf(ours, Environment.ProcessId)); // the pair was made by this process, which lives
            Assert.Equal("", PeerIdentity.ExecutableOf(ours, 0));
            using var child = Process.Start("true");
            child.WaitForExit();
            Assert.Equal("", PeerIdentity.ExecutableOf(ours, child.Id));
        }
    }
}
