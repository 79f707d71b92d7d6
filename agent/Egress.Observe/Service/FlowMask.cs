using System.Collections.Generic;
using System.Linq;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Observe.Service;

/// <summary>Which fields of a flow are asked for. Immutable; thread-safe.</summary>
internal sealed class FlowMask
{
    private readonly Node? _root;

    private FlowMask(Node? root) => _root = root;

    /// <summary>Makes a mask ready; null or an empty one asks for everything.</summary>
    /// <exception cref="GrpcException">A path leads to no field.</exception>
    public static FlowMask Of(FieldMask? mask)
    {
        if (mask is null || mask.Paths.Count == 0)
        {
            return new(null);
        }

        Node root = new();
        foreach (string path in mask.Paths)
        {
            Node at = root;
            MessageDescriptor? type = Flow.Descriptor;
            foreach (string part in path.Split('.'))
            {
                FieldDescriptor field = type?.FindFieldByName(part) ??
                    throw new GrpcException(GrpcCode.InvalidArgument, $"field_mask: a flow has no field {path}");
                at = at.Child(field);
                type = field is { FieldType: FieldType.Message, IsRepeated: false } ? field.MessageType : null;
            }

            at.Whole = true;
        }

        return new(root);
    }

    /// <summary>Whether everything is asked for.</summary>
    public bool IsAll => _root is null;

    /// <summary>The flow with the fields that are asked for; itself where that is all.</summary>
    public Flow Apply(Flow flow)
    {
        if (_root is null)
        {
            return flow;
        }

        Flow masked = new();
        Copy(_root, flow, masked);
        return masked;
    }

    private static void Copy(Node node, IMessage from, IMessage to)
    {
        foreach ((FieldDescriptor field, Node child) in node.Children)
        {
            if (field.IsRepeated)
            {
                // Flows are not changed any more: what their lists hold may be shared.
                System.Collections.IList target = (System.Collections.IList)field.Accessor.GetValue(to);
                foreach (object? item in (System.Collections.IList)field.Accessor.GetValue(from))
                {
                    target.Add(item);
                }

                continue;
            }

            if (field.HasPresence && !field.Accessor.HasValue(from))
            {
                continue;
            }

            object value = field.Accessor.GetValue(from);
            if (value is IMessage inner && !child.Whole && child.Children.Count > 0)
            {
                IMessage part = inner.Descriptor.Parser.ParseFrom(ByteString.Empty);
                Copy(child, inner, part);
                value = part;
            }

            field.Accessor.SetValue(to, value);
        }
    }

    private sealed class Node
    {
        public bool Whole { get; set; }

        public List<(FieldDescriptor Field, Node Child)> Children { get; } = [];

        public Node Child(FieldDescriptor field)
        {
            Node? held = Children.FirstOrDefault(pair => pair.Field == field).Child;
            if (held is null)
            {
                held = new();
                Children.Add((field, held));
            }

            return held;
        }
    }
}
