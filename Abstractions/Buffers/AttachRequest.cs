namespace DmaHeap;

/// <summary>An importer asks to attach. Construct it with an object initializer; members may be added.</summary>
public readonly struct AttachRequest
{
    /// <summary>A request of nobody in particular.</summary>
    public AttachRequest()
    {
    }

    /// <summary>The importing process.</summary>
    public Caller Importer { get; init; } = Caller.Unknown;

    /// <summary>
    /// Path of the program the importer runs, as the host read it from <c>/proc/PID/exe</c> while it held a descriptor that proves the process id; empty when unknown.
    /// It may narrow whom a heap trusts, never grant: a process that the user controls can run any program's code under any path.
    /// </summary>
    public string ImporterExecutable { get; init; } = "";

    /// <summary>What the importer can take.</summary>
    public AttachConstraints Constraints { get; init; } = AttachConstraints.None;

    /// <summary>Which way it will move data.</summary>
    public DataDirection Direction { get; init; }
}
