using System.Buffers.Binary;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>One program, one heap node, one buffer, and the code under test between them.</summary>
internal sealed class World
{
    public World()
        : this(new FakeCaller { Effects = [] })
    {
    }

    public World(FakeCaller caller)
    {
        Caller = caller;
        Answers = new IoctlAnswers(Backend, Backend, Backend, Backend);
    }

    public FakeCaller Caller { get; }

    public FakeBackend Backend { get; } = new();

    public IoctlAnswers Answers { get; }

    /// <summary>Where structs are put unless a test says otherwise: well inside the second page.</summary>
    public static ulong Address => FakeCaller.AddressOf(FakeCaller.PageBytes + 256);

    public static byte[] Allocation(ulong length, uint descriptor = 0, uint descriptorFlags = 0, ulong heapFlags = 0)
    {
        var bytes = new byte[AllocationData.Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), descriptor);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), descriptorFlags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), heapFlags);
        return bytes;
    }

    public static byte[] SyncFile(uint flags, int descriptor = -1)
    {
        var bytes = new byte[SyncFileData.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, flags);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), descriptor);
        return bytes;
    }

    public static IoctlNumber Alloc(int size = AllocationData.Size, bool writes = true, bool reads = true, char type = 'H') =>
        IoctlNumber.Make(writes, reads, type, 0, size);

    public void Put(ReadOnlySpan<byte> bytes, ulong? address = null) => bytes.CopyTo(Caller.Memory.AsSpan((int)((address ?? Address) - FakeCaller.Start)));

    public byte[] Get(int length, ulong? address = null) => Caller.Memory.AsSpan((int)((address ?? Address) - FakeCaller.Start), length).ToArray();

    public KernelAnswer OnNode(IoctlNumber number, ulong? address = null) =>
        Answers.Answer(CallTarget.Node("system"), number, address ?? Address, Caller, CancellationToken.None);

    public KernelAnswer OnBuffer(uint number, ulong? address = null, BufferTraits traits = BufferTraits.None) =>
        Answers.Answer(CallTarget.Buffer(new BufferFacts(4096, traits)), new IoctlNumber(number), address ?? Address, Caller, CancellationToken.None);

    public KernelAnswer OnUdmabuf(uint number, ulong? address = null) =>
        Answers.Answer(CallTarget.Udmabuf, new IoctlNumber(number), address ?? Address, Caller, CancellationToken.None);

    /// <summary>The call returned this errno, and left nothing behind: no descriptor, no byte, no open handle.</summary>
    public void AssertRefused(Errno errno, Func<KernelAnswer> call)
    {
        var before = Caller.Memory.ToArray();
        Assert.Equal(KernelAnswer.Return(errno), call());
        Assert.Equal(0, Caller.Installed);
        Assert.Equal(before, Caller.Memory);
        Assert.True(Backend.LastHandle is null or { IsClosed: true });
        Assert.Equal(errno, Assert.Single(Backend.Refusals!).Answer.Errno);
    }

    public void AssertDone(KernelAnswer answer) => AssertDone(answer, KernelAnswer.Return(Errno.None));

    /// <summary>The call returned the number of the one descriptor that was installed.</summary>
    public void AssertResult(KernelAnswer answer)
    {
        AssertDone(answer, KernelAnswer.Result(Caller.LastNumber));
        Assert.Equal(1, Caller.Installed);
    }

    private void AssertDone(KernelAnswer answer, KernelAnswer expected)
    {
        Assert.Equal(expected, answer);
        Assert.Empty(Backend.Refusals!);
        Assert.True(Backend.LastHandle is null or { IsClosed: true });
    }
}
