using System;
using System.IO;

namespace Egress.Datapath.Tests;

/// <summary>Files of the source tree that this was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The object that the generated files are written from, as the build left it.</summary>
    public static byte[] AbiObject => File.ReadAllBytes(Path.Combine(Root, "bpf/Egress.Datapath/obj/bpf/abi.o"));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Find()
    {
        for (string? directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Egress.sln")))
            {
                return directory;
            }
        }

        throw new InvalidOperationException("the tests do not lie in the source tree");
    }
}
