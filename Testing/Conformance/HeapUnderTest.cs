using System.Reflection;
using DmaHeap.Hosting;

namespace DmaHeap.Testing;

/// <summary>
/// A heap as the conformance kit meets it. It is made anew for each case. It must have room for 16 buffers of <see cref="SmallLength"/> and one of
/// <see cref="LargeLength"/> at the same time. Immutable.
/// </summary>
public sealed record HeapUnderTest
{
    private const long LargestLength = 1L << 30;

    private readonly long _smallLength = Environment.SystemPageSize;
    private readonly long _largeLength = 4L << 20;

    /// <summary>What reports call it.</summary>
    public required string Name { get; init; }

    /// <summary>Makes the heap, with its options; the kit's host disposes it.</summary>
    public required Func<IHeapContext, IHeap> Create { get; init; }

    /// <summary>What it promises, as its class says by <see cref="HeapCapabilitiesAttribute"/>. Decides which cases apply.</summary>
    public required HeapCapabilities Capabilities { get; init; }

    /// <summary>Bytes of a small buffer: the machine's page unless the heap deals in larger ones; at most 64 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or larger.</exception>
    public long SmallLength
    {
        get => _smallLength;
        init => _smallLength = InRange(value, LargestLength / 16);
    }

    /// <summary>Bytes of a large buffer: 4 MiB unless set; at most 1 GiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or larger.</exception>
    public long LargeLength
    {
        get => _largeLength;
        init => _largeLength = InRange(value, LargestLength);
    }

    /// <summary>How long to wait for the kernel's word that a buffer is gone. Only a failing case takes as long.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The heap's options as JSON, for the cases that read options or load the plugin; <see cref="Create"/> must set up the heap alike. None, and so the defaults, unless set.</summary>
    public string Options { get; init; } = "{}";

    /// <summary>
    /// The plugin's main assembly in its own build output, with which the case <c>unload</c> loads it as a host would; null leaves that case out. Not the copy in the
    /// folder of a test project, where everything else lies beside it.
    /// </summary>
    public string? PluginFile { get; init; }

    /// <summary>Which of the plugin's heap types it is, by its configured name; null where the plugin has one.</summary>
    public string? HeapType { get; init; }

    internal Type? OptionsType { get; init; }

    /// <summary>Makes the heap with other options than those of <see cref="Create"/>.</summary>
    internal Func<IHeapContext, object?, IHeap>? CreateWith { get; init; }

    /// <summary>A heap whose promises are those of its class.</summary>
    /// <typeparam name="THeap">The heap class.</typeparam>
    /// <param name="create">Makes the heap.</param>
    /// <param name="name">What reports call it; the class when null.</param>
    public static HeapUnderTest Of<THeap>(Func<IHeapContext, THeap> create, string? name = null)
        where THeap : class, IHeap
    {
        var withOptions = typeof(THeap).GetConstructors().FirstOrDefault(each => each.GetParameters() is [var context, var options]
            && context.ParameterType == typeof(IHeapContext) && options.ParameterType.IsClass && options.ParameterType.GetConstructor(Type.EmptyTypes) is not null);
        return new()
        {
            Name = name ?? typeof(THeap).Name,
            Create = create,
            Capabilities = typeof(THeap).GetCustomAttribute<HeapCapabilitiesAttribute>()?.Capabilities ?? HeapCapabilities.None,
            OptionsType = withOptions?.GetParameters()[1].ParameterType,
            CreateWith = withOptions is null ? null : (context, options) => (IHeap)withOptions.Invoke(BindingFlags.DoNotWrapExceptions, binder: null, [context, options], culture: null),
        };
    }

    /// <summary>Why the heap cannot start on this machine, in its own words (ENODEV); null when it can.</summary>
    /// <exception cref="HeapStartException">It fails to start for another reason, which is a fault of the heap.</exception>
    public string? WhyUnavailable()
    {
        try
        {
            DmaHeapTestHost.Start("conformance", Create).Stop();
            return null;
        }
        catch (HeapStartException exception) when (exception.InnerException is HeapException { Errno: HeapErrno.NoDevice })
        {
            return exception.Reason;
        }
    }

    private static long InRange(long bytes, long most)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, most);
        return bytes;
    }
}
