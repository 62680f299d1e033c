using System.CommandLine;
using System.Text.Json.Nodes;
using DmaHeap.Cli.Output;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap plugin inspect</c>: what a plugin is, and whether this host takes it.</summary>
static class PluginInspectCommand
{
    public static Command Create()
    {
        var command = new Command("inspect", "Show what a plugin is and whether this host takes it, without running any of it.") { PluginCommand.File };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var document = PluginInspection.Read(parsed.GetRequiredValue(PluginCommand.File));
        Results.Of(parsed).Write(document, known => known.PluginDocument, console => Show(document, console));
        return document.Accepted ? ExitCode.Success : ExitCode.Configuration;
    }

    static void Show(PluginDocument plugin, IAnsiConsole console)
    {
        var facts = Tables.Create("PLUGIN", plugin.Name);
        facts.Add("version", plugin.Version);
        facts.Add("file", plugin.File);
        facts.Add("sha256", plugin.Sha256);
        facts.Add("contract", $"built for {plugin.Contract ?? "none"}; this host has {plugin.HostContract}");
        facts.Add(".NET", $"{plugin.Framework ?? "not said"}, {plugin.Processor ?? "any processor"}");
        facts.Add("this host", plugin.Accepted ? "takes it" : "refuses it");
        console.Write(facts);
        foreach (var problem in plugin.Problems) console.Profile.Out.Writer.WriteLine($"  {problem.Refusal}: {problem.Message}");
        Show("HEAP", plugin.Heaps, Heaps(plugin.Heaps), console);
        foreach (var heap in plugin.Heaps.Where(heap => heap.Options?["properties"] is JsonObject { Count: > 0 })) Show("OPTION", [heap], Options(heap), console);
        Show("DEPENDENCY", plugin.Dependencies, Dependencies(plugin.Dependencies), console);
        Show("NATIVE LIBRARY", plugin.NativeLibraries, NativeLibraries(plugin.NativeLibraries), console);
    }

    static void Show<T>(string what, IReadOnlyList<T> rows, Table table, IAnsiConsole console)
    {
        console.WriteLine();
        if (rows.Count > 0) console.Write(table);
        else console.WriteLine($"{what}  none");
    }

    static Table Heaps(IReadOnlyList<HeapTypeRow> heaps)
    {
        var table = Tables.Create("HEAP", "CLASS", "PROMISES", "OPTIONS");
        foreach (var heap in heaps)
        {
            table.Add(heap.Type, heap.Class, heap.Promises is null ? "not read" : string.Join(' ', heap.Promises), heap.OptionsClass ?? "none");
        }

        return table;
    }

    static Table Options(HeapTypeRow heap)
    {
        var table = Tables.Create($"OPTION OF {heap.Type}", "VALUE", "DEFAULT", "MEANING");
        foreach (var option in OptionRow.Of(heap.Options!)) table.Add(option.Key, option.Value, option.Default, option.Meaning);
        return table;
    }

    static Table Dependencies(IReadOnlyList<DependencyRow> dependencies)
    {
        var table = Tables.Create("DEPENDENCY", "BUILT FOR", "FROM", "VERSION", "FILE");
        foreach (var each in dependencies) table.Add(each.Name, each.BuiltFor, each.Kind, each.FileVersion ?? "", each.File ?? "");
        return table;
    }

    static Table NativeLibraries(IReadOnlyList<NativeLibraryRow> libraries)
    {
        var table = Tables.Create("NATIVE LIBRARY", "PROCESSOR");
        foreach (var library in libraries) table.Add(library.File, library.Processor ?? "no ELF file");
        return table;
    }
}
