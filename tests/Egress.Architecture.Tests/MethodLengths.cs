using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Egress.Architecture.Tests;

/// <summary>Lines from a method's first statement to its last, as the compiler noted them for debuggers.</summary>
internal static class MethodLengths
{
    internal static IReadOnlyList<(string Name, int Lines)> Of(string assembly)
    {
        using PEReader file = new(File.OpenRead(Shipped.PathOf(assembly)));
        using MetadataReaderProvider symbols = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(Shipped.PathOf(assembly), ".pdb")));
        MetadataReader metadata = file.GetMetadataReader();
        MetadataReader pdb = symbols.GetMetadataReader();
        List<(string Name, int Lines)> lengths = [];
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDebugInformation debug = pdb.GetMethodDebugInformation(handle);
            SequencePoint[] points = [.. debug.GetSequencePoints().Where(p => !p.IsHidden && IsOurs(pdb, p.Document))];
            if (points.Length > 0)
            {
                lengths.Add((NameOf(metadata, handle), points.Max(p => p.EndLine) - points.Min(p => p.StartLine) + 1));
            }
        }

        return lengths;
    }

    private static bool IsOurs(MetadataReader pdb, DocumentHandle document)
    {
        string path = pdb.GetString(pdb.GetDocument(document).Name).Replace('\\', '/');
        return !path.Contains("/obj/") && !Repository.IsGenerated(path);
    }

    private static string NameOf(MetadataReader metadata, MethodDefinitionHandle handle)
    {
        MethodDefinition method = metadata.GetMethodDefinition(handle);
        string name = metadata.GetString(method.Name);
        TypeDefinition type = metadata.GetTypeDefinition(method.GetDeclaringType());
        string outer = metadata.GetString(type.Name);
        while (!type.GetDeclaringType().IsNil)
        {
            type = metadata.GetTypeDefinition(type.GetDeclaringType());
            outer = $"{metadata.GetString(type.Name)}.{outer}";
        }

        return $"{metadata.GetString(type.Namespace)}.{outer}.{name}";
    }
}
