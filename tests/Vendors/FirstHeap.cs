using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>What comes of following docs/vendors.md to its end, done once for all the tests that look at it.</summary>
public sealed class FirstHeap : IAsyncLifetime
{
    internal Workshop Workshop { get; } = new();

    internal Ended Ended { get; private set; } = null!;

    /// <summary>The packages, as the document's first command leaves them.</summary>
    internal string Feed => Path.Combine(Clone, "artifacts", "package", "release");

    /// <summary>The plugin's project.</summary>
    internal string Project => Path.Combine(Workshop.Work, "Acme.VideoHeap");

    internal string Plugin => Path.Combine(Project, "Acme.VideoHeap", "bin", "Debug", "net10.0", "Acme.VideoHeap.dll");

    internal string Clone => Workshop["clone"];

    public async ValueTask InitializeAsync()
    {
        FreshClone.Make(Clone);
        try
        {
            Ended = await Workshop.RunAsync(VendorsDocument.Script(Workshop.Work), Clone);
        }
        catch
        {
            Workshop.Dispose();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        Workshop.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>The tests that look at <see cref="FirstHeap"/>.</summary>
[CollectionDefinition(Name)]
public sealed class FirstHeapCollection : ICollectionFixture<FirstHeap>
{
    public const string Name = "A vendor's first heap";
}
