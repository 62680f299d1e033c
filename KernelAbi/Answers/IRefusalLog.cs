using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>Hears why a call was refused, where the program sees an errno alone. Thread-safe, and quick: it is called before the program has its answer.</summary>
internal interface IRefusalLog
{
    /// <param name="call">The ioctl's name.</param>
    /// <param name="heap">The heap's name, or empty where it is not known.</param>
    /// <param name="answer">Errno, cause and sentence.</param>
    /// <param name="caller">Whose call.</param>
    void Refused(string call, string heap, in BackendAnswer answer, CallerIdentity caller);
}
