using DmaHeap.Linux;

namespace DmaHeap.KernelAbi;

/// <summary>
/// What a backend answers: done, or an errno with the reason. Errno is all an unmodified program sees of it; cause and sentence are for whoever started the program.
/// <c>default</c> is success.
/// </summary>
/// <param name="Errno">None, or the Linux errno the program gets.</param>
/// <param name="Cause">A stable code, such as <c>exhausted</c>; null on success.</param>
/// <param name="Sentence">One sentence for people, without a full stop; null on success.</param>
public readonly record struct BackendAnswer(Errno Errno, string? Cause, string? Sentence)
{
    /// <summary>It was done.</summary>
    public static BackendAnswer Done => default;

    /// <summary>Whether it was done.</summary>
    public bool IsDone => Errno == Errno.None;
}
