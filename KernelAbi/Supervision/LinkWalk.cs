using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Follows the symbolic links of a path one by one, as the kernel would, to see whether they lead into /dev/dma_heap, which the kernel itself does not find.</summary>
internal static class LinkWalk
{
    // As many as the kernel follows.
    private const int MostLinks = 40;

    /// <param name="path">An absolute path.</param>
    /// <param name="followsLast">Whether a link at the end is followed too.</param>
    /// <returns>The path below /dev/dma_heap where it ends, or null where it ends elsewhere, or nowhere.</returns>
    public static string? Follow(string path, bool followsLast)
    {
        var ahead = new Stack<string>();
        Push(ahead, path);
        var (at, links) = ("", 0);
        while (ahead.TryPop(out var name))
        {
            if (name is "." or "") continue;
            if (name == "..")
            {
                at = at[..Math.Max(0, at.LastIndexOf('/'))];
                continue;
            }

            at += "/" + name;
            if (at == HeapDirectory.Path) return Joined(at, ahead);
            // A link with a slash behind it is followed whatever was asked for: an empty name is ahead then.
            if (!followsLast && ahead.Count == 0) return null;
            var errno = PathCalls.TryReadLink(at, out var target);
            if (errno == Errno.EINVAL) continue; // no link
            if (errno != Errno.None || ++links > MostLinks) return null;
            at = target.StartsWith('/') ? "" : at[..at.LastIndexOf('/')];
            Push(ahead, target);
        }

        return null;
    }

    private static void Push(Stack<string> ahead, string path)
    {
        foreach (var name in path.Split('/').Reverse()) ahead.Push(name);
    }

    private static string Joined(string at, Stack<string> ahead) => ahead.Count == 0 ? at : at + "/" + string.Join('/', ahead);
}
