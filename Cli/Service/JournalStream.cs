using System.Globalization;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Service;

/// <summary>Whether what a program writes goes to the journal: <c>$JOURNAL_STREAM</c> names the stream that the service manager made, and a redirected one is another.</summary>
static class JournalStream
{
    const string Variable = "JOURNAL_STREAM";
    const int StandardError = 2;

    /// <summary>Of standard error, where the log goes.</summary>
    public static bool TakesTheLog
    {
        get
        {
            using var error = new SafeFileHandle(StandardError, ownsHandle: false);
            try
            {
                return Names(Environment.GetEnvironmentVariable(Variable), FileStatus.Of(error));
            }
            catch (LinuxException)
            {
                return false; // closed
            }
        }
    }

    /// <summary>Whether the variable's text, DEVICE:INODE in decimal, names a file.</summary>
    public static bool Names(string? text, FileStatus file)
    {
        if (text?.Split(':') is not [var device, var inode]) return false;
        return ulong.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out var deviceNumber) && deviceNumber == DeviceOf(file)
            && ulong.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out var inodeNumber) && inodeNumber == file.Inode;
    }

    // makedev(3).
    static ulong DeviceOf(FileStatus file)
    {
        ulong major = file.DeviceMajor, minor = file.DeviceMinor;
        return ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
    }
}
