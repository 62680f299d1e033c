namespace DmaHeap.Testing.Conformance;

/// <summary>What every refusal must look like, whatever it is about.</summary>
internal static class RefusalForm
{
    private const int LongestCause = 31;

    /// <exception cref="CaseFailure">It does not.</exception>
    public static void Check(HeapException refusal)
    {
        if (!Enum.IsDefined(refusal.Errno)) throw new CaseFailure($"errno {(int)refusal.Errno} is none of HeapErrno's", refusal);
        if (!IsCause(refusal.Cause)) throw new CaseFailure($"the cause \"{refusal.Cause}\" is not made of lower case words joined by '-', {LongestCause} characters at most", refusal);
        if (string.IsNullOrWhiteSpace(refusal.Message)) throw new CaseFailure("a refusal without a sentence", refusal);
    }

    private static bool IsCause(string cause) =>
        cause.Length <= LongestCause && cause.Split('-').All(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)));
}
