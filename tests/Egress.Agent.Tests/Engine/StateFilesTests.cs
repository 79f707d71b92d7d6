using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Egress.Agent.Engine;
using Egress.Dns;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Names;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Engine;

public sealed class StateFilesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void Journal_gives_back_what_was_appended()
    {
        using (StateFiles files = Started())
        {
            Append(files, 7, "api.github.com.", "192.0.2.11", 5_000);
            Append(files, 9, "x.example.", "2001:db8::1", 6_000);
        }

        using StateFiles again = new(_directory.Path);
        again.LoadNames().Should().Equal(
            new LearnedName(7, new("api.github.com."), Address.Parse("192.0.2.11"), new(5_000)),
            new LearnedName(9, new("x.example."), Address.Parse("2001:db8::1"), new(6_000)));
    }

    [Fact]
    public void Flushed_record_survives_a_process_that_ends_without_warning()
    {
        using StateFiles dying = Started();
        Append(dying, 7, "api.github.com.", "192.0.2.11", 5_000);
        dying.Flush();
        Append(dying, 7, "later.github.com.", "192.0.2.12", 5_000);

        using StateFiles successor = new(_directory.Path);
        successor.LoadNames().Should().ContainSingle().Which.Name.Text.Should().Be("api.github.com.");
    }

    [Fact]
    public void Torn_last_record_is_passed_over_wherever_it_is_torn()
    {
        using (StateFiles files = Started())
        {
            Append(files, 7, "api.github.com.", "192.0.2.11", 5_000);
            Append(files, 8, "www.example.org.", "192.0.2.12", 5_000);
        }

        byte[] whole = File.ReadAllBytes(_directory.At("names"));
        int last = 29 + 17; // www.example.org. in wire form has 17 octets
        for (int torn = 1; torn <= last; torn++)
        {
            File.WriteAllBytes(_directory.At("names"), whole[..^torn]);
            using StateFiles files = new(_directory.Path);
            files.LoadNames().Should().ContainSingle("{0} octets are missing", torn).Which.Endpoint.Should().Be(7);
        }
    }

    [Fact]
    public void Journal_of_another_boot_says_nothing()
    {
        using (StateFiles files = Started())
        {
            Append(files, 7, "api.github.com.", "192.0.2.11", 5_000);
        }

        byte[] journal = File.ReadAllBytes(_directory.At("names"));
        int boot = "egress names 1 ".Length;
        journal[boot] = journal[boot] == (byte)'0' ? (byte)'1' : (byte)'0';
        File.WriteAllBytes(_directory.At("names"), journal);

        using StateFiles other = new(_directory.Path);
        other.LoadNames().Should().BeEmpty();
    }

    [Fact]
    public void Journal_of_noise_is_read_without_harm()
    {
        Random random = new(20261121);
        using (StateFiles files = Started())
        {
            Append(files, 7, "api.github.com.", "192.0.2.11", 5_000);
        }

        byte[] journal = File.ReadAllBytes(_directory.At("names"));
        int header = Array.IndexOf(journal, (byte)'\n') + 1;
        for (int round = 0; round < 500; round++)
        {
            byte[] noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            File.WriteAllBytes(_directory.At("names"), [.. journal[..header], .. noise]);
            using StateFiles files = new(_directory.Path);
            files.LoadNames().Count.Should().BeLessThanOrEqualTo(200 / 30);
        }
    }

    [Fact]
    public void Journal_started_anew_holds_what_it_is_given_and_grows_on()
    {
        LearnedName kept = new(3, new("kept.test."), Address.Parse("192.0.2.1"), new(9_000));
        using (StateFiles files = Started())
        {
            for (int i = 0; i < 5000; i++)
            {
                Append(files, 1, "gone.test.", "192.0.2.9", 1);
            }

            files.StartJournal([kept]);
            Append(files, 4, "new.test.", "192.0.2.2", 9_000);
        }

        using StateFiles again = new(_directory.Path);
        again.LoadNames().Select(name => name.Name.Text).Should().Equal("kept.test.", "new.test.");
        new FileInfo(_directory.At("names")).Length.Should().BeLessThan(1000);
    }

    [Fact]
    public void Identities_keep_their_numbers_over_a_restart()
    {
        FqdnSelector github = Selector("*.github.com");
        IdentityTable first = new();
        Identity number = first.OfNames([github])!.Number;
        using (StateFiles files = new(_directory.Path))
        {
            files.StoreIdentities(first);
        }

        IdentityTable second = new();
        using StateFiles again = new(_directory.Path);
        again.LoadIdentities(second);
        second.OfNames([Selector("*.example.org")])!.Number.Should().NotBe(number);
        second.OfNames([github])!.Number.Should().Be(number);
    }

    [Fact]
    public void Meaning_that_is_met_only_after_others_were_stored_keeps_its_number()
    {
        IdentityTable first = new();
        Identity network = first.OfNetworks([new(Prefix.Parse("192.0.2.0/24"), [])]).Number;
        using (StateFiles files = new(_directory.Path))
        {
            files.StoreIdentities(first);
        }

        // The second run stores a new number before it meets the old meaning, and ends there.
        IdentityTable second = new();
        using (StateFiles files = new(_directory.Path))
        {
            files.LoadIdentities(second);
            second.OfNetworks([new(Prefix.Parse("198.51.100.0/24"), [])]);
            files.StoreIdentities(second);
        }

        IdentityTable third = new();
        using StateFiles last = new(_directory.Path);
        last.LoadIdentities(third);
        third.OfNetworks([new(Prefix.Parse("192.0.2.0/24"), [])]).Number.Should().Be(network);
    }

    [Fact]
    public void State_is_readable_by_its_owner_alone()
    {
        using StateFiles files = new(_directory.At("state"));
        files.StartJournal([]);
        files.StoreIdentities(WithOneIdentity());

        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        foreach (string path in Directory.EnumerateFileSystemEntries(_directory.At("state")).Append(_directory.At("state")))
        {
            (File.GetUnixFileMode(path) & Others).Should().Be(UnixFileMode.None, path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private static IdentityTable WithOneIdentity()
    {
        IdentityTable table = new();
        table.OfNames([Selector("a.test")]);
        return table;
    }

    private static FqdnSelector Selector(string pattern)
    {
        NamePattern.TryPattern(pattern, out FqdnSelector selector, out _).Should().BeTrue();
        return selector;
    }

    private static void Append(StateFiles files, uint endpoint, string name, string address, ulong deadline)
    {
        DnsName.TryParse(name, out DnsName? parsed).Should().BeTrue();
        files.Append(endpoint, parsed!.Wire, Address.Parse(address), new Deadline(deadline));
    }

    private StateFiles Started()
    {
        StateFiles files = new(_directory.Path);
        files.StartJournal([]);
        return files;
    }
}
