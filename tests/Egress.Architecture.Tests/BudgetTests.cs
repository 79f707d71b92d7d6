using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using FluentAssertions;
using Xunit;

namespace Egress.Architecture.Tests;

/// <summary>Sizes. Blank lines do not count, generated files neither.</summary>
public sealed class BudgetTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    [Fact]
    public void File_that_ships_has_at_most_300_lines() => Budget.Hold("file", 300, Measured("*.cs", ships: true));

    [Fact]
    public void No_file_has_more_than_500_lines_whatever_the_reason()
    {
        Measured("*.cs", ships: true).Where(f => f.Size > 500).Should().BeEmpty();
    }

    [Fact]
    public void Test_file_has_at_most_800_lines() => Budget.Hold("test-file", 800, Measured("*.cs", ships: false));

    [Fact]
    public void Header_in_c_has_at_most_250_lines() => Budget.Hold("header", 250, Measured("*.h", ships: true));

    [Fact]
    public void Program_in_c_has_at_most_200_lines() => Budget.Hold("program", 200, [.. Measured("*.bpf.c", ships: true)]);

    [Fact]
    public void Method_has_at_most_60_lines() =>
        Budget.Hold("method", 60, [.. Shipped.Names.SelectMany(MethodLengths.Of).GroupBy(m => m.Name).Select(g => (g.Key, g.Max(m => m.Lines)))]);

    [Fact]
    public void Constructor_has_at_most_6_parameters() =>
        Budget.Hold("constructor", 6, [.. Classes().Select(t => (Name(t), t.GetConstructors(Declared).Select(c => c.GetParameters().Length).Append(0).Max()))]);

    [Fact]
    public void Class_has_at_most_10_fields() =>
        Budget.Hold("fields", 10, [.. Classes().Select(t => (Name(t), t.GetFields(Declared).Length))]);

    /// <summary>Classes that do something: records hold values, and are as wide as what they describe.</summary>
    private static IEnumerable<Type> Classes() => Shipped.Names.Select(Shipped.Load).SelectMany(a => a.GetTypes())
        .Where(t => t.IsClass && t.GetMethod("<Clone>$") is null && !IsCompilerMade(t));

    private static bool IsCompilerMade(Type type) =>
        type.IsDefined(typeof(CompilerGeneratedAttribute)) || type.Name.Contains('<') || (type.DeclaringType is { } outer && IsCompilerMade(outer))
        || type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute)) || type.IsAssignableTo(typeof(System.Text.Json.Serialization.JsonSerializerContext))
        || type.GetInterface("Google.Protobuf.IMessage") is not null;

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    private static IReadOnlyList<(string Name, int Size)> Measured(string pattern, bool ships) =>
    [
        .. Repository.Files(pattern).Where(f => !Repository.IsGenerated(f) && f.StartsWith("tests/", StringComparison.Ordinal) != ships)
            .Select(f => (f, Repository.Lines(f).Count(l => !string.IsNullOrWhiteSpace(l)))),
    ];
}
