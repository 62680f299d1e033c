using System.Reflection.Metadata;

namespace DmaHeap.Plugins.Inspection;

/// <summary>Reads the assembly attributes we care for from their blobs.</summary>
static class AssemblyAttributes
{
    public static IReadOnlyList<HeapTypeManifest> HeapTypes(MetadataReader metadata)
    {
        var heaps = new List<HeapTypeManifest>();
        foreach (CustomAttributeValue<string> value in Find(metadata, nameof(DmaHeap), nameof(HeapTypeAttribute)))
        {
            if (value.FixedArguments is not [{ Value: string type }])
                continue; // typeof(null) cannot be written in C#; the runtime check would find nothing to load
            string? options = Named(value, nameof(HeapTypeAttribute.Options));
            heaps.Add(new HeapTypeManifest(type, options, Named(value, nameof(HeapTypeAttribute.Name)) ?? ClassName(type)));
        }
        return heaps;
    }

    public static string? TargetFramework(MetadataReader metadata)
    {
        foreach (CustomAttributeValue<string> value in Find(metadata, "System.Runtime.Versioning", "TargetFrameworkAttribute"))
            return value.FixedArguments is [{ Value: string name }] ? name : null;
        return null;
    }

    static IEnumerable<CustomAttributeValue<string>> Find(MetadataReader metadata, string space, string name)
    {
        foreach (CustomAttributeHandle handle in metadata.GetAssemblyDefinition().GetCustomAttributes())
        {
            CustomAttribute attribute = metadata.GetCustomAttribute(handle);
            if (attribute.Constructor.Kind != HandleKind.MemberReference)
                continue;
            EntityHandle parent = metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference)
                continue;
            TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)parent);
            if (metadata.StringComparer.Equals(type.Name, name) && metadata.StringComparer.Equals(type.Namespace, space))
                yield return attribute.DecodeValue(TypeNames.Instance);
        }
    }

    static string? Named(CustomAttributeValue<string> value, string name)
    {
        foreach (CustomAttributeNamedArgument<string> argument in value.NamedArguments)
        {
            if (argument.Name == name)
                return argument.Value as string;
        }
        return null;
    }

    static string ClassName(string typeName)
    {
        string withoutAssembly = typeName.Split(',')[0];
        return withoutAssembly[(withoutAssembly.LastIndexOfAny(['.', '+']) + 1)..];
    }

    /// <summary>Types as the names they have in the blob; all our attributes need.</summary>
    sealed class TypeNames : ICustomAttributeTypeProvider<string>
    {
        public static TypeNames Instance { get; } = new();

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSystemType() => typeof(Type).FullName!;

        public bool IsSystemType(string type) => type == typeof(Type).FullName;

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetTypeFromSerializedName(string name) => name;

        public PrimitiveTypeCode GetUnderlyingEnumType(string type) => PrimitiveTypeCode.Int32;

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            return FullName(reader.GetString(type.Namespace), reader.GetString(type.Name));
        }

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            TypeReference type = reader.GetTypeReference(handle);
            return FullName(reader.GetString(type.Namespace), reader.GetString(type.Name));
        }

        static string FullName(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";
    }
}
