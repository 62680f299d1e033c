using DmaHeap.Hosting.Configuration;
using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Heaps;

/// <summary>What a configuration says of a heap's pages, where the heap's type has none that it could be about: refused, since nothing would come of it.</summary>
internal static class PageTerms
{
    public static void Check(HeapConfiguration heap, HeapTypeInfo type, ConfigurationErrors errors)
    {
        var entry = heap.Entry.Value;
        if (!type.TakesPages)
        {
            if (heap.Pool is not null) Refuse("pool", TakesNone);
            if (heap.Pages != HeapPages.Machine) Refuse("pages", TakesNone);
        }

        // A client that gives such a buffer back has only the file that stands for it.
        if (heap.Recycle == HeapRecycling.Domain && (!type.TakesPages || type.Capabilities.HasFlag(HeapCapabilities.Unmappable)))
            Refuse("recycle", "has no memory that clients could give back");

        void Refuse(string key, string why) => errors.Add(entry.Find(key)!.Value, $"means nothing here, as {type.Name} {why}: leave \"{key}\" out");
    }

    private const string TakesNone = "takes no pages of the host's memory service";
}
