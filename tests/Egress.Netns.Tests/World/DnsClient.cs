using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using Egress.Dns;
using Egress.TestKit.DnsMessages;

namespace Egress.Netns.Tests.World;

/// <summary>What a question came to; no code where nothing came.</summary>
internal sealed record LookupResult(DnsResponseCode? Code, IReadOnlyList<IPAddress> Addresses);

/// <summary>A stub resolver over one UDP socket of the namespace that it is made in. Asks once and waits 3 s.</summary>
internal sealed class DnsClient : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[4096];
    private ushort _id;

    public DnsClient(IPEndPoint server)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 3000 };
        _socket.Connect(server);
    }

    public LookupResult Ask(string name, DnsRecordType type)
    {
        _socket.Send(DnsMessageBuilder.Query(name, type, ++_id));
        try
        {
            while (true)
            {
                ReadOnlySpan<byte> answer = _buffer.AsSpan(0, _socket.Receive(_buffer));
                if (answer.Length > 2 && BinaryPrimitives.ReadUInt16BigEndian(answer) == _id)
                {
                    return Read(answer);
                }
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TimedOut || exception.SocketErrorCode == SocketError.WouldBlock)
        {
            return new(null, []);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static LookupResult Read(ReadOnlySpan<byte> answer)
    {
        List<IPAddress> addresses = [];
        if (!DnsReader.TryOpen(answer, out DnsReader reader) || !reader.TryPassQuestions())
        {
            throw new InvalidOperationException("an answer that can't be read");
        }

        while (reader.TryReadRecord(out DnsRecord record))
        {
            if (record.Section == DnsSection.Answer && record.Type is DnsRecordType.A or DnsRecordType.Aaaa)
            {
                addresses.Add(new IPAddress(record.Data));
            }
        }

        return new(reader.Header.ResponseCode, addresses);
    }
}
