namespace DmaHeap.Linux;

/// <summary>Writes a program of classic BPF. Jumps go forward only, to labels placed later, as the kernel demands.</summary>
sealed class BpfProgram
{
    readonly List<(ushort Code, uint Operand, int IfTrue)> _instructions = [];
    readonly List<int> _labels = [];

    const int NotPlaced = -1, NoJump = -1;

    public int NewLabel()
    {
        _labels.Add(NotPlaced);
        return _labels.Count - 1;
    }

    public void Place(int label) => _labels[label] = _instructions.Count;

    public void LoadWord(uint offset) => _instructions.Add((BpfInstruction.LoadWord, offset, NoJump));

    public void And(uint mask) => _instructions.Add((BpfInstruction.And, mask, NoJump));

    /// <summary>Goes to the label where the accumulator has this value, else on.</summary>
    public void JumpIfEqual(uint value, int label) => _instructions.Add((BpfInstruction.JumpIfEqual, value, label));

    public void Return(uint value) => _instructions.Add((BpfInstruction.Return, value, NoJump));

    /// <exception cref="OverflowException">A label is too far from a jump to it.</exception>
    public BpfInstruction[] Build()
    {
        var program = new BpfInstruction[_instructions.Count];
        for (var i = 0; i < program.Length; i++)
        {
            var (code, operand, label) = _instructions[i];
            var distance = label == NoJump ? 0 : _labels[label] - i - 1;
            program[i] = new BpfInstruction(code, checked((byte)distance), 0, operand);
        }

        return program;
    }
}
