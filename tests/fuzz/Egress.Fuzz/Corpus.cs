using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.TestKit.DnsMessages;

namespace Egress.Fuzz;

/// <summary>Good messages to be spoilt: some by hand, some drawn at random from a few names, so that chains cross, close and fork.</summary>
internal static class Corpus
{
    private static readonly string[] Names = ["x.com.", "www.x.com.", "a.net.", "b.net.", "edge.cdn.net.", "Deep.Er.Cdn.net."];

    private static readonly string[] V4 =
    [
        "203.0.113.1", "203.0.113.2", "198.51.100.7", "8.8.8.8", "10.0.0.1", "192.168.1.1", "172.16.5.5", "100.64.0.1",
        "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "11.0.0.1", "172.32.0.1",
    ];

    private static readonly string[] V6 =
    [
        "2001:db8::1", "2001:db8::2", "2606:4700::1", "fc00::1", "fe80::1", "ff02::1", "::1", "::", "64:ff9b::a00:1",
        "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::1", "2002:cb00:7101::1", "::7f00:1", "::ffff:0:7f00:1", "fec0::1",
    ];

    /// <summary>Small messages, and apart from them those of TCP size, which are rarer as they cost more.</summary>
    internal static (Seed[] Small, Seed[] Large) Make(int seed)
    {
        Random random = new(seed);
        List<Seed> small = [.. ByHand()];
        while (small.Count < 3000)
        {
            small.Add(Drawn(random));
        }

        return ([.. small], [Large(DnsRecordType.A, 4000), Large(DnsRecordType.Aaaa, 2000), LongChain(random)]);
    }

    private static IEnumerable<Seed> ByHand()
    {
        yield return Of("x.com.", DnsRecordType.A, new DnsMessageBuilder { Flags = 0x0100 }.Question("x.com.", DnsRecordType.A));
        yield return Of("x.com.", DnsRecordType.A, new DnsMessageBuilder { Flags = 0x0130 }.Question("X.cOm.", DnsRecordType.A)
            .Edns(4096, dnssecOk: true, options: [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]));
        yield return Of("x.com.", DnsRecordType.A, new DnsMessageBuilder().Question("x.com.", DnsRecordType.A).Answer("x.com. 60 A 203.0.113.1"));
        yield return Of("x.com.", DnsRecordType.Aaaa, new DnsMessageBuilder().Question("x.com.", DnsRecordType.Aaaa).Answer("x.com. 60 AAAA 2001:db8::1").Edns());
        yield return Of("x.com.", DnsRecordType.A, new DnsMessageBuilder().Question("x.com.", DnsRecordType.A)
            .Answer([.. Enumerable.Range(1, 60).Select(i => $"x.com. 30 A 203.0.113.{i}")]).Edns(1232, options: [0, 15, 0, 2, 0, 18]));
        yield return Of("www.x.com.", DnsRecordType.A, new DnsMessageBuilder().Question("www.x.com.", DnsRecordType.A)
            .Answer("www.x.com. 300 CNAME x.com.", "x.com. 60 CNAME edge.cdn.net.", "edge.cdn.net. 20 A 203.0.113.1", "edge.cdn.net. 20 A 203.0.113.2")
            .Authority("cdn.net. 3600 NS ns.cdn.net.").Additional("ns.cdn.net. 60 A 198.51.100.1").Edns(1400));
        yield return Of("x.com.", DnsRecordType.A, new DnsMessageBuilder { Code = DnsResponseCode.NameError }.Question("x.com.", DnsRecordType.A)
            .Raw(DnsSection.Authority, "com.", DnsRecordType.Soa, [1, 97, 0, 1, 98, 0, .. new byte[20]]));
        yield return Of("x.com.", DnsRecordType.Https, new DnsMessageBuilder().Question("x.com.", DnsRecordType.Https)
            .Answer("x.com. 60 HTTPS 1 . alpn=h2 ipv4hint=203.0.113.1"));
        yield return Of(".", DnsRecordType.A, new DnsMessageBuilder().Question(".", DnsRecordType.A).Answer(". 60 A 203.0.113.1", ". 60 CNAME x."));
        string longest = string.Join('.', new string('a', 63), new string('b', 63), new string('c', 63), new string('d', 61)) + ".";
        yield return Of(longest, DnsRecordType.A, new DnsMessageBuilder().Question(longest, DnsRecordType.A).Answer($"{longest} 60 A 203.0.113.1").Edns());
        string[] chain = [.. Enumerable.Range(0, 17).Select(i => $"n{i}.net. 60 CNAME n{i + 1}.net.").Reverse(), "n16.net. 9 A 203.0.113.1"];
        yield return Of("n0.net.", DnsRecordType.A, new DnsMessageBuilder().Question("n0.net.", DnsRecordType.A).Answer(chain));
    }

    private static Seed Drawn(Random random)
    {
        string name = Names[random.Next(Names.Length)];
        DnsRecordType type = random.Next(2) == 0 ? DnsRecordType.A : DnsRecordType.Aaaa;
        DnsMessageBuilder builder = new DnsMessageBuilder
        {
            Compress = random.Next(4) != 0,
            Flags = (ushort)(random.Next(20) == 0 ? random.Next(65536) & 0xfff0 : random.Next(8) == 0 ? 0x8380 : 0x8180),
            Code = random.Next(20) == 0 ? (DnsResponseCode)random.Next(16) : DnsResponseCode.NoError,
        }.Question(random.Next(2) == 0 ? name : name.ToUpperInvariant(), type);
        for (int i = random.Next(14); i > 0; i--)
        {
            string line = Line(random, name, type);
            _ = random.Next(10) switch
            {
                0 => builder.Authority(line),
                1 => builder.Additional(line),
                _ => builder.Answer(line),
            };
        }

        if (random.Next(2) == 0)
        {
            builder.Edns((ushort)random.Next(65536), (byte)(random.Next(8) == 0 ? 1 : 0), 0, random.Next(2) == 0, new byte[random.Next(3) * 4]);
        }

        return Of(name, type, builder);
    }

    private static string Line(Random random, string asked, DnsRecordType type)
    {
        string owner = random.Next(3) == 0 ? asked : Names[random.Next(Names.Length)];
        string head = $"{(random.Next(3) == 0 ? owner.ToUpperInvariant() : owner)} {(random.Next(6) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)random.Next(200))}";
        string @class = random.Next(16) == 0 ? "CH" : "IN";
        bool v4 = random.Next(8) == 0 ? type != DnsRecordType.A : type == DnsRecordType.A;
        return random.Next(10) switch
        {
            < 4 => $"{head} {@class} CNAME {Names[random.Next(Names.Length)]}",
            9 => $"{head} {@class} TXT \"v=1\"",
            _ => v4 ? $"{head} {@class} A {V4[random.Next(V4.Length)]}" : $"{head} {@class} AAAA {V6[random.Next(V6.Length)]}",
        };
    }

    private static Seed Large(DnsRecordType type, int count)
    {
        DnsMessageBuilder builder = new DnsMessageBuilder().Question("x.com.", type).Answer("x.com. 60 CNAME edge.cdn.net.");
        for (int i = 0; i < count; i++)
        {
            byte[] data = type == DnsRecordType.A ? [203, 1, (byte)(i >> 8), (byte)i] : [0x20, 1, 0xd, 0xb8, .. new byte[10], (byte)(i >> 8), (byte)i];
            builder.Raw(DnsSection.Answer, "edge.cdn.net.", type, data, ttl: 30);
        }

        return Of("x.com.", type, builder.Edns());
    }

    private static Seed LongChain(Random random)
    {
        int[] order = [.. Enumerable.Range(0, 2500)];
        random.Shuffle(order);
        DnsMessageBuilder builder = new DnsMessageBuilder().Question("n0.", DnsRecordType.A);
        foreach (int i in order)
        {
            builder.Answer($"n{i}. 60 CNAME n{i + 1}.");
        }

        return Of("n0.", DnsRecordType.A, builder);
    }

    private static Seed Of(string name, DnsRecordType type, DnsMessageBuilder builder) =>
        new(builder.Build(), WireText.Name(name.ToLowerInvariant()), type);
}
