using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>struct sock_filter: one instruction of classic BPF.</summary>
/// <param name="Code">What it does.</param>
/// <param name="IfTrue">How many instructions a jump skips when its condition holds.</param>
/// <param name="IfFalse">How many it skips when it does not.</param>
/// <param name="Operand">An offset, a mask, a value to compare with or to return.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct BpfInstruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand)
{
    internal const ushort LoadWord = 0x20, And = 0x54, JumpIfEqual = 0x15, Return = 0x06;
}
