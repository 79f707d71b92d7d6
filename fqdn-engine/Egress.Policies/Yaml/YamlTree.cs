using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Egress.Policies.Yaml;

/// <summary>Builds nodes from the events of YAML text, within <see cref="YamlLimits"/>. The text is not trusted.</summary>
internal sealed class YamlTree
{
    private readonly Parser _parser;
    private readonly int _lineOffset;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private int _budget;

    private YamlTree(TextReader text, int lineOffset, int budget)
    {
        _parser = new Parser(text);
        _lineOffset = lineOffset;
        _budget = budget;
    }

    /// <summary>Why a text was refused, and where.</summary>
    public readonly record struct Failure(int Line, int Column, string Message);

    /// <summary>Reads the documents of one part of a file.</summary>
    /// <param name="text">The part.</param>
    /// <param name="firstLine">The line of the file that it starts on.</param>
    /// <param name="budget">How many nodes are left to the file; what was used is taken off.</param>
    /// <param name="documents">Where the roots go; those before a failure are kept.</param>
    /// <returns>Null when all is well.</returns>
    public static Failure? Read(string text, int firstLine, ref int budget, List<YamlNode> documents)
    {
        YamlTree tree = new(new StringReader(text), firstLine - 1, budget);
        try
        {
            tree.ReadStream(documents);
            return null;
        }
        catch (YamlException e)
        {
            return new(tree.Line(e.Start), Column(e.Start), e.Message);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner lets a few of these out on hostile escapes and indentation; to us the text is no YAML either way.
            return new(firstLine, 1, "the text cannot be understood");
        }
        finally
        {
            budget = tree._budget;
        }
    }

    private void ReadStream(List<YamlNode> documents)
    {
        Next<StreamStart>();
        while (Next() is DocumentStart)
        {
            _anchors.Clear();
            documents.Add(Node(Next(), 0));
            Next<DocumentEnd>();
        }
    }

    private YamlNode Node(ParsingEvent current, int depth)
    {
        if (depth > YamlLimits.MaxDepth)
        {
            throw Refuse(current, $"nested deeper than {YamlLimits.MaxDepth} levels");
        }

        YamlNode node;
        switch (current)
        {
            case AnchorAlias alias:
                if (!_anchors.TryGetValue(alias.Value.Value, out YamlNode? target))
                {
                    throw Refuse(alias, "an alias of an anchor that was not written before it");
                }

                Spend(target.Size, alias);
                return target;
            case Scalar scalar:
                Spend(1, scalar);
                node = new YamlScalar(Line(scalar.Start), Column(scalar.Start), scalar.Value, IsPlain(scalar));
                break;
            case SequenceStart sequence:
                Spend(1, sequence);
                node = Sequence(sequence, depth);
                break;
            case MappingStart mapping:
                Spend(1, mapping);
                node = Mapping(mapping, depth);
                break;
            default:
                throw Refuse(current, "a value is missing");
        }

        if (current is NodeEvent { Anchor.IsEmpty: false } named)
        {
            _anchors[named.Anchor.Value] = node;
        }

        return node;
    }

    private YamlSequence Sequence(SequenceStart start, int depth)
    {
        RefuseTag(start.Tag, start, "tag:yaml.org,2002:seq");
        ImmutableArray<YamlNode>.Builder items = ImmutableArray.CreateBuilder<YamlNode>();
        int size = 1;
        for (ParsingEvent current = Next(); current is not SequenceEnd; current = Next())
        {
            YamlNode item = Node(current, depth + 1);
            size += item.Size;
            items.Add(item);
        }

        return new(Line(start.Start), Column(start.Start), size, items.ToImmutable());
    }

    private YamlMapping Mapping(MappingStart start, int depth)
    {
        RefuseTag(start.Tag, start, "tag:yaml.org,2002:map");
        ImmutableArray<YamlEntry>.Builder entries = ImmutableArray.CreateBuilder<YamlEntry>();
        int size = 1;
        for (ParsingEvent current = Next(); current is not MappingEnd; current = Next())
        {
            if (current is not Scalar key)
            {
                throw Refuse(current, "a key must be text");
            }

            if (IsPlain(key) && key.Value == "<<")
            {
                throw Refuse(key, "merge keys '<<' are not taken: write the fields out");
            }

            Spend(1, key);
            YamlNode value = Node(Next(), depth + 1);
            size += 1 + value.Size;
            entries.Add(new(key.Value, Line(key.Start), Column(key.Start), value));
        }

        return new(Line(start.Start), Column(start.Start), size, entries.ToImmutable());
    }

    private static bool IsPlain(Scalar scalar)
    {
        if (scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific)
        {
            return scalar.Style == ScalarStyle.Plain && !scalar.Tag.IsNonSpecific;
        }

        RefuseTag(scalar.Tag, scalar, "tag:yaml.org,2002:str");
        return false;
    }

    private static void RefuseTag(TagName tag, ParsingEvent current, string expected)
    {
        if (!tag.IsEmpty && !tag.IsNonSpecific && tag.Value != expected)
        {
            throw Refuse(current, "tags other than '!!str', '!!seq' and '!!map' on their own kinds are not taken");
        }
    }

    private void Spend(int nodes, ParsingEvent current)
    {
        if (nodes > _budget)
        {
            throw Refuse(current, $"more than {YamlLimits.MaxNodes} values in a file");
        }

        _budget -= nodes;
    }

    private static YamlException Refuse(ParsingEvent current, string message) => new(current.Start, current.End, message);

    private int Line(Mark mark) => _lineOffset + (int)Math.Max(1, mark.Line);

    private static int Column(Mark mark) => (int)Math.Max(1, mark.Column);

    private ParsingEvent Next() =>
        _parser.MoveNext() && _parser.Current is { } current ? current : throw new InvalidOperationException("the text ends early");

    private void Next<T>()
        where T : ParsingEvent
    {
        ParsingEvent current = Next();
        if (current is not T)
        {
            throw Refuse(current, "the document goes on where it should end");
        }
    }
}
