namespace DmaHeap.Linux;

/// <summary>
/// The seccomp filter of a supervised program, as data: tells the supervisor of the calls of its rules and lets everything else pass.
/// </summary>
/// <remarks>
/// The number is looked at first and the convention only where the number may be one of ours. For every other number the answer then depends on the number
/// alone, which the kernel finds out when the filter is installed and remembers in a bitmap (5.11): such calls do not run the filter at all.
/// </remarks>
public static class NotifyFilter
{
    internal const uint Allow = 0x7FFF_0000, Notify = 0x7FC0_0000;
    internal const uint NumberOffset = 0, ArchitectureOffset = 4, CommandOffset = 24;
    const uint TypeMask = 0xFF00;
    const int TypeShift = 8;

    /// <summary>Builds the program.</summary>
    /// <param name="rules">The calls; no number twice in one convention.</param>
    /// <param name="ioctlTypes">The type characters of ioctl commands (<c>_IOC_TYPE</c>) that are told where a rule asks for that.</param>
    public static BpfInstruction[] Build(IReadOnlyList<NotifyRule> rules, ReadOnlySpan<char> ioctlTypes)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var program = new BpfProgram();
        var notify = program.NewLabel();
        var command = program.NewLabel();
        // Runs before every program that is started, and generics of our structs would have to be compiled then: so arrays and loops.
        var firsts = FirstOfEachNumber(rules);
        var labels = new int[firsts.Length];

        program.LoadWord(NumberOffset);
        for (var i = 0; i < firsts.Length; i++) program.JumpIfEqual((uint)rules[firsts[i]].Number, labels[i] = program.NewLabel());
        program.Return(Allow);

        for (var i = 0; i < firsts.Length; i++)
        {
            program.Place(labels[i]);
            program.LoadWord(ArchitectureOffset);
            for (var j = firsts[i]; j < rules.Count; j++)
            {
                if (rules[j].Number == rules[firsts[i]].Number) program.JumpIfEqual((uint)rules[j].Architecture, rules[j].OnlyHeapIoctls ? command : notify);
            }

            program.Return(Allow);
        }

        // Of the 64-bit argument the kernel takes the lower half, which comes first on the machines we run on.
        program.Place(command);
        program.LoadWord(CommandOffset);
        program.And(TypeMask);
        foreach (var type in ioctlTypes) program.JumpIfEqual((uint)type << TypeShift, notify);
        program.Return(Allow);
        program.Place(notify);
        program.Return(Notify);
        return program.Build();
    }

    static int[] FirstOfEachNumber(IReadOnlyList<NotifyRule> rules)
    {
        var firsts = new int[rules.Count];
        var count = 0;
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].Number < 0) continue;
            var first = 0;
            while (rules[first].Number != rules[i].Number) first++;
            if (first == i) firsts[count++] = i;
        }

        return firsts[..count];
    }
}
