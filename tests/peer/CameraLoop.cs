using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;

/// <summary>What tests/native/exec/camera.c does, by the client library.</summary>
internal static class CameraLoop
{
    private const int Length = 16384;

    public static int Run(string socket)
    {
        ProcessControl.SetParentDeathSignal(9);
        using var client = DmaHeapClient.Connect(socket);
        using var buffer = client.AllocateAsync("camera", Length).GetAwaiter().GetResult();
        using var mapping = buffer.Map();
        Console.WriteLine($"{Environment.ProcessId} {buffer.Handle.DangerousGetHandle()}");
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            var offset = int.Parse(words[1], CultureInfo.InvariantCulture);
            var access = words[0] is "peek" or "poke" ? default : buffer.BeginCpuAccess(words[0] == "read" ? CpuAccessDirection.Read : CpuAccessDirection.Write);
            if (words[0] is not ("read" or "peek")) mapping.Span[offset] = byte.Parse(words[2], CultureInfo.InvariantCulture);
            var value = mapping.ReadOnlySpan[offset];
            if (words[0] != "open") access.Dispose();
            Console.WriteLine($"{words[0]} {value}");
        }

        return 0;
    }
}
