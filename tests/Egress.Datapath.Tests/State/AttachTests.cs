using System;
using System.Linq;
using System.Threading;
using Egress.Engine.Datapath;
using Egress.Engine.Verdicts;
using Egress.TestKit.Kernel;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.State;

/// <summary>The programs at a real interface, with traffic from a namespace that stands for a pod; by tcx and by clsact.</summary>
public sealed class AttachTests : IDisposable
{
    private readonly Workload _workload = new();

    public static TheoryData<bool> WithoutTcx => [false, true];

    public void Dispose() => _workload.Dispose();

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public void Only_what_policy_allows_passes(bool withoutTcx)
    {
        using KernelDatapath datapath = _workload.Enforce(Options(withoutTcx));

        _workload.Echoes().Should().BeTrue();
        _workload.Send(Workload.DeniedPort);
        Drops(datapath, DropReason.PolicyDenied).Should().Be(1);
        _workload.DeniedThatCame.Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public void Interface_is_closed_from_attachment_until_its_endpoint_is_written(bool withoutTcx)
    {
        using KernelDatapath datapath = _workload.Open(Options(withoutTcx));
        _workload.Echoes().Should().BeTrue("nothing is attached yet");

        Attach(datapath);

        _workload.Send(Workload.AllowedPort);
        Drops(datapath, DropReason.NoConfiguration).Should().BePositive();
        datapath.Apply([Given.AllowPort(Workload.AllowedPort), new DatapathStep.PutEndpoint(Given.Endpoint(_workload.Index, Workload.PodAddress))]);
        _workload.Echoes().Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public void Detached_interface_is_as_it_was(bool withoutTcx)
    {
        using KernelDatapath datapath = _workload.Enforce(Options(withoutTcx));

        _workload.Node.Do(() => datapath.Detach(_workload.Index, Workload.HostInterface));

        _workload.Send(Workload.DeniedPort);
        Wait.Until(() => _workload.DeniedThatCame == 1);
        _workload.Node.Do(datapath.Snapshot).Attached.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public void Datapath_without_pins_ends_with_its_enforcement(bool withoutTcx)
    {
        KernelDatapath datapath = _workload.Enforce(Options(withoutTcx));

        _workload.Node.Do(datapath.Dispose);

        _workload.Send(Workload.DeniedPort);
        Wait.Until(() => _workload.DeniedThatCame == 1);
    }

    [Fact]
    public void Attaching_again_changes_nothing()
    {
        using KernelDatapath datapath = _workload.Enforce(Given.Options);

        Attach(datapath);

        _workload.Echoes().Should().BeTrue("the endpoint is still known");
        _workload.Node.Do(datapath.Snapshot).Attached.Should().Equal([(_workload.Index, Workload.HostInterface)]);
    }

    [Fact]
    public void Endpoint_of_an_interface_that_had_the_index_before_does_not_speak_for_a_new_one()
    {
        using KernelDatapath datapath = _workload.Open(Given.Options);
        datapath.Apply([new DatapathStep.PutEndpoint(Given.Endpoint(_workload.Index, Workload.PodAddress) with { Flags = EndpointFlags.None })]);

        Attach(datapath);

        _workload.Send(Workload.AllowedPort);
        Drops(datapath, DropReason.NoConfiguration).Should().BePositive();
    }

    [Fact]
    public void Interface_that_is_not_there_is_named()
    {
        using KernelDatapath datapath = _workload.Open(Given.Options);

        Action attach = () => _workload.Node.Do(() => datapath.Attach(9999, "lxc9999"));

        attach.Should().Throw<DatapathException>().WithMessage("*lxc9999*");
        datapath.Invoking(d => d.Detach(9999, "lxc9999")).Should().NotThrow("an interface that is gone is no error");
    }

    [Fact]
    public void Vanished_interface_is_no_longer_told_of()
    {
        using KernelDatapath datapath = _workload.Enforce(Given.Options);

        _workload.Node.Check("ip", "link", "delete", Workload.HostInterface);

        _workload.Node.Do(datapath.Snapshot).Attached.Should().BeEmpty();
        datapath.Invoking(d => d.Detach(_workload.Index, Workload.HostInterface)).Should().NotThrow();
    }

    [Fact]
    public void Program_that_lets_everything_pass_does_not_come_first()
    {
        // Another's clsact filter that passes for good: tcx runs before clsact, whoever was there first.
        _workload.Node.Check("tc", "qdisc", "add", "dev", Workload.HostInterface, "clsact");
        using KernelDatapath datapath = _workload.Enforce(Given.Options);

        _workload.Send(Workload.DeniedPort);

        Drops(datapath, DropReason.PolicyDenied).Should().Be(1);
    }

    private static DatapathOptions Options(bool withoutTcx) => Given.Options with { WithoutTcx = withoutTcx };

    private static ulong Drops(KernelDatapath datapath, DropReason reason)
    {
        ulong Count() => datapath.Counters().Where(counter => counter.Reason == reason).Aggregate(0UL, (sum, counter) => sum + counter.Packets);
        Wait.Until(() => Count() > 0);
        return Count();
    }

    private void Attach(KernelDatapath datapath) => _workload.Node.Do(() => datapath.Attach(_workload.Index, Workload.HostInterface));
}
