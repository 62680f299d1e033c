using System.Buffers.Binary;
using System.Globalization;
using DmaHeap.KernelAbi;
using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.Tests.KernelAbi;

/// <summary>
/// A million random calls: no exception escapes, and each has the one answer the kernel would give in that place, with the program changed as far as the kernel would
/// have changed it and no descriptor or handle left behind. DMAHEAP_FUZZ_SEED repeats a run.
/// </summary>
public sealed class FuzzTests
{
    private const int Cases = 1_000_000;

    [Fact]
    public void A_million_random_calls_are_answered_as_the_kernel_would()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("DMAHEAP_FUZZ_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        if (Environment.SystemPageSize != FakeCaller.PageBytes) Assert.Skip("The oracle rounds to pages of 4 KiB.");
        var run = new Run(new Random(seed));
        for (var i = 0; i < Cases; i++)
        {
            try
            {
                run.One();
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, call {i}, {run.Description}: {exception}");
            }
        }

        // A fuzz that only ever meets the first check proves nothing.
        foreach (var errno in new[] { Errno.None, Errno.EFAULT, Errno.EINVAL, Errno.ENOTTY, Errno.EMFILE, Errno.EIO, Errno.ENOMEM, Errno.EINTR, Errno.EBADF })
        {
            Assert.True(run.Answers.GetValueOrDefault(errno) > 500, $"seed {seed}: {errno} came {run.Answers.GetValueOrDefault(errno)} times");
        }

        Assert.True(run.Installed > 10_000, $"seed {seed}: {run.Installed} descriptors were installed");
        Assert.True(run.Dropped > 1_000, $"seed {seed}: {run.Dropped} callers died");
        Assert.True(run.Mistaken > 5, $"seed {seed}: {run.Mistaken} callers were mistaken for others");
    }

    [Fact]
    public void The_oracle_notices_a_wrong_answer()
    {
        // The same checks, with a program that has room for a descriptor told to be one that has none.
        var run = new Run(new Random(1)) { Lie = true };
        Assert.ThrowsAny<Exception>(() =>
        {
            for (var i = 0; i < 10_000; i++) run.One();
        });
    }

    private sealed class Run
    {
        private static readonly uint[] s_known =
        [
            KnownIoctls.Allocate, KnownIoctls.Allocate, KnownIoctls.Sync, KnownIoctls.SetNameA, KnownIoctls.SetNameB, KnownIoctls.ExportSyncFile, KnownIoctls.ImportSyncFile,
        ];

        private static readonly Errno[] s_backendErrnos =
            [Errno.ENOMEM, Errno.EACCES, Errno.EINTR, Errno.EIO, Errno.ENODEV, Errno.ESRCH, (Errno)512, (Errno)(-12), (Errno)int.MinValue, (Errno)133, (Errno)134];

        private static readonly ulong[] s_lengths =
            [0, 1, 4095, 4096, 4097, 1 << 20, 1UL << 40, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 4094, ulong.MaxValue - 4095, ulong.MaxValue - 4096];

        private readonly Random _random;
        private readonly FakeCaller _program = new();
        private readonly FakeBackend _backend = new() { Refusals = null };
        private readonly IoctlAnswers _answers;
        private readonly byte[] _before;
        private uint _command;
        private ulong _address;
        private bool _onNode, _hooks;

        public Run(Random random)
        {
            _random = random;
            _answers = new IoctlAnswers(_backend, _backend, _backend, _backend);
            _random.NextBytes(_program.Memory);
            _before = _program.Memory.ToArray();
        }

        public bool Lie { get; init; }

        public Dictionary<Errno, int> Answers { get; } = [];

        public int Installed { get; private set; }

        public int Dropped { get; private set; }

        public int Mistaken { get; private set; }

        public string Description => $"{(_onNode ? "node" : _hooks ? "buffer with hooks" : "buffer")} 0x{_command:X8} at 0x{_address:X}";

        public void One()
        {
            Choose();
            var expected = Oracle.Expect(_onNode, _hooks, _command, _address, _program, _backend);
            if (Lie) _program.HasRoom = !_program.HasRoom;
            var target = _onNode ? CallTarget.Node("system") : CallTarget.Buffer(new BufferFacts(4096, _hooks ? BufferTraits.CpuAccessHooks : BufferTraits.None));
            var answer = _answers.Answer(in target, IoctlNumber.FromArgument(_command | (ulong)_random.Next(2) << 32), _address, _program, CancellationToken.None);
            Judge(expected, answer);
        }

        private void Judge(Expected expected, KernelAnswer answer)
        {
            if (_backend.LastHandle is { IsClosed: false } || _program.TakenTarget is { IsClosed: false }) Fail("a handle is left open");
            if (_backend.LastName is { } name && System.Text.Encoding.UTF8.GetByteCount(name) > 31) Fail($"the name {name} is too long for a host");
            if (_program.WasMissed)
            {
                // Gone: whatever else is true of the call, nobody hears of it. A number may be on its way, nothing else was changed.
                if (answer != KernelAnswer.Drop) Fail($"{answer} for a caller that is gone");
                Dropped++;
                expected = _program.Installed == 0 ? default : expected with { NumberBytes = 0 };
            }
            else if (_program.WasMistaken)
            {
                // Gone, and nobody saw: fine as long as nothing but the answer, which reaches nobody, came of it.
                if (_backend.RefusalCount != 0 || _backend.Calls != 0) Fail("something came of what another process's memory holds");
                Mistaken++;
            }
            else
            {
                if (answer != KernelAnswer.Return(expected.Errno)) Fail($"{answer} instead of {expected.Errno}");
                if (_backend.RefusalCount != (expected.Errno == Errno.None ? 0 : 1)) Fail($"{_backend.RefusalCount} refusals were reported");
                Answers[expected.Errno] = Answers.GetValueOrDefault(expected.Errno) + 1;
            }

            if (_program.Installed != expected.Installed) Fail($"{_program.Installed} descriptors");
            if (expected.Installed > 0 && _program.LastCloseOnExec != expected.CloseOnExec) Fail("FD_CLOEXEC");
            Installed += expected.Installed;
            if (expected.NumberBytes > 0)
            {
                Span<byte> number = stackalloc byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(number, _program.LastNumber);
                number[..expected.NumberBytes].CopyTo(_before.AsSpan((int)(expected.NumberAt - FakeCaller.Start)));
            }

            if (!_before.AsSpan().SequenceEqual(_program.Memory)) Fail("memory that should not have changed has");
        }

        private void Choose()
        {
            _program.Reset();
            _backend.Reset();
            _onNode = _random.Next(2) == 0;
            _hooks = _random.Next(2) == 0;
            _command = Command();
            for (var i = 0; i < _program.Access.Length; i++) _program.Access[i] = Often() ? PageAccess.ReadWrite : (PageAccess)_random.Next(3);
            _program.HasRoom = Often();
            _program.StepsToLive = _random.Next(50) == 0 ? _random.Next(5) : int.MaxValue;
            _program.Target = Often() ? Errno.None : Errno.EBADF;
            _program.SyncFile = (SyncFileState)_random.Next(3);
            _backend.Answer = Often() ? default : new BackendAnswer(s_backendErrnos[_random.Next(s_backendErrnos.Length)], "cause", null);
            _backend.Fault = Often() ? null : _random.Next(2) == 0 ? new InvalidOperationException() : new OperationCanceledException();
            _backend.ForgetsTheBuffer = !Often();
            _backend.SyncFileErrno = Often() ? Errno.None : Errno.ENOTTY;
            _address = Address();
            Put(Struct());
        }

        private bool Often() => _random.Next(12) != 0;

        private uint Command()
        {
            var known = _onNode && _random.Next(2) == 0 ? KnownIoctls.Allocate : s_known[_random.Next(s_known.Length)];
            return _random.Next(8) switch
            {
                0 => (uint)_random.NextInt64(1L << 32),
                1 => known ^ 1u << _random.Next(32),
                2 => IoctlNumber.Make(Often(), Often(), Often() ? 'H' : 'b', (byte)(Often() ? 0 : _random.Next(256)), _random.Next(40)).Value,
                3 when _random.Next(8) == 0 => IoctlNumber.Make(true, true, 'H', 0, _random.Next(IoctlNumber.MaxSize + 1)).Value,
                _ => known,
            };
        }

        private ulong Address() => _random.Next(16) switch
        {
            0 => 0,
            1 => ulong.MaxValue - (ulong)_random.Next(64),
            2 => (ulong)_random.NextInt64(),
            3 => FakeCaller.Start - (ulong)_random.Next(32),
            4 or 5 => FakeCaller.AddressOf(_random.Next(1, FakeCaller.Pages + 1) * FakeCaller.PageBytes - _random.Next(1, 40)),
            _ => FakeCaller.AddressOf(_random.Next(FakeCaller.Pages * FakeCaller.PageBytes)),
        };

        private byte[] Struct()
        {
            if (_random.Next(20) == 0)
            {
                var noise = new byte[_random.Next(64)];
                _random.NextBytes(noise);
                return noise;
            }

            if (_onNode)
            {
                return World.Allocation(
                    s_lengths[_random.Next(s_lengths.Length)], Often() ? 0 : (uint)_random.Next(), Often() ? (uint)_random.Next(4) | (uint)_random.Next(2) << 19 : 1u << _random.Next(32),
                    Often() ? 0 : 1UL << _random.Next(64));
            }

            if (_command is KnownIoctls.ExportSyncFile or KnownIoctls.ImportSyncFile) return World.SyncFile(Often() ? (uint)_random.Next(1, 4) : (uint)_random.Next(), _random.Next());
            if (_command is KnownIoctls.Sync) return BitConverter.GetBytes(Often() ? (ulong)_random.Next(9) : 1UL << _random.Next(64));
            var name = new byte[_random.Next(40)];
            _random.NextBytes(name);
            return [.. name, 0];
        }

        // In both copies, and as far as it lies inside the program.
        private void Put(byte[] bytes)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                var offset = unchecked(_address + (ulong)i - FakeCaller.Start);
                if (offset < (ulong)_before.Length) _program.Memory[offset] = _before[offset] = bytes[i];
            }
        }

        private void Fail(string what) => throw new InvalidOperationException($"{what}; {Description}");
    }
}
