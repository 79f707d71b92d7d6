using System;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Engine;

/// <summary>Random worlds against the oracle. A failure names its seed and tells the story.</summary>
public sealed class PolicyEngineWorldTests
{
    [Fact]
    public void Verdicts_of_20000_random_worlds_are_those_of_the_rules_read_one_by_one()
    {
        for (int seed = 1; seed <= 20_000; seed++)
        {
            RandomWorld world = new(new Random(seed));
            WorldRun run = new(world, Settings(world), $"seed {seed}");
            foreach (int change in world.Random.GetItems([0, 1, 2], 3).Distinct())
            {
                Build(run, world, change);
            }

            for (int change = 0; change < 3; change++)
            {
                Build(run, world, change);
            }

            Learn(run, world, 4);
            run.Check(10);
            run.Wait(5);
            run.Check(5);
        }
    }

    [Fact]
    public void Verdicts_after_any_row_of_changes_are_those_of_the_rules_and_no_write_between_opens_or_shuts()
    {
        for (int seed = 1; seed <= 1_500; seed++)
        {
            RandomWorld world = new(new Random(seed));
            WorldRun run = new(world, Settings(world), $"seed {seed}") { WatchWrites = true };
            for (int change = 0; change < 3; change++)
            {
                Build(run, world, change);
            }

            for (int i = 0; i < 14; i++)
            {
                Act(run, world);
                run.Check(6);
            }

            run.CheckReconciled();
        }
    }

    [Fact]
    public void Restart_with_the_journal_whole_keeps_all_verdicts()
    {
        for (int seed = 1; seed <= 400; seed++)
        {
            RandomWorld world = new(new Random(seed));
            WorldRun run = new(world, Settings(world), $"seed {seed}") { WatchWrites = true };
            for (int change = 0; change < 3; change++)
            {
                Build(run, world, change);
            }

            for (int i = 0; i < 5; i++)
            {
                Act(run, world);
            }

            run.Restart(namesKept: 100);
            run.Check(10);
            Act(run, world);
            run.Check(10);
        }
    }

    [Fact]
    public void Restart_with_the_journal_lost_keeps_what_the_kernel_learned()
    {
        for (int seed = 1; seed <= 400; seed++)
        {
            RandomWorld world = new(new Random(seed));
            WorldRun run = new(world, Settings(world), $"seed {seed}") { WatchWrites = true };
            for (int change = 0; change < 3; change++)
            {
                Build(run, world, change);
            }

            Learn(run, world, 3);
            run.Restart(namesKept: world.Pick([0, 50]));
            run.Check(10);
            run.Wait(5);
            run.Check(10);
        }
    }

    private static EngineSettings Settings(RandomWorld world) => new()
    {
        Learn = new LearnSettings { Scope = world.Chance(15) ? LearnScope.Namespace : LearnScope.Endpoint },
        Enforcement = world.Chance(5) ? EnforcementMode.Always : world.Chance(3) ? EnforcementMode.Never : EnforcementMode.Default,
        Audit = world.Chance(4),
    };

    private static void Build(WorldRun run, RandomWorld world, int change)
    {
        switch (change)
        {
            case 0:
                run.SetRules(world.Rules(8));
                break;
            case 1:
                run.SetPeers(world.Peers());
                break;
            default:
                run.PutEndpoint(world.Endpoint(1));
                run.PutEndpoint(world.Endpoint(2));
                break;
        }
    }

    private static void Act(WorldRun run, RandomWorld world)
    {
        switch (world.Random.Next(10))
        {
            case 0:
                run.SetRules(world.Rules(8));
                break;
            case 1 or 2:
                // Most changes are small.
                run.SetRules([.. run.Oracle.Rules.Where(_ => world.Chance(80)), .. world.Rules(2)]);
                break;
            case 3:
                run.SetPeers(world.Peers());
                break;
            case 4:
                run.PutEndpoint(world.Endpoint((uint)world.Random.Next(1, 5)));
                break;
            case 5 when run.Oracle.Endpoints.Count > 2 && run.Oracle.Settings.Learn.Scope == LearnScope.Endpoint:
                run.RemoveEndpoint(world.Pick(run.Oracle.Endpoints).Id);
                break;
            case 6:
                run.Wait(5 * world.Random.Next(1, 4));
                break;
            default:
                Learn(run, world, 3);
                break;
        }
    }

    // Times are multiples of five seconds, so that shared slots are always laid out anew in time.
    private static void Learn(WorldRun run, RandomWorld world, int most)
    {
        for (int i = world.Random.Next(most + 1); i > 0; i--)
        {
            Address[] addresses = [.. Enumerable.Range(0, world.Random.Next(1, 4)).Select(_ => world.Remote())];
            run.Learn(world.Pick(run.Oracle.Endpoints).Id, world.Pick(RandomWorld.Names), addresses, (uint)(5 * world.Random.Next(1, 8)));
        }
    }
}
