using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Egress.LayoutGen;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.Abi;

/// <summary>Holds the C# types to the C structs: in the object that ships, and in abi.o, which has them all.</summary>
public sealed class AbiTests
{
    // Of a map's definition in BTF: which member says what.
    private const string KeyMember = "key";
    private const string ValueMember = "value";

    private static readonly Btf Shipped = Btf.Read(KernelDatapath.ShippedObject());
    private static readonly Btf Declared = Btf.Read(Repository.AbiObject);

    private static readonly Dictionary<string, Type> CSharp = typeof(KernelDatapath).Assembly.GetTypes()
        .Where(type => type.IsValueType && type.StructLayoutAttribute?.Value == LayoutKind.Explicit && type.Namespace == typeof(KernelDatapath).Namespace)
        .ToDictionary(type => type.Name);

    [Fact]
    public void Generated_types_are_those_of_the_header()
    {
        Repository.Read("bpf/Egress.Datapath/Abi.g.cs").Should().Be(new CSharpWriter(Declared).Abi(), "LayoutGen is to be run after abi.h changed");
    }

    [Fact]
    public void Generated_enums_are_those_of_the_header()
    {
        Repository.Read("fqdn-engine/Egress.Engine/Verdicts/Enums.g.cs").Should().Be(new CSharpWriter(Declared).Enums(), "LayoutGen is to be run after abi.h changed");
    }

    [Fact]
    public void Every_shared_struct_has_a_type_and_every_type_a_struct()
    {
        IEnumerable<string> structs = Declared.Types.Where(type => type.Kind == BtfKind.Struct).Select(type => "Abi" + CSharpWriter.Pascal(type.Name));

        CSharp.Keys.Should().BeEquivalentTo(structs);
    }

    [Fact]
    public void Type_has_the_size_and_the_offsets_of_its_struct()
    {
        foreach ((string name, Type type) in CSharp)
        {
            Compare(type, Find(Declared, name)!, Declared);
        }
    }

    [Fact]
    public void Type_has_the_size_and_the_offsets_of_the_shipped_programs_struct()
    {
        List<string> unseen = [];
        foreach ((string name, Type type) in CSharp)
        {
            if (Find(Shipped, name) is { } found)
            {
                Compare(type, found, Shipped);
            }
            else
            {
                unseen.Add(name);
            }
        }

        // No map names the event, so that BTF leaves it out; its bytes are held to the type by EventReaderTests.
        unseen.Should().Equal(["AbiEvent"]);
    }

    [Fact]
    public void Key_and_value_of_every_map_have_a_type_of_their_size()
    {
        IReadOnlyList<(string Map, string Member, BtfType Type, int Size)> parts = [.. MapParts()];

        parts.Select(part => part.Map).Distinct().Should().BeEquivalentTo(MapNames.All.Where(map => map != MapNames.Events));
        foreach ((string map, string member, BtfType type, int size) in parts)
        {
            if (type.Kind == BtfKind.Int)
            {
                size.Should().BeOneOf([4, 8], "{0} of {1} is a plain number", member, map);
                continue;
            }

            CSharp.Should().ContainKey("Abi" + CSharpWriter.Pascal(type.Name), "it is the {0} of {1}", member, map);
            SizeOf(CSharp["Abi" + CSharpWriter.Pascal(type.Name)]).Should().Be(size, "it is the {0} of {1}", member, map);
        }
    }

    private static IEnumerable<(string Map, string Member, BtfType Type, int Size)> MapParts()
    {
        foreach (BtfType variable in Shipped.Types.Where(type => type.Kind == BtfKind.Variable && type.Name.StartsWith("egress_", StringComparison.Ordinal)))
        {
            foreach (BtfMember member in Shipped.Resolve(variable.Target).Members.Where(member => member.Name is KeyMember or ValueMember))
            {
                // libbpf's __type(key, T) is a member of type T*.
                int target = Shipped.Resolve(member.Type).Target;
                yield return (variable.Name, member.Name, Shipped.Resolve(target), Shipped.SizeOf(target));
            }
        }
    }

    private static BtfType? Find(Btf btf, string name) =>
        btf.Types.FirstOrDefault(type => type.Kind == BtfKind.Struct && "Abi" + CSharpWriter.Pascal(type.Name) == name);

    private static void Compare(Type type, BtfType expected, Btf btf)
    {
        SizeOf(type).Should().Be(expected.Size, "struct {0} has that size", expected.Name);
        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public);
        fields.Select(field => (field.Name, Offset: field.GetCustomAttribute<FieldOffsetAttribute>()!.Value, Size: SizeOf(field.FieldType)))
            .Should().Equal(expected.Members.Select(member => (CSharpWriter.Pascal(member.Name), member.Offset, btf.SizeOf(member.Type))),
                "struct {0} has these members", expected.Name);
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
