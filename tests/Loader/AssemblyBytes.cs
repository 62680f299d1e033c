using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text;

namespace DmaHeap.Tests.Loader;

/// <summary>Changes compiled assemblies where they stand, to make the plugins nobody can build on this machine.</summary>
static class AssemblyBytes
{
    const int TypeFlags = 0;
    const int MethodFlags = 6;
    const int AssemblyVersionField = 4;

    public static Func<byte[], byte[]> Version(ushort major, ushort minor) => Edit((reader, bytes, row) =>
        WriteVersion(bytes, row(TableIndex.Assembly, 1) + AssemblyVersionField, major, minor));

    public static Func<byte[], byte[]> ReferenceVersion(string reference, ushort major, ushort minor) => Edit((reader, bytes, row) =>
    {
        foreach (AssemblyReferenceHandle handle in reader.AssemblyReferences)
        {
            if (reader.StringComparer.Equals(reader.GetAssemblyReference(handle).Name, reference))
                WriteVersion(bytes, row(TableIndex.AssemblyRef, MetadataTokens.GetRowNumber(handle)), major, minor);
        }
    });

    public static Func<byte[], byte[]> TypeAttribute(string type, TypeAttributes remove, TypeAttributes add) => Edit((reader, bytes, row) =>
    {
        Span<byte> flags = bytes.AsSpan(row(TableIndex.TypeDef, MetadataTokens.GetRowNumber(Find(reader, type))) + TypeFlags);
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(flags);
        BinaryPrimitives.WriteUInt32LittleEndian(flags, (value & ~(uint)remove) | (uint)add);
    });

    public static Func<byte[], byte[]> PrivateConstructors(string type) => Edit((reader, bytes, row) =>
    {
        foreach (MethodDefinitionHandle handle in reader.GetTypeDefinition(Find(reader, type)).GetMethods())
        {
            if (!reader.StringComparer.Equals(reader.GetMethodDefinition(handle).Name, ".ctor"))
                continue;
            Span<byte> flags = bytes.AsSpan(row(TableIndex.MethodDef, MetadataTokens.GetRowNumber(handle)) + MethodFlags);
            ushort value = BinaryPrimitives.ReadUInt16LittleEndian(flags);
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)((value & ~(ushort)MethodAttributes.MemberAccessMask) | (ushort)MethodAttributes.Private));
        }
    });

    /// <summary>Replaces a text in all blobs and names by one as long.</summary>
    public static Func<byte[], byte[]> Text(string old, string replacement) => bytes =>
    {
        Assert.Equal(old.Length, replacement.Length);
        byte[] from = Encoding.UTF8.GetBytes(old), to = Encoding.UTF8.GetBytes(replacement), changed = [.. bytes];
        int found = 0;
        for (int at = changed.AsSpan().IndexOf(from); at >= 0; at = changed.AsSpan().IndexOf(from), found++)
            to.CopyTo(changed, at);
        Assert.NotEqual(0, found);
        return changed;
    };

    public static Func<byte[], byte[]> ForMachine(Machine machine) => bytes =>
    {
        byte[] changed = [.. bytes];
        int coff = new PEReader(ImmutableCollectionsMarshal.AsImmutableArray(changed)).PEHeaders.CoffHeaderStartOffset;
        BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(coff), (ushort)machine);
        return changed;
    };

    /// <summary>An assembly with nothing in it but one reference.</summary>
    public static byte[] Empty(string name, string reference, Version referenceVersion)
    {
        var metadata = new MetadataBuilder();
        metadata.AddModule(0, metadata.GetOrAddString(name + ".dll"), metadata.GetOrAddGuid(Guid.NewGuid()), default, default);
        metadata.AddAssembly(metadata.GetOrAddString(name), new Version(1, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.None);
        metadata.AddAssemblyReference(metadata.GetOrAddString(reference), referenceVersion, default, default, default, default);
        metadata.AddTypeDefinition(default, default, metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        var image = new BlobBuilder();
        new ManagedPEBuilder(PEHeaderBuilder.CreateLibraryHeader(), new MetadataRootBuilder(metadata), new BlobBuilder()).Serialize(image);
        return image.ToArray();
    }

    static Func<byte[], byte[]> Edit(Action<MetadataReader, byte[], Func<TableIndex, int, int>> edit) => bytes =>
    {
        byte[] changed = [.. bytes];
        using var image = new PEReader(ImmutableCollectionsMarshal.AsImmutableArray(bytes));
        MetadataReader reader = image.GetMetadataReader();
        int start = image.PEHeaders.MetadataStartOffset;
        edit(reader, changed, (table, row) => start + reader.GetTableMetadataOffset(table) + (row - 1) * reader.GetTableRowSize(table));
        Assert.NotEqual(bytes, changed);
        return changed;
    };

    static TypeDefinitionHandle Find(MetadataReader reader, string type) =>
        reader.TypeDefinitions.Single(handle => reader.StringComparer.Equals(reader.GetTypeDefinition(handle).Name, type));

    static void WriteVersion(byte[] bytes, int offset, ushort major, ushort minor)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(offset), major);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(offset + 2), minor);
    }
}
