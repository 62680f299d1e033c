using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Demo;

/// <summary>Tries all ways to the memory of a buffer that allows none.</summary>
static class Refusals
{
    /// <summary>Tries to map, read and write.</summary>
    /// <returns>How each was refused.</returns>
    /// <exception cref="CommandFailedException">One was not.</exception>
    public static string Of(DmaBuffer buffer)
    {
        var reading = Refused("mapping to read", () => buffer.Map(FileAccess.Read).Dispose());
        var writing = Refused("mapping to write", () => buffer.Map(FileAccess.ReadWrite).Dispose());
        var read = Refused("read", () => RandomAccess.Read(buffer.Handle, new byte[1], 0));
        var write = Refused("write", () => RandomAccess.Write(buffer.Handle, [1], 0));
        return $"map ({(reading == writing ? reading : $"{reading}, {writing}")}), read ({read}) and write ({write})";
    }

    static Errno Refused(string what, Action attempt)
    {
        try
        {
            attempt();
        }
        catch (DmaHeapException refusal)
        {
            return refusal.Errno;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            // .NET wraps what it thinks is a matter of rights; either way the errno is in HResult.
            return (Errno)(refusal.InnerException ?? refusal).HResult;
        }

        throw new CommandFailedException(ExitCode.Failed, "demo", $"{what} of memory that nobody may see was not refused");
    }
}
