using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;

namespace DmaHeap.Plugins.Inspection;

/// <summary>The bytes of one managed assembly, whole and with a manifest; anything else is refused here.</summary>
sealed class AssemblyImage : IDisposable
{
    readonly PEReader _reader;

    AssemblyImage(PEReader reader)
    {
        _reader = reader;
        Metadata = reader.GetMetadataReader();
    }

    public MetadataReader Metadata { get; }

    public CorFlags Flags => _reader.PEHeaders.CorHeader!.Flags;

    public ushort RawMachine => (ushort)_reader.PEHeaders.CoffHeader.Machine;

    public bool IsReadyToRun => _reader.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size != 0;

    /// <summary>The processor the code is for, or null for any.</summary>
    public Machine? Processor => IsForAny ? null : TargetSystem.MachineOf(RawMachine, IsReadyToRun);

    // IL for any processor carries I386 for history's sake; what truly needs 32 bits says so in a flag, unless it only prefers them.
    bool IsForAny => !IsReadyToRun && Flags.HasFlag(CorFlags.ILOnly) && RawMachine == (ushort)Machine.I386
        && (!Flags.HasFlag(CorFlags.Requires32Bit) || Flags.HasFlag(CorFlags.Prefers32Bit));

    public static AssemblyImage Open(byte[] bytes, string shownPath)
    {
        RefuseOtherFormats(bytes, shownPath);
        var reader = new PEReader(ImmutableCollectionsMarshal.AsImmutableArray(bytes));
        try
        {
            RefuseIncomplete(reader, bytes.Length, shownPath);
            if (!reader.HasMetadata)
                throw NotAnAssembly(shownPath, "a native Windows library");
            var image = new AssemblyImage(reader);
            return image.Metadata.IsAssembly ? image : throw NotAnAssembly(shownPath, "a .NET module without an assembly manifest");
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>For whatever the readers stumbled over.</summary>
    public static PluginException Damaged(string shownPath, Exception damage) =>
        new(PluginRefusal.BadImage, $"Plugin file {shownPath} is damaged: {damage.Message.TrimEnd('.')}. Build or copy it again.", damage);

    public void Dispose() => _reader.Dispose();

    static void RefuseOtherFormats(ReadOnlySpan<byte> bytes, string shownPath)
    {
        if (bytes.IsEmpty)
            throw new PluginException(PluginRefusal.BadImage, $"Plugin file {shownPath} is empty. Build or copy it again.");
        if (bytes.StartsWith("\x7f\x45LF"u8))
            throw NotAnAssembly(shownPath, "a native library or program (ELF)");
        if (!bytes.StartsWith("MZ"u8))
            throw NotAnAssembly(shownPath, "something else");
    }

    static void RefuseIncomplete(PEReader reader, int length, string shownPath)
    {
        long needed = 0;
        foreach (SectionHeader section in reader.PEHeaders.SectionHeaders)
            needed = Math.Max(needed, (long)section.PointerToRawData + section.SizeOfRawData);
        if (needed > length)
        {
            throw new PluginException(
                PluginRefusal.BadImage,
                $"Plugin file {shownPath} is cut off: {length} bytes of at least {needed}. Build or copy it again.");
        }
    }

    static PluginException NotAnAssembly(string shownPath, string what) => new(
        PluginRefusal.NotAnAssembly,
        $"Plugin file {shownPath} is not a .NET assembly but {what}. A plugin is the .dll that building its project gives.");
}
