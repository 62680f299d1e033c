using System.Buffers.Binary;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

/// <summary>Stands in for a heap's worker process: starts its heap as it should, and answers everything after that with nonsense of a seed's making.</summary>
internal static class NonsenseWorker
{
    private const int Control = 3, Header = 1 + sizeof(ulong);
    private const byte OpenLane = 1, OpenUpcalls = 2, Start = 10, Done = 40;

    // Every kind there is, and some that are not.
    private static readonly byte[] s_kinds = [0, 1, 10, 11, 12, 40, 40, 40, 41, 42, 43, 44, 60, 60, 61, 62, 63, 64, 65, 70, 71, 72, 73, 73, 99, 255];

    public static int Run(int seed)
    {
        ProcessControl.SetParentDeathSignal(9);
        using var control = new SafeFileHandle(Control, ownsHandle: true);
        using var received = new ReceivedDescriptors(1);
        var message = new byte[65536];
        var lanes = 0;
        while (SocketMessages.TryReceive(control, message, received, out var length, out _) == Errno.None && length > 0)
        {
            if (message[0] is not (OpenLane or OpenUpcalls)) continue;
            var (socket, isUpcalls, random) = (received.Take(0), message[0] == OpenUpcalls, new Random(seed + lanes++));
            if (!isUpcalls || seed % 3 == 0) new Thread(() => Talk(socket, isUpcalls, random)) { IsBackground = true }.Start();
        }

        return 0;
    }

    private static void Talk(SafeFileHandle socket, bool isUpcalls, Random random)
    {
        using var received = new ReceivedDescriptors(1);
        var message = new byte[65536];
        ulong call = 0;
        while (true)
        {
            if (!isUpcalls || random.Next(2) == 0)
            {
                if (SocketMessages.TryReceive(socket, message, received, out var length, out _) != Errno.None || length == 0) return;
                if (length >= Header) call = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(1));
                if (message[0] == Start)
                {
                    var answer = new byte[Header + sizeof(int)];
                    answer[0] = Done;
                    BinaryPrimitives.WriteUInt64LittleEndian(answer.AsSpan(1), call);
                    SocketMessages.TrySend(socket, answer);
                    continue;
                }
            }

            for (var i = random.Next(1, 6); i > 0; i--) Say(socket, call, random);
        }
    }

    private static void Say(SafeFileHandle socket, ulong call, Random random)
    {
        var nonsense = new byte[random.Next(12) switch { 0 => 1, 1 => 40_000, 2 => Header, _ => random.Next(1, 120) }];
        random.NextBytes(nonsense);
        nonsense[0] = s_kinds[random.Next(s_kinds.Length)];
        if (nonsense[0] is >= 40 and < 60 && nonsense.Length >= Header && random.Next(4) > 0) BinaryPrimitives.WriteUInt64LittleEndian(nonsense.AsSpan(1), call);

        // Small numbers name what may be there, and lengths that can be had.
        for (var i = nonsense[0] is >= 40 and < 60 ? Header : 1; i + sizeof(ulong) <= nonsense.Length && random.Next(3) > 0; i += sizeof(ulong))
        {
            BinaryPrimitives.WriteInt64LittleEndian(nonsense.AsSpan(i), random.Next(4) == 0 ? 4096 : random.Next(6));
        }

        if (random.Next(10) > 0)
        {
            SocketMessages.TrySend(socket, nonsense);
            return;
        }

        using var file = File.OpenHandle("/dev/null");
        SocketMessages.TrySend(socket, nonsense, file);
    }
}
