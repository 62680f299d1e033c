using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>Puts another plugin in a heap's place. Carries exactly one descriptor: the plugin's options. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SwapRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Name or alias of the heap.</summary>
    public Text64 Heap;

    /// <summary>The plugin: a name for the host's search path, or the path of its file as the host sees it.</summary>
    public Text1024 Plugin;

    /// <summary>What errors call the options' file; may be empty.</summary>
    public Text256 OptionsName;
}

/// <summary>Puts a heap back that another plugin stands in for. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RestoreRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Name or alias of the heap.</summary>
    public Text64 Heap;
}

/// <summary>Starts a heap anew. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RestartRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Name or alias of the heap.</summary>
    public Text64 Heap;
}

/// <summary>Has the host read its configuration again.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ReloadRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;
}

/// <summary>Reply to <see cref="ReloadRequest"/>: how many heaps are what.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ReloadReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>New.</summary>
    public uint Added;

    /// <summary>Taken out.</summary>
    public uint Removed;

    /// <summary>Started anew, for their plugin or their options changed.</summary>
    public uint Replaced;

    /// <summary>Going on by other names, limits or access.</summary>
    public uint Changed;

    /// <summary>Not touched.</summary>
    public uint Unchanged;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>Asks for a document about the host.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StatusRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Which one.</summary>
    public StatusDocument Document;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>The documents there are.</summary>
public enum StatusDocument : uint
{
    /// <summary>The states of heaps, past ones included, and of plugins; what became of the last reload.</summary>
    Status = 0,

    /// <summary>The configuration as it is in force, each value with where it comes from. For root and the host's user.</summary>
    Effective = 1,
}

/// <summary>Reply to <see cref="StatusRequest"/>. Carries exactly one descriptor: a sealed file with the document, JSON in UTF-8.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StatusReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Bytes of the document.</summary>
    public ulong Length;
}
