using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Learn;

/// <summary>The cache beside a model of two dictionaries, under random sequences of everything that it can do.</summary>
public sealed class NameCacheTests
{
    private const ulong Second = 1_000_000_000;

    [Theory]
    [InlineData(1, 3, 40, 12)]
    [InlineData(2, 1, 5, 300)]
    [InlineData(3, 1, 300, 3)]
    [InlineData(4, 8, 2_000, 2_000)]
    [InlineData(5, 200, 20, 20)]
    public void Cache_UnderRandomSteps_HoldsWhatTheModelHolds(int seed, int owners, int names, int addresses)
    {
        Random random = new(seed);
        LearnSettings settings = new() { MaxNamesPerEndpoint = 150, MaxAddressesPerName = 100, MaxNamesPerAddress = 120 };
        NameCache cache = new(settings);
        Model model = new(settings);
        ulong now = 1_000 * Second;
        for (int step = 0; step < 20_000; step++)
        {
            now += (ulong)random.NextInt64((long)Second / 2);
            int action = random.Next(1_000);
            if (action < 950)
            {
                uint owner = (uint)random.Next(owners);
                DnsName name = Name(random.Next(names));
                Address address = AddressOf(random.Next(addresses));
                // From a moment to days, so that every level of the wheel is met.
                Deadline deadline = new(now + ((ulong)random.Next(1, 100) * Second << random.Next(0, 12)));
                cache.Put(owner, name.Wire, address, deadline, new(now), out NameHandle handle).Should().Be(model.Put(owner, name, address, deadline), "seed {0}, step {1}", seed, step);
                if (handle != default && model.Has(owner, name))
                {
                    cache.NameOf(handle).Should().Be(name);
                    cache.OwnerOf(handle).Should().Be(owner);
                }
            }
            else if (action < 998)
            {
                now += (ulong)random.Next(100) * Second << random.Next(0, 10);
                while (cache.Sweep(new(now), 50) > 0)
                {
                }

                // A tick of the wheel may be kept back; what is kept must be over for less than that.
                model.Sweep(now, cache);
            }
            else
            {
                uint owner = (uint)random.Next(owners);
                cache.RemoveOwner(owner);
                model.RemoveOwner(owner);
            }

            if (step % 500 == 0)
            {
                Compare(cache, model, seed, step);
            }
        }

        Compare(cache, model, seed, -1);
        foreach (uint owner in Enumerable.Range(0, owners).Select(owner => (uint)owner))
        {
            cache.RemoveOwner(owner);
        }

        (cache.Names, cache.Pairs, cache.All().Count()).Should().Be((0, 0, 0));
    }

    [Fact]
    public void Deadline_ThatMovesLater_KeepsThePair()
    {
        NameCache cache = new(new LearnSettings());
        DnsName name = Name(1);
        cache.Put(1, name.Wire, AddressOf(1), new(10 * Second), new(Second), out _);
        cache.Put(1, name.Wire, AddressOf(1), new(100 * Second), new(2 * Second), out _).Should().Be(PutOutcome.Extended);
        cache.Put(1, name.Wire, AddressOf(1), new(50 * Second), new(2 * Second), out _).Should().Be(PutOutcome.Unchanged);

        cache.Sweep(new(90 * Second), 100).Should().Be(0);
        cache.Sweep(new(101 * Second), 100).Should().Be(1);
    }

    [Fact]
    public void Sweep_DoesNoMoreThanItsLimit()
    {
        NameCache cache = new(new LearnSettings());
        for (int i = 0; i < 1_000; i++)
        {
            cache.Put(1, Name(i).Wire, AddressOf(i), new(10 * Second), new(Second), out _);
        }

        cache.Sweep(new(20 * Second), 300).Should().Be(300);
        cache.Pairs.Should().Be(700);
    }

    [Fact]
    public void Names_OfAnAddress_AreTheNewestFirst_AndTheLastOneIsRememberedWhenItIsOver()
    {
        NameCache cache = new(new LearnSettings());
        for (int i = 0; i < 10; i++)
        {
            cache.Put(1, Name(i).Wire, AddressOf(7), new((ulong)(10 + i) * Second), new(Second), out _);
        }

        cache.NamesOf(1, AddressOf(7)).Should().Equal(Enumerable.Range(0, 8).Select(i => Name(9 - i)));
        cache.NamesOf(2, AddressOf(7)).Should().BeEmpty();
        cache.Sweep(new(100 * Second), 100);
        cache.NamesOf(1, AddressOf(7)).Should().Equal(Name(9));
    }

    [Fact]
    public void Memory_IsUsedAgain_WhenEverythingGoesAndComesBack()
    {
        NameCache cache = new(new LearnSettings { MaxNamesPerEndpoint = 100_000 });
        Fill(cache, 0);
        long full = cache.Bytes;
        for (int round = 1; round < 5; round++)
        {
            cache.RemoveOwner(1);
            Fill(cache, round);
        }

        cache.Bytes.Should().BeLessThan(full * 2, "texts may take twice what lives, everything else is used again");

        static void Fill(NameCache cache, int round)
        {
            for (int i = 0; i < 20_000; i++)
            {
                cache.Put(1, Name((round * 20_000) + i).Wire, AddressOf(i), new(1_000 * Second), new(Second), out _);
            }
        }
    }

    [Fact]
    public void Refresh_AllocatesNothing()
    {
        NameCache cache = new(new LearnSettings());
        byte[] name = Name(1).Wire.ToArray();
        Address address = AddressOf(1);
        cache.Put(1, name, address, new(10 * Second), new(Second), out _);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong i = 0; i < 1_000; i++)
        {
            cache.Put(1, name, address, new((11 + i) * Second), new(Second), out _);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    private static void Compare(NameCache cache, Model model, int seed, int step)
    {
        Dictionary<(uint, string, Address), Deadline> held = (from handle in cache.All()
                                                              from pair in cache.AddressesOf(handle)
                                                              select KeyValuePair.Create((cache.OwnerOf(handle), cache.NameOf(handle).ToString(), pair.Key), pair.Value)).ToDictionary();
        held.Should().Equal(model.Pairs, "seed {0}, step {1}", seed, step);
        cache.Pairs.Should().Be(held.Count);
        cache.Names.Should().Be(held.Keys.Select(key => (key.Item1, key.Item2)).Distinct().Count());
    }

    private static DnsName Name(int number) => DnsName.TryParse($"host-{number}.{(number % 3 == 0 ? "a-much-longer-zone.example.com" : "test")}", out DnsName? name) ? name : throw new InvalidOperationException();

    private static Address AddressOf(int number) => Address.Parse(number % 2 == 0 ? $"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}" : $"2001:db8::{number:x}");

    private sealed class Model(LearnSettings settings)
    {
        public Dictionary<(uint Owner, string Name, Address Address), Deadline> Pairs { get; } = [];

        public bool Has(uint owner, DnsName name) => Pairs.Keys.Any(key => key.Owner == owner && key.Name == name.ToString());

        public PutOutcome Put(uint owner, DnsName name, Address address, Deadline deadline)
        {
            string text = name.ToString();
            if (Pairs.TryGetValue((owner, text, address), out Deadline held))
            {
                if (held.Nanoseconds >= deadline.Nanoseconds)
                {
                    return PutOutcome.Unchanged;
                }

                Pairs[(owner, text, address)] = deadline;
                return PutOutcome.Extended;
            }

            string[] names = [.. Pairs.Keys.Where(key => key.Owner == owner).Select(key => key.Name).Distinct()];
            if (Pairs.Keys.Count(key => key.Owner == owner && key.Address == address) >= settings.MaxNamesPerAddress ||
                (names.Contains(text) ? Pairs.Keys.Count(key => key.Owner == owner && key.Name == text) >= settings.MaxAddressesPerName : names.Length >= settings.MaxNamesPerEndpoint))
            {
                return PutOutcome.OverQuota;
            }

            Pairs[(owner, text, address)] = deadline;
            return PutOutcome.New;
        }

        public void RemoveOwner(uint owner)
        {
            foreach ((uint, string, Address) key in Pairs.Keys.Where(key => key.Owner == owner).ToArray())
            {
                Pairs.Remove(key);
            }
        }

        public void Sweep(ulong now, NameCache cache)
        {
            HashSet<(uint, string, Address)> held = [.. from handle in cache.All() from pair in cache.AddressesOf(handle) select (cache.OwnerOf(handle), cache.NameOf(handle).ToString(), pair.Key)];
            const ulong Tick = 1UL << 28;
            foreach ((uint Owner, string Name, Address Address) key in Pairs.Keys.ToArray())
            {
                if (held.Contains(key))
                {
                    (Pairs[key].Nanoseconds + Tick).Should().BeGreaterThan(now, "what is over goes");
                }
                else
                {
                    Pairs[key].IsPast(new(now)).Should().BeTrue("what is not over stays");
                    Pairs.Remove(key);
                }
            }
        }
    }
}
