using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class OptionsUnloadTests
{
    [Fact]
    public void A_plugin_whose_options_were_bound_and_described_unloads()
    {
        var context = Use(keep: null);

        Assert.True(IsGone(context));
    }

    [Fact]
    public void A_plugin_whose_options_are_still_held_does_not()
    {
        var kept = new List<object>();
        var context = Use(kept);

        Assert.False(IsGone(context));
        GC.KeepAlive(kept);
    }

    /// <summary>This very assembly once more, in a context of its own, as a plugin would be.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Use(List<object>? keep)
    {
        var context = new AssemblyLoadContext("plugin", isCollectible: true);
        var type = context.LoadFromAssemblyPath(typeof(SampleOptions).Assembly.Location).GetType(typeof(SampleOptions).FullName!)!;
        Assert.NotSame(typeof(SampleOptions), type);

        // Often enough for reflection to compile the accessors it calls.
        for (var i = 0; i < 50; i++)
        {
            var options = Reading.Bind("""{"pages":"2MiB","zones":[{"name":"a"}],"patience":"1s"}""", type).ValueOrThrow()!;
            Assert.Same(type, options.GetType());
            keep?.Add(options);
            Assert.False(Reading.Bind("""{"base":1}""", type).IsValid);
            Assert.False(Reading.Bind("""{"pages":"1GiB"}""", type).IsValid);
        }

        Assert.NotNull(ConfigurationSchema.Generate(new PluginOptions("X", null, type)));
        context.Unload();
        return new WeakReference(context, trackResurrection: true);
    }

    private static bool IsGone(WeakReference context)
    {
        for (var i = 0; i < 10 && context.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return !context.IsAlive;
    }
}
