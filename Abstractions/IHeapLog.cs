namespace DmaHeap;

/// <summary>The host's log as a heap sees it. Safe from any thread; never throws; the host adds the heap's name.</summary>
public interface IHeapLog
{
    /// <summary>True when entries of this level are kept, so that costly fields need not be built for nothing.</summary>
    /// <param name="level">The level asked about.</param>
    bool IsEnabled(HeapLogLevel level);

    /// <summary>Writes one entry.</summary>
    /// <param name="level">How much it matters.</param>
    /// <param name="message">One sentence for an operator, complete without the fields.</param>
    /// <param name="fields">Named values beside the sentence.</param>
    void Write(HeapLogLevel level, string message, params LogField[] fields);
}

/// <summary>How much a log entry matters.</summary>
public enum HeapLogLevel
{
    /// <summary>For whoever debugs the heap.</summary>
    Debug = 0,

    /// <summary>A change an operator may want to see.</summary>
    Information = 1,

    /// <summary>Something is wrong, work goes on.</summary>
    Warning = 2,

    /// <summary>A request or the heap failed.</summary>
    Error = 3,
}

/// <summary>One named value of a log entry. A string, so that an entry never keeps an object of a plugin alive.</summary>
/// <param name="Name">Name of the field, in PascalCase.</param>
/// <param name="Value">Its value as text.</param>
public readonly record struct LogField(string Name, string Value)
{
    /// <summary>A field with a number.</summary>
    /// <param name="name">Name of the field.</param>
    /// <param name="value">Its value.</param>
    public LogField(string name, long value)
        : this(name, value.ToString(System.Globalization.CultureInfo.InvariantCulture))
    {
    }
}
