using System.Diagnostics;
using System.Globalization;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>Runs tests/native/other_user.c: as ourselves, or, when we are root, as somebody else.</summary>
internal static class OtherUser
{
    /// <summary>"nobody" on most systems; any number that is not ours would do.</summary>
    public const uint Nobody = 65534;

    public static void SkipUnlessRoot() => Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, "only root can become another user");

    /// <summary>What may be done with a descriptor: each attempt's errno by its name.</summary>
    public static Dictionary<string, Errno> Try(SafeFileHandle descriptor, uint? user)
    {
        DescriptorFlags.SetCloseOnExec(descriptor, false);
        try
        {
            var number = ((int)descriptor.DangerousGetHandle()).ToString(CultureInfo.InvariantCulture);
            using var process = Start(user, [], "descriptor", number);
            var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            return lines.Select(line => line.Split(' ')).ToDictionary(line => line[0], line => (Errno)int.Parse(line[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            DescriptorFlags.SetCloseOnExec(descriptor, true);
        }
    }

    /// <summary>The reply to one allocation; null when the user cannot even connect.</summary>
    public static Packet? Ask(string socket, uint user, uint[] groups, string heap)
    {
        var request = Messages.Allocate(1, heap, 4096);
        return Ask(socket, user, groups, MessageCodec.Bytes(in request));
    }

    /// <summary>The reply to one request; null when the user cannot even connect.</summary>
    public static Packet? Ask(string socket, uint user, uint[] groups, ReadOnlySpan<byte> request)
    {
        var hello = Messages.Hello();
        var length = MessageCodec.Bytes(in hello).Length;
        using var process = Start(user, groups, "ask", socket, length.ToString(CultureInfo.InvariantCulture));
        process.StandardInput.BaseStream.Write(MessageCodec.Bytes(in hello));
        process.StandardInput.BaseStream.Write(request);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        const int CannotConnect = 4;
        if (process.ExitCode == CannotConnect) return null;
        Assert.Equal(0, process.ExitCode);
        return new Packet(output.ToArray(), []);
    }

    private static Process Start(uint? user, uint[] groups, params string[] arguments)
    {
        var program = CCompiler.Compile("other_user");
        // The compiler's output directory is its owner's alone, and others are to run what is in it.
        if (user is not null) File.SetUnixFileMode(Path.GetDirectoryName(program)!, (UnixFileMode)0b111_101_101);
        string[] who = [user is { } id ? id.ToString(CultureInfo.InvariantCulture) : "-1", groups.Length == 0 ? "-" : string.Join(',', groups)];
        return Process.Start(new ProcessStartInfo(program, [.. who, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
    }
}
