using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Text;

namespace Egress.LayoutGen;

/// <summary>What a BTF type is; the numbers are the format's (Documentation/bpf/btf.rst in the kernel).</summary>
public enum BtfKind
{
    Void = 0,
    Int = 1,
    Pointer = 2,
    Array = 3,
    Struct = 4,
    Union = 5,
    Enum = 6,
    Forward = 7,
    Typedef = 8,
    Volatile = 9,
    Const = 10,
    Restrict = 11,
    Function = 12,
    FunctionPrototype = 13,
    Variable = 14,
    DataSection = 15,
    Float = 16,
    DeclarationTag = 17,
    TypeTag = 18,
    Enum64 = 19,
}

/// <summary>A member of a struct or union: its offset in bytes (bit-fields are not used in the ABI).</summary>
public sealed record BtfMember(string Name, int Type, int Offset);

/// <summary>A value of an enum.</summary>
public sealed record BtfValue(string Name, long Number);

/// <summary>One type. <see cref="Size"/> in bytes, or <see cref="Target"/> the type that it refers to.</summary>
public sealed record BtfType(int Id, BtfKind Kind, string Name, int Size, int Target, int Count,
    ImmutableArray<BtfMember> Members, ImmutableArray<BtfValue> Values);

/// <summary>The type information of an eBPF object file: the .BTF section, read with bounds.</summary>
public sealed class Btf
{
    private readonly List<BtfType> _types = [new(0, BtfKind.Void, "void", 0, 0, 0, [], [])];

    /// <summary>The types by number; 0 is void.</summary>
    public IReadOnlyList<BtfType> Types => _types;

    /// <summary>Reads the section of a little-endian ELF object.</summary>
    /// <exception cref="InvalidDataException">The file is no such object, or the section is broken.</exception>
    public static Btf Read(ReadOnlySpan<byte> elf)
    {
        try
        {
            Btf btf = new();
            btf.ReadSection(ElfSection(elf, ".BTF"));
            return btf;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new InvalidDataException("the object's BTF is cut short", exception);
        }
    }

    /// <summary>The named type of a kind, or null.</summary>
    public BtfType? Find(BtfKind kind, string name) => _types.Find(type => type.Kind == kind && type.Name == name);

    /// <summary>The type behind const, volatile and typedefs.</summary>
    public BtfType Resolve(int id)
    {
        BtfType type = _types[id];
        while (type.Kind is BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile)
        {
            type = _types[type.Target];
        }

        return type;
    }

    /// <summary>The size of a type in bytes.</summary>
    public int SizeOf(int id)
    {
        BtfType type = Resolve(id);
        return type.Kind switch
        {
            BtfKind.Array => type.Count * SizeOf(type.Target),
            BtfKind.Pointer => 8,
            _ => type.Size,
        };
    }

    private static ReadOnlySpan<byte> ElfSection(ReadOnlySpan<byte> elf, string name)
    {
        if (elf.Length < 64 || !elf[..5].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2]))
        {
            throw new InvalidDataException("not a 64-bit ELF object");
        }

        int table = (int)BinaryPrimitives.ReadInt64LittleEndian(elf[0x28..]);
        int entry = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3a..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3c..]);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3e..]);
        ReadOnlySpan<byte> strings = Content(elf, elf[(table + (names * entry))..]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = elf[(table + (i * entry))..];
            if (Text(strings, BinaryPrimitives.ReadInt32LittleEndian(header)) == name)
            {
                return Content(elf, header);
            }
        }

        throw new InvalidDataException($"the object has no section {name}; was it compiled with -g?");
    }

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> header) => elf.Slice(
        (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x18..]),
        (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x20..]));

    private static string Text(ReadOnlySpan<byte> strings, int offset)
    {
        ReadOnlySpan<byte> rest = strings[offset..];
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private void ReadSection(ReadOnlySpan<byte> section)
    {
        if (BinaryPrimitives.ReadUInt16LittleEndian(section) != 0xeb9f)
        {
            throw new InvalidDataException("not little-endian BTF");
        }

        int header = BinaryPrimitives.ReadInt32LittleEndian(section[4..]);
        ReadOnlySpan<byte> types = section.Slice(
            header + BinaryPrimitives.ReadInt32LittleEndian(section[8..]), BinaryPrimitives.ReadInt32LittleEndian(section[12..]));
        ReadOnlySpan<byte> strings = section.Slice(
            header + BinaryPrimitives.ReadInt32LittleEndian(section[16..]), BinaryPrimitives.ReadInt32LittleEndian(section[20..]));
        while (!types.IsEmpty)
        {
            types = types[ReadType(types, strings)..];
        }
    }

    private int ReadType(ReadOnlySpan<byte> at, ReadOnlySpan<byte> strings)
    {
        string name = Text(strings, BinaryPrimitives.ReadInt32LittleEndian(at));
        uint info = BinaryPrimitives.ReadUInt32LittleEndian(at[4..]);
        int sizeOrType = BinaryPrimitives.ReadInt32LittleEndian(at[8..]);
        BtfKind kind = (BtfKind)((info >> 24) & 0x1f);
        int count = (int)(info & 0xffff);
        ReadOnlySpan<byte> tail = at[12..];
        ImmutableArray<BtfMember>.Builder members = ImmutableArray.CreateBuilder<BtfMember>();
        ImmutableArray<BtfValue>.Builder values = ImmutableArray.CreateBuilder<BtfValue>();
        int length = kind switch
        {
            BtfKind.Int or BtfKind.Variable or BtfKind.DeclarationTag => 4,
            BtfKind.Array => 12,
            BtfKind.Struct or BtfKind.Union or BtfKind.DataSection or BtfKind.Enum64 => count * 12,
            BtfKind.Enum or BtfKind.FunctionPrototype => count * 8,
            _ => 0,
        };
        for (int i = 0; i < count && kind is BtfKind.Struct or BtfKind.Union or BtfKind.Enum; i++)
        {
            if (kind == BtfKind.Enum)
            {
                ReadOnlySpan<byte> value = tail[(i * 8)..];
                values.Add(new(Text(strings, BinaryPrimitives.ReadInt32LittleEndian(value)), BinaryPrimitives.ReadUInt32LittleEndian(value[4..])));
            }
            else
            {
                ReadOnlySpan<byte> member = tail[(i * 12)..];
                members.Add(new(Text(strings, BinaryPrimitives.ReadInt32LittleEndian(member)),
                    BinaryPrimitives.ReadInt32LittleEndian(member[4..]), BinaryPrimitives.ReadInt32LittleEndian(member[8..]) / 8));
            }
        }

        bool sized = kind is BtfKind.Int or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.DataSection or BtfKind.Float;
        int target = kind == BtfKind.Array ? BinaryPrimitives.ReadInt32LittleEndian(tail) : sized ? 0 : sizeOrType;
        int elements = kind == BtfKind.Array ? BinaryPrimitives.ReadInt32LittleEndian(tail[8..]) : 0;
        _types.Add(new(_types.Count, kind, name, sized ? sizeOrType : 0, target, elements, members.ToImmutable(), values.ToImmutable()));
        return 12 + length;
    }
}
