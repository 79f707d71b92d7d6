using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Egress.Architecture.Tests;

/// <summary>The assemblies that ship, beside these tests as the build put them there. (The executable itself is self-contained and
/// not among them; it is held by its sources.)</summary>
internal static class Shipped
{
    internal static IReadOnlyList<string> Names { get; } = [.. Repository.Shipping.Select(p => p.Name).Where(n => n != "Egress.Cli")];

    internal static Assembly Load(string name) => Assembly.LoadFrom(PathOf(name));

    internal static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, name + ".dll");

    /// <summary>Full names of the types that an assembly refers to outside of itself, with the assembly they are in.</summary>
    internal static IReadOnlyList<(string Type, string Assembly)> References(string name)
    {
        using PEReader file = new(File.OpenRead(PathOf(name)));
        MetadataReader metadata = file.GetMetadataReader();
        return [.. metadata.TypeReferences.Select(h => Describe(metadata, metadata.GetTypeReference(h)))];
    }

    /// <summary>Full names of the members that an assembly refers to, as <c>Type.Member</c>.</summary>
    internal static IReadOnlyList<string> MemberReferences(string name)
    {
        using PEReader file = new(File.OpenRead(PathOf(name)));
        MetadataReader metadata = file.GetMetadataReader();
        List<string> members = [];
        foreach (MemberReference member in metadata.MemberReferences.Select(metadata.GetMemberReference))
        {
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                string type = Describe(metadata, metadata.GetTypeReference((TypeReferenceHandle)member.Parent)).Type;
                members.Add($"{type}.{metadata.GetString(member.Name)}");
            }
        }

        return members;
    }

    private static (string Type, string Assembly) Describe(MetadataReader metadata, TypeReference type)
    {
        string name = metadata.GetString(type.Name);
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
        {
            (string outer, string assembly) = Describe(metadata, metadata.GetTypeReference((TypeReferenceHandle)type.ResolutionScope));
            return ($"{outer}.{name}", assembly);
        }

        string scope = type.ResolutionScope.Kind == HandleKind.AssemblyReference
            ? metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name)
            : "";
        return ($"{metadata.GetString(type.Namespace)}.{name}", scope);
    }
}
