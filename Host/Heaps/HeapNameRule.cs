namespace DmaHeap.Hosting.Heaps;

/// <summary>The rules for names under <c>/dev/dma_heap</c>.</summary>
internal static class HeapNameRule
{
    public const int MaxLength = 63;

    /// <summary>What is wrong with a name; null when it is fine.</summary>
    public static string? WrongWith(string name)
    {
        if (name.Length == 0) return "a heap's name is empty";
        if (name.Length > MaxLength) return $"the heap name \"{name}\" is longer than {MaxLength} characters";
        if (name is "." or "..") return $"\"{name}\" cannot be the name of a heap: it is a directory everywhere";
        return name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ',' or '+' or '-')
            ? null
            : $"the heap name \"{name}\" has characters other than letters, digits and . _ , + -";
    }
}
