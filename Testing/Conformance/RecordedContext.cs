namespace DmaHeap.Testing.Conformance;

/// <summary>
/// The host's side of a heap that is recorded: the host's own, but that <see cref="IHeapMemoryService.AllocateBuffer"/> makes a new object each time, so that no two buffers are taken for one.
/// </summary>
internal sealed class RecordedContext(IHeapContext context) : IHeapContext
{
    public string Name => context.Name;

    public IHeapLog Log => context.Log;

    public IHeapMemoryService Memory { get; } = new NewBuffers(context.Memory);

    public IHeapStatistics Statistics => context.Statistics;

    public TimeProvider Time => context.Time;

    public RequestId Request => context.Request;

    public CancellationToken Stopping => context.Stopping;

    // What it does not say of itself is the contract's default.
    private sealed class NewBuffers(IHeapMemoryService memory) : IHeapMemoryService
    {
        public MemoryCapabilities Capabilities => memory.Capabilities;

        public IHeapMemory AllocatePages(in PageRequest request) => memory.AllocatePages(in request);

        public IHeapMemory AllocateOpaque(in OpaqueRequest request) => memory.AllocateOpaque(in request);

        public IMemoryRegion OpenRegion(in RegionRequest request) => memory.OpenRegion(in request);

        public IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length) => memory.AllocateRange(region, offset, length);
    }
}
