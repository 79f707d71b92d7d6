using System;
using System.IO;

namespace Egress.LayoutGen;

/// <summary><c>Egress.LayoutGen ABI-OBJECT REPOSITORY</c> writes the two generated files of the repository.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        if (args.Length != 2)
        {
            Console.Error.WriteLine("usage: Egress.LayoutGen ABI-OBJECT REPOSITORY");
            return 2;
        }

        CSharpWriter writer = new(Btf.Read(File.ReadAllBytes(args[0])));
        File.WriteAllText(Path.Combine(args[1], "bpf/Egress.Datapath/Abi.g.cs"), writer.Abi());
        File.WriteAllText(Path.Combine(args[1], "fqdn-engine/Egress.Engine/Verdicts/Enums.g.cs"), writer.Enums());
        return 0;
    }
}
