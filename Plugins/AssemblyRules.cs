using System.Reflection;

namespace DmaHeap.Plugins;

/// <summary>
/// The one rule of where an assembly comes from, shared by inspection (which tells) and the load context (which does):
/// the contract is the host's; .NET is the host's; what the plugin brought is its own; nothing else is there.
/// </summary>
static class AssemblyRules
{
    /// <summary>The contract the host itself runs. Every plugin gets this very assembly, so that its IHeap is ours.</summary>
    public static Assembly Contract { get; } = typeof(IHeap).Assembly;

    public static AssemblyName ContractName { get; } = Contract.GetName();

    public static (PluginReferenceKind Kind, string? PrivatePath) Decide(AssemblyName name, PluginFolder folder)
    {
        string simple = name.Name ?? "";
        if (IsContract(simple))
            return (PluginReferenceKind.Contract, null);
        if (IsHost(simple))
            return (PluginReferenceKind.Host, null);
        string? own = folder.FindAssembly(name);
        if (SharedFramework.FindVersion(simple) is { } shared && (SharedFramework.IsCore(simple) || !IsNewer(own, shared) && !(name.Version > shared)))
            return (PluginReferenceKind.Framework, null);
        return own is null ? (PluginReferenceKind.Unresolved, null) : (PluginReferenceKind.Private, own);
    }

    public static bool IsContract(string name) => string.Equals(name, ContractName.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The prefix is ours; so a plugin that brings a copy of the host along is found out as well.</summary>
    public static bool IsHost(string name) => !IsContract(name)
        && (name.StartsWith("DmaHeap.", StringComparison.OrdinalIgnoreCase) || name.Equals("dmaheap", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// A package may be newer than the framework's assembly of its name, and is then the plugin's own. Otherwise the framework's wins:
    /// a plugin published self-contained brings all of .NET.
    /// </summary>
    static bool IsNewer(string? own, Version shared)
    {
        try
        {
            return own is not null && AssemblyName.GetAssemblyName(own).Version > shared;
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }
}
