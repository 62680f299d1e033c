namespace DmaHeap;

/// <summary>Options that have rules beyond each property's own implement this. Runs before the heap is created; must not touch the machine.</summary>
public interface ICheckedOptions
{
    /// <summary>All that is wrong with these options, all at once; empty when they are fine.</summary>
    IEnumerable<OptionError> Check();
}

/// <summary>One thing wrong with options.</summary>
/// <param name="Property">Name of the property as in C# (<c>nameof</c>), so that the host finds its place in the file.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public readonly record struct OptionError(string Property, string Message);
