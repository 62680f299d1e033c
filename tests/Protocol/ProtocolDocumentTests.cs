using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Protocol;

/// <summary>docs/protocol.md and the compiled structs say the same, down to each field's offset, size and type.</summary>
public sealed class ProtocolDocumentTests
{
    public static TheoryData<string> Structs => [.. ProtocolDocument.Read().Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Structs))]
    public void Each_table_is_its_struct(string name)
    {
        var documented = ProtocolDocument.Read().Single(s => s.Name == name);
        var type = typeof(ProtocolConstants).Assembly.GetType($"DmaHeap.Protocol.{name}", throwOnError: true)!;

        Assert.Equal(documented.Bytes, SizeOf(type));
        Assert.Equal(documented.Fields, FieldsOf(type));
        Assert.Equal(documented.Bytes, documented.Fields.Sum(field => field.Bytes)); // no padding
    }

    [Fact]
    public void Every_struct_has_a_table()
    {
        var structs = typeof(ProtocolConstants).Assembly.GetExportedTypes()
            .Where(type => type is { IsValueType: true, IsEnum: false } && type.GetCustomAttribute<InlineArrayAttribute>() is null)
            .Select(type => type.Name);

        Assert.Equal(structs.Order(), ProtocolDocument.Read().Select(s => s.Name).Order());
    }

    [Fact]
    public void A_wrong_table_is_noticed()
    {
        var wrong = ProtocolDocument.Parse(["### CancelRequest (24 bytes)", "| offset |", "| 0 | 16 | Header | MessageHeader | x |", "| 16 | 4 | Target | u32 | x |"]);

        Assert.NotEqual(wrong[0].Fields, FieldsOf(typeof(CancelRequest)));
    }

    static DocumentedField[] FieldsOf(Type type)
    {
        var offset = 0;
        return type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .OrderBy(field => OffsetOf(type, field))
            .Select(field =>
            {
                offset = OffsetOf(type, field);
                return new DocumentedField(offset, SizeOf(field.FieldType), NameOf(field), TypeOf(field.FieldType));
            })
            .ToArray();
    }

    static string NameOf(FieldInfo field) => field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>')] : field.Name;

    static string TypeOf(Type type)
    {
        if (type.IsEnum) type = Enum.GetUnderlyingType(type);
        if (type.GetCustomAttribute<InlineArrayAttribute>() is { Length: var length }) return $"text{length}";
        if (type == typeof(uint)) return "u32";
        if (type == typeof(ushort)) return "u16";
        if (type == typeof(ulong)) return "u64";
        return type == typeof(int) ? "i32" : type.Name;
    }

    static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>The managed layout, which is what is sent: a struct with one byte of a field set differs from zero exactly at that field.</summary>
    static int OffsetOf(Type type, FieldInfo field)
    {
        var find = typeof(ProtocolDocumentTests).GetMethod(nameof(FirstByteOf), BindingFlags.Static | BindingFlags.NonPublic)!;
        return (int)find.MakeGenericMethod(type, field.FieldType).Invoke(null, [field])!;
    }

    static int FirstByteOf<TStruct, TField>(FieldInfo field)
        where TStruct : unmanaged
        where TField : unmanaged
    {
        TField value = default;
        MemoryMarshal.AsBytes(new Span<TField>(ref value)).Fill(0xFF);
        object boxed = default(TStruct);
        field.SetValue(boxed, value);
        var filled = (TStruct)boxed;
        var offset = MessageCodec.Bytes(in filled).IndexOf((byte)0xFF);
        Assert.True(offset >= 0, $"{typeof(TStruct).Name}.{field.Name} was not found.");
        return offset;
    }
}
