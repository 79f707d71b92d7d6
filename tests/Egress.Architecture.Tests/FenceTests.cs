using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using Egress.Engine.Datapath;
using FluentAssertions;
using Xunit;

namespace Egress.Architecture.Tests;

/// <summary>The fences between the parts, as the compiled assemblies and the sources show them.</summary>
public sealed partial class FenceTests
{
    private static readonly string[] Core = ["Egress.Dns", "Egress.Engine", "Egress.Policies"];
    private static readonly string[] Native = ["Egress.Bpf", "Egress.Linux"];

    [Fact]
    public void Core_refers_to_no_clock_lock_thread_file_or_socket()
    {
        // The analyzer reports what the source spells out; a lock statement or a lowered call only shows in the assembly.
        string[] banned =
        [
            .. Repository.Lines("fqdn-engine/BannedSymbols.txt").Where(l => l.Length > 2 && l[1] == ':' && l[0] != 'M').Select(l => l[2..l.IndexOf(';')]),
            "System.Threading.Interlocked", "System.Threading.ThreadPool",
        ];
        foreach (string name in Core)
        {
            // Iterators ask which thread they are on; that is the compiler's doing.
            string[] members = [.. Shipped.MemberReferences(name).Select(m => m.Replace(".get_", ".")).Where(m => m != "System.Environment.CurrentManagedThreadId")];
            members.Where(m => banned.Any(b => m == b || m.StartsWith(b + ".", StringComparison.Ordinal))).Should().BeEmpty("{0} computes, and does nothing else", name);
        }
    }

    [Fact]
    public void Core_stands_on_the_base_library_alone()
    {
        foreach (string name in Core)
        {
            IEnumerable<string> assemblies = Shipped.References(name).Select(r => r.Assembly).Distinct()
                .Where(a => !a.StartsWith("System", StringComparison.Ordinal) && !a.StartsWith("Egress.", StringComparison.Ordinal) && a.Length > 0);
            assemblies.Should().BeSubsetOf(name == "Egress.Policies" ? ["YamlDotNet"] : [], "of {0}", name);
        }
    }

    [Fact]
    public void Only_the_native_projects_allow_unsafe_code_or_call_into_c()
    {
        Repository.Projects.Where(p => p.Ships && p.AllowsUnsafe).Select(p => p.Name).Should().BeEquivalentTo(Native);
        foreach (ProjectFile project in Repository.Shipping.Where(p => !Native.Contains(p.Name)))
        {
            foreach (string path in Sources(project))
            {
                Repository.Lines(path).Where(l => NativeCall().IsMatch(l)).Should().BeEmpty("{0} is not in {1}", path, string.Join(" or ", Native));
            }
        }
    }

    [Fact]
    public void Only_the_datapath_knows_the_bpf_library()
    {
        foreach (string name in Shipped.Names.Where(n => n is not "Egress.Bpf" and not "Egress.Datapath"))
        {
            Shipped.References(name).Select(r => r.Assembly).Should().NotContain("Egress.Bpf", "{0} sees the kernel through the port", name);
        }
    }

    [Fact]
    public void Datapath_shows_no_struct_of_the_kernel_interface_and_no_type_of_the_bpf_library()
    {
        Assembly datapath = Shipped.Load("Egress.Datapath");
        datapath.GetExportedTypes().Should().NotContain(t => t.Name.StartsWith("Abi", StringComparison.Ordinal));
        IEnumerable<Type> shown = datapath.GetExportedTypes().SelectMany(Signatures).SelectMany(Parts);
        shown.Where(t => t.Assembly.GetName().Name == "Egress.Bpf").Distinct().Should().BeEmpty();
    }

    [Fact]
    public void Proxy_sees_neither_the_datapath_nor_the_policies()
    {
        Shipped.References("Egress.DnsProxy").Select(r => r.Assembly).Should().NotContain(["Egress.Datapath", "Egress.Bpf", "Egress.Policies", "Egress.Agent"]);
    }

    [Fact]
    public void Port_to_the_kernel_has_one_implementation_that_ships()
    {
        foreach (Type port in (Type[])[typeof(IDatapath), typeof(ILearnedMap)])
        {
            IEnumerable<string> implementations = Shipped.Names.Select(Shipped.Load).SelectMany(a => a.GetTypes())
                .Where(t => t is { IsInterface: false, IsAbstract: false } && t.IsAssignableTo(port)).Select(t => t.FullName!);
            implementations.Should().Equal(["Egress.Datapath.KernelDatapath"], "{0} has no fakes", port.Name);
        }
    }

    [Fact]
    public void Interface_is_no_broader_than_ten_members()
    {
        foreach (Type type in Shipped.Names.Select(Shipped.Load).SelectMany(a => a.GetTypes()).Where(t => t.IsInterface))
        {
            type.GetMembers().Length.Should().BeLessThanOrEqualTo(10, "{0}: what is behind so broad a boundary is not hidden by it", type);
        }
    }

    private static IEnumerable<string> Sources(ProjectFile project) =>
        Repository.Files("*.cs").Where(f => f.StartsWith(project.Folder + "/", StringComparison.Ordinal));

    private static IEnumerable<Type> Signatures(Type type)
    {
        const BindingFlags Shown = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        IEnumerable<MethodBase> methods = [.. type.GetMethods(Shown), .. type.GetConstructors(Shown)];
        IEnumerable<MethodBase> visible = methods.Where(m => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly);
        return visible.SelectMany(m => m.GetParameters().Select(p => p.ParameterType))
            .Concat(visible.OfType<MethodInfo>().Select(m => m.ReturnType))
            .Concat(type.GetFields(Shown).Where(f => f.IsPublic || f.IsFamily).Select(f => f.FieldType))
            .Concat(type.GetInterfaces())
            .Append(type.BaseType ?? typeof(object));
    }

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!) : type.IsGenericType ? [type, .. type.GetGenericArguments().SelectMany(Parts)] : [type];

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\b|\bunsafe\b(?=\s+(\w|\{))|^\s*unsafe\s*$")]
    private static partial Regex NativeCall();
}
