using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace DmaHeap.Tests.Rooms;

/// <summary>Collects the assemblies of all types that decoded signatures mention.</summary>
sealed class MentionedAssemblies(MetadataReader metadata) : ISignatureTypeProvider<int, object?>
{
    public HashSet<string> Names { get; } = [];

    public void Add(EntityHandle type)
    {
        if (type.Kind == HandleKind.TypeReference)
            GetTypeFromReference(metadata, (TypeReferenceHandle)type, rawTypeKind: 0);
        else if (type.Kind == HandleKind.TypeSpecification)
            metadata.GetTypeSpecification((TypeSpecificationHandle)type).DecodeSignature(this, genericContext: null);
    }

    public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        EntityHandle scope = reader.GetTypeReference(handle).ResolutionScope;
        if (scope.Kind == HandleKind.TypeReference) // nested: where its outer type is
            GetTypeFromReference(reader, (TypeReferenceHandle)scope, rawTypeKind);
        else if (scope.Kind == HandleKind.AssemblyReference)
            Names.Add(reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name));
        return 0;
    }

    public int GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    // All that carries further types has had them decoded, and so collected, before it gets here.
    public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => 0;

    public int GetArrayType(int elementType, ArrayShape shape) => 0;

    public int GetByReferenceType(int elementType) => 0;

    public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

    public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

    public int GetGenericMethodParameter(object? genericContext, int index) => 0;

    public int GetGenericTypeParameter(object? genericContext, int index) => 0;

    public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

    public int GetPinnedType(int elementType) => 0;

    public int GetPointerType(int elementType) => 0;

    public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

    public int GetSZArrayType(int elementType) => 0;
}
