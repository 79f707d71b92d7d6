using System;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Linux;

namespace Egress.DnsProxy;

/// <summary>A question that is outstanding, with all that its answer is held against. Made once, and used again and again.</summary>
internal sealed class Exchange
{
    private readonly byte[] _name = new byte[DnsName.MaxWireLength];
    private int _nameLength;

    /// <summary>Place in the table.</summary>
    public required int Slot { get; init; }

    /// <summary>The question as it is sent upstream, under the id that it has there.</summary>
    public byte[] Question { get; private set; } = new byte[512];

    public int QuestionLength { get; private set; }

    public SocketEndpoint Client { get; set; }

    public SocketEndpoint Server { get; set; }

    public ushort ClientId { get; set; }

    public ushort Type { get; set; }

    public ushort Class { get; set; }

    /// <summary>Octets of the largest answer that the client takes.</summary>
    public int ClientSize { get; set; }

    public DnsDecision Decision { get; set; }

    /// <summary>The upstream socket's number, and the id: both must be right in an answer.</summary>
    public uint Key { get; set; }

    public long StartedTicks { get; set; }

    public bool Retransmitted { get; set; }

    /// <summary>Counts uses, so that a note of an earlier one is told apart.</summary>
    public uint Use { get; set; }

    public bool Active { get; set; }

    public ReadOnlySpan<byte> Name => _name.AsSpan(0, _nameLength);

    public void SetName(ReadOnlySpan<byte> name)
    {
        name.CopyTo(_name);
        _nameLength = name.Length;
    }

    public Span<byte> SetQuestion(ReadOnlySpan<byte> message)
    {
        if (Question.Length < message.Length)
        {
            Question = new byte[message.Length];
        }

        message.CopyTo(Question);
        QuestionLength = message.Length;
        return Question.AsSpan(0, message.Length);
    }

    /// <summary>The question as <see cref="IDnsPolicy"/> knows it.</summary>
    public DnsQuestionContext Context => new()
    {
        Client = new(Client.High, Client.Low),
        ClientPort = Client.Port,
        Server = new(Server.High, Server.Low),
        ServerPort = Server.Port,
        Protocol = 17,
        Name = Name,
        Type = Type,
        Class = Class,
    };
}
