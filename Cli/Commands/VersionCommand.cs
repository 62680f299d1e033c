using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using DmaHeap.Cli.Output;
using DmaHeap.Protocol;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap version</c>: what this program is.</summary>
static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Show the versions of the program, its protocol and its runtime.");
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var document = new VersionDocument(
            version, $"{ProtocolConstants.MajorVersion}.{ProtocolConstants.MinorVersion}", RuntimeInformation.FrameworkDescription);
        Results.Of(parsed).Write(document, known => known.VersionDocument, console =>
            console.WriteLine($"dmaheap {document.Version} (protocol {document.Protocol}, {document.Runtime})"));
        return ExitCode.Success;
    }
}
