using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace DmaHeap.Tests.Rooms;

/// <summary>What an assembly's file says of the rooms it uses; nothing is loaded, nothing is taken from project files.</summary>
static class CompiledAssembly
{
    /// <summary>The rooms among the assemblies it refers to.</summary>
    public static string[] RoomsUsed(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        MetadataReader metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).Where(IsRoom)];
    }

    /// <summary>The rooms whose types stand in its public and protected signatures, base types, interfaces and constraints.</summary>
    public static string[] RoomsInPublicSignatures(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        MetadataReader metadata = image.GetMetadataReader();
        var seen = new MentionedAssemblies(metadata);
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            if (IsVisible(metadata, handle))
                Visit(metadata, metadata.GetTypeDefinition(handle), seen);
        }
        return [.. seen.Names.Where(IsRoom)];
    }

    static bool IsRoom(string assembly) =>
        assembly.StartsWith("DmaHeap.", StringComparison.Ordinal) || assembly is "dmaheap" or "SystemHeap" or "CmaHeap" or "SecureHeap" or "AttachTimeHeap" or "RegionHeap" or "FakeHeap";

    static void Visit(MetadataReader metadata, TypeDefinition type, MentionedAssemblies seen)
    {
        seen.Add(type.BaseType);
        foreach (InterfaceImplementationHandle handle in type.GetInterfaceImplementations())
            seen.Add(metadata.GetInterfaceImplementation(handle).Interface);
        AddConstraints(metadata, type.GetGenericParameters(), seen);
        foreach (FieldDefinitionHandle handle in type.GetFields())
        {
            FieldDefinition field = metadata.GetFieldDefinition(handle);
            if ((field.Attributes & FieldAttributes.FieldAccessMask) is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem)
                field.DecodeSignature(seen, genericContext: null);
        }
        // Properties and events are their methods.
        foreach (MethodDefinitionHandle handle in type.GetMethods())
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            if ((method.Attributes & MethodAttributes.MemberAccessMask) is not (MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem))
                continue;
            method.DecodeSignature(seen, genericContext: null);
            AddConstraints(metadata, method.GetGenericParameters(), seen);
        }
    }

    static void AddConstraints(MetadataReader metadata, GenericParameterHandleCollection parameters, MentionedAssemblies seen)
    {
        foreach (GenericParameterHandle parameter in parameters)
        {
            foreach (GenericParameterConstraintHandle constraint in metadata.GetGenericParameter(parameter).GetConstraints())
                seen.Add(metadata.GetGenericParameterConstraint(constraint).Type);
        }
    }

    static bool IsVisible(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        return (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem => IsVisible(metadata, type.GetDeclaringType()),
            _ => false,
        };
    }
}
