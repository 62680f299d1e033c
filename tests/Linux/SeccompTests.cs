using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

/// <summary>Filters as data, run by an interpreter of the four instructions they are made of.</summary>
public sealed class SeccompTests
{
    private const uint Notify = NotifyFilter.Notify, Allow = NotifyFilter.Allow;
    private const ulong Allocate = 0xC0184800, Sync = 0x40086200, WindowSize = 0x5413;

    private static readonly SyscallNumbers[] s_all = [SyscallNumbers.X64, SyscallNumbers.I386, SyscallNumbers.Arm64, SyscallNumbers.Arm];

    public static TheoryData<AuditArchitecture> Architectures => [.. s_all.Select(numbers => numbers.Architecture)];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Only_ioctls_of_the_heaps_types_are_told(AuditArchitecture architecture)
    {
        var filter = NotifyFilter.Build(IoctlRules(), ['H', 'b']);
        var numbers = s_all.Single(numbers => numbers.Architecture == architecture);
        Assert.Equal(Notify, Run(filter, numbers.Ioctl, architecture, Allocate).Answer);
        Assert.Equal(Notify, Run(filter, numbers.Ioctl, architecture, Sync).Answer);
        Assert.Equal(Notify, Run(filter, numbers.Ioctl, architecture, Sync | 0xFFFF_FFFF_0000_0000).Answer); // the kernel takes 32 bits
        Assert.Equal(Allow, Run(filter, numbers.Ioctl, architecture, WindowSize).Answer);
        Assert.Equal(Allow, Run(filter, numbers.Ioctl, architecture, (ulong)'H').Answer); // the type is the second byte
        for (var other = 0; other < 600; other++)
        {
            if (other != numbers.Ioctl) Assert.Equal(Allow, Run(filter, other, architecture, Allocate).Answer);
        }
    }

    [Fact]
    public void One_conventions_ioctl_is_another_ones_other_call()
    {
        var filter = NotifyFilter.Build(IoctlRules(), ['H', 'b']);
        Assert.Equal(Allow, Run(filter, SyscallNumbers.I386.Ioctl, AuditArchitecture.X64, Allocate).Answer); // setsockopt
        Assert.Equal(Allow, Run(filter, SyscallNumbers.X64.Ioctl, AuditArchitecture.I386, Allocate).Answer); // lchown
    }

    [Fact]
    public void A_call_that_is_not_ours_is_decided_by_its_number_alone()
    {
        // That is what the kernel's bitmap of allowed numbers demands: neither the convention nor an argument is looked at.
        var filter = NotifyFilter.Build(IoctlRules(), ['H', 'b']);
        var (_, loads) = Run(filter, 39, AuditArchitecture.X64, Allocate);
        Assert.Equal([NotifyFilter.NumberOffset], loads);
    }

    [Fact]
    public void Every_rule_is_told_however_many_there_are()
    {
        NotifyRule[] rules = [.. Enumerable.Range(0, 20).SelectMany(number => s_all.Select(numbers => new NotifyRule(numbers.Architecture, 3 * number, false)))];
        var filter = NotifyFilter.Build(rules, []);
        Assert.All(rules, rule => Assert.Equal(Notify, Run(filter, rule.Number, rule.Architecture, 0).Answer));
        Assert.Equal(Allow, Run(filter, 1, AuditArchitecture.X64, 0).Answer);
    }

    [Fact]
    public void A_filter_too_long_for_its_jumps_is_refused_rather_than_wrong()
    {
        NotifyRule[] rules = [.. Enumerable.Range(0, 300).Select(number => new NotifyRule(AuditArchitecture.X64, number, false))];
        Assert.Throws<OverflowException>(() => NotifyFilter.Build(rules, []));
    }

    private static NotifyRule[] IoctlRules() => [.. s_all.Select(numbers => new NotifyRule(numbers.Architecture, numbers.Ioctl, OnlyHeapIoctls: true))];

    private static (uint Answer, List<uint> Loads) Run(BpfInstruction[] program, int number, AuditArchitecture architecture, ulong command)
    {
        uint accumulator = 0;
        var loads = new List<uint>();
        for (var at = 0; ; at++)
        {
            var instruction = program[at];
            switch (instruction.Code)
            {
                case BpfInstruction.LoadWord:
                    loads.Add(instruction.Operand);
                    accumulator = instruction.Operand switch
                    {
                        NotifyFilter.NumberOffset => (uint)number,
                        NotifyFilter.ArchitectureOffset => (uint)architecture,
                        NotifyFilter.CommandOffset => (uint)command,
                        var offset => throw new InvalidOperationException($"nothing of use lies at {offset}"),
                    };
                    break;
                case BpfInstruction.And:
                    accumulator &= instruction.Operand;
                    break;
                case BpfInstruction.JumpIfEqual:
                    at += accumulator == instruction.Operand ? instruction.IfTrue : instruction.IfFalse;
                    break;
                case BpfInstruction.Return:
                    return (instruction.Operand, loads);
                default:
                    throw new InvalidOperationException($"no such instruction: 0x{instruction.Code:x}");
            }
        }
    }
}
