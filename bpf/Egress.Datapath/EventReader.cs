using System;
using System.Runtime.InteropServices;
using Egress.Bpf;
using Egress.Engine.Verdicts;

namespace Egress.Datapath;

/// <summary>Decodes the ring buffer; nothing is allocated for an event. The programs never wake a reader: call <see cref="Read"/> every few milliseconds, from one thread.</summary>
public sealed class EventReader : IDisposable
{
    private readonly RingBuffer _ring;
    private readonly Action<DatapathEvent> _event;

    internal EventReader(BpfObject @object, Action<DatapathEvent> @event)
    {
        _event = @event;
        _ring = new RingBuffer(@object, MapNames.Events, Decode);
    }

    /// <summary>Records that are shorter than an event; they tell of another release's programs.</summary>
    public long Undecodable { get; private set; }

    /// <summary>Hands out all events that are there; returns how many records there were.</summary>
    public int Read() => _ring.Consume();

    /// <inheritdoc/>
    public void Dispose() => _ring.Dispose();

    private void Decode(ReadOnlySpan<byte> record)
    {
        if (!MemoryMarshal.TryRead(record, out AbiEvent abi))
        {
            Undecodable++;
            return;
        }

        _event(new DatapathEvent
        {
            Time = new(abi.Time),
            Source = abi.Source,
            Destination = abi.Destination,
            SourcePort = abi.SourcePort,
            DestinationPort = abi.DestinationPort,
            Protocol = abi.Protocol,
            TcpFlags = abi.TcpFlags,
            Family = abi.Family,
            Endpoint = abi.Endpoint,
            Local = new(abi.LocalIdentity),
            Remote = new(abi.RemoteIdentity),
            Fqdn = new(abi.FqdnIdentity),
            Rule = abi.Rule,
            Direction = (Direction)abi.Direction,
            Verdict = (Verdict)abi.Verdict,
            Reason = (DropReason)abi.Reason,
            Length = abi.Length,
            IsReply = abi.IsReply != 0,
        });
    }
}
