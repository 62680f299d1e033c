using System.Runtime.InteropServices;

/// <summary>What a .NET program does with a heap's node, by its own declarations of the C library. Prints ok and FAIL lines.</summary>
internal static unsafe class RawIoctl
{
    private const int ReadWrite = 2, CloseOnExec = 0x80000, End = 2, Protection = 3, Shared = 1;
    private const int EBADF = 9, ENOMEM = 12, EFAULT = 14, EINVAL = 22, ENOTTY = 25;
    private const nuint Alloc = 0xC0184800, Sync = 0x40086200, SetName = 0x40086201;

    private static int s_failures;

    public static int Run()
    {
        var heap = open("/dev/dma_heap/" + (Environment.GetEnvironmentVariable("HEAP") ?? "system"), ReadWrite | CloseOnExec);
        Check("the heap opens", true, heap >= 0);
        var request = new Request { Length = 5000, Flags = ReadWrite | CloseOnExec };
        Check("ALLOC", 0, Ioctl(heap, Alloc, &request));
        Check("size", 8192, lseek((int)request.Descriptor, 0, End));
        var memory = mmap(null, 8192, Protection, Shared, (int)request.Descriptor, 0);
        Check("zeroed", true, (nint)memory != -1 && !new ReadOnlySpan<byte>(memory, 8192).ContainsAnyExcept((byte)0));
        ulong both = 3, none = 0;
        Check("SYNC", 0, Ioctl((int)request.Descriptor, Sync, &both));
        Check("SYNC without a direction", EINVAL, Ioctl((int)request.Descriptor, Sync, &none));
        Check("SYNC at null", EFAULT, Ioctl((int)request.Descriptor, Sync, null));
        fixed (byte* name = "managed"u8) Check("SET_NAME", 0, Ioctl((int)request.Descriptor, SetName, name));
        Check("ALLOC on a buffer", ENOTTY, Ioctl((int)request.Descriptor, Alloc, &request));
        Check("fd is not 0", EINVAL, Ioctl(heap, Alloc, &request));
        var huge = new Request { Length = 1UL << 40 };
        Check("len 2^40", ENOMEM, Ioctl(heap, Alloc, &huge));
        Check("ALLOC on no descriptor", EBADF, Ioctl(-1, Alloc, &huge));
        // The runtime interrupts its threads by signals while it collects.
        var refused = 0;
        Parallel.For(0, 2000, i =>
        {
            var each = new Request { Length = 4096, Flags = CloseOnExec };
            if (Ioctl(heap, Alloc, &each) != 0) Interlocked.Increment(ref refused);
            else _ = close((int)each.Descriptor);
            if (i % 100 == 0) GC.Collect();
        });
        Check("refused while collecting", 0, refused);
        return s_failures == 0 ? 0 : 1;
    }

    private static int Ioctl(int descriptor, nuint command, void* argument) =>
        ioctl(descriptor, command, argument) < 0 ? Marshal.GetLastPInvokeError() : 0;

    private static void Check<T>(string name, T expected, T got)
    {
        var good = Equals(expected, got);
        if (!good) s_failures++;
        Console.WriteLine(good ? $"ok {name}" : $"FAIL {name}: expected {expected} got {got}");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Request
    {
        public ulong Length;
        public uint Descriptor;
        public uint Flags;
        public ulong HeapFlags;
    }

#pragma warning disable SYSLIB1054, CA2101 // DllImport on purpose: as programs do it
    [DllImport("libc", SetLastError = true)]
    private static extern int open(string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(int descriptor, nuint command, void* argument);

    [DllImport("libc", SetLastError = true)]
    private static extern long lseek(int descriptor, long offset, int whence);

    [DllImport("libc", SetLastError = true)]
    private static extern void* mmap(void* address, nuint length, int protection, int flags, int descriptor, long offset);

    [DllImport("libc")]
    private static extern int close(int descriptor);
#pragma warning restore SYSLIB1054, CA2101
}
