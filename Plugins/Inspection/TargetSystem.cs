using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;

namespace DmaHeap.Plugins.Inspection;

/// <summary>Processor and operating system as an assembly's header encodes them, against this process's.</summary>
static class TargetSystem
{
    // ReadyToRun images carry the machine xor-ed with a number for the operating system; Windows' is 0.
    static readonly (string Name, ushort Mask)[] s_systems =
        [("linux", 0x7B79), ("windows", 0), ("macos", 0x4644), ("freebsd", 0xADC4), ("netbsd", 0x1993), ("sunos", 0x1992)];

    static readonly (string Name, Machine Machine)[] s_machines =
        [("x64", Machine.Amd64), ("arm64", Machine.Arm64), ("x86", Machine.I386), ("arm", Machine.ArmThumb2), ("riscv64", Machine.RiscV64), ("loongarch64", Machine.LoongArch64)];

    public static string Ours => $"linux-{OurProcessor}";

    public static string OurProcessor => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    public static Machine MachineOf(ushort raw, bool readyToRun) => readyToRun ? Decode(raw).Machine : (Machine)raw;

    public static string NameOf(ushort raw, bool readyToRun)
    {
        if (readyToRun)
        {
            (string system, Machine machine) = Decode(raw);
            return $"{system}-{NameOf(machine)}";
        }
        return NameOf((Machine)raw);
    }

    public static string NameOf(Machine machine)
    {
        foreach ((string name, Machine known) in s_machines)
        {
            if (known == machine)
                return name;
        }
        return $"machine 0x{(ushort)machine:x4}";
    }

    public static bool IsOurs(Machine machine) =>
        NameOf(machine) == OurProcessor;

    static (string System, Machine Machine) Decode(ushort raw)
    {
        foreach ((string system, ushort mask) in s_systems)
        {
            foreach ((_, Machine machine) in s_machines)
            {
                if ((raw ^ mask) == (ushort)machine)
                    return (system, machine);
            }
        }
        return ("unknown", (Machine)raw);
    }
}
