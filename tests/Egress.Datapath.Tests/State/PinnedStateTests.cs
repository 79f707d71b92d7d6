using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Egress.Bpf;
using Egress.Engine.Datapath;
using Egress.TestKit.Kernel;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.State;

/// <summary>What outlives the process that opened it, how the next one takes it up, and what stands when it can't.</summary>
public sealed class PinnedStateTests : IDisposable
{
    private readonly BpfDirectory _directory = new();
    private readonly Workload _workload = new();

    public static TheoryData<bool> WithoutTcx => [false, true];

    private DatapathOptions Pinned => Given.Options with { PinDirectory = _directory.Pins };

    private string IngressLink => LinkPath("in");

    public void Dispose()
    {
        _workload.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public void Enforcement_stays_when_the_process_ends(bool withoutTcx)
    {
        _workload.Enforce(Pinned with { WithoutTcx = withoutTcx }).Dispose();

        DemandEnforced();
    }

    [Fact]
    public void Next_process_finds_what_the_last_one_wrote()
    {
        DatapathSnapshot before;
        using (KernelDatapath first = _workload.Enforce(Pinned))
        {
            first.Apply([new DatapathStep.PutLearned(Given.LearnedMany(50))]);
            before = _workload.Node.Do(first.Snapshot);
        }

        using KernelDatapath second = _workload.Open(Pinned);

        DatapathSnapshot after = _workload.Node.Do(second.Snapshot);
        after.Should().BeEquivalentTo(before);
        after.Attached.Should().Equal([(_workload.Index, Workload.HostInterface)]);
        DemandEnforced();
        // What it writes reaches the programs: the maps are the same ones.
        second.Apply([new DatapathStep.RemoveEndpoint(_workload.Index)]);
        _workload.Echoes(patienceMilliseconds: 200).Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public async Task Taking_over_loses_no_packet_and_lets_none_through(bool withoutTcx)
    {
        DatapathOptions options = Pinned with { WithoutTcx = withoutTcx };
        _workload.Enforce(options).Dispose();
        Task<uint[]> takingOver = Task.Run(() =>
        {
            List<uint> programs = [];
            for (int i = 0; i < 10; i++)
            {
                using KernelDatapath next = _workload.Open(options);
                programs.Add(withoutTcx ? 0 : ProgramAt(IngressLink));
            }

            return programs.ToArray();
        });

        int exchanged = 0;
        do
        {
            _workload.Echoes().Should().BeTrue("exchange {0} is allowed", exchanged);
            _workload.Send(Workload.DeniedPort);
            exchanged++;
        }
        while (!takingOver.IsCompleted);

        (await takingOver).Distinct().Should().HaveCount(withoutTcx ? 1 : 10, "each process brings its own programs");
        DemandEnforced();
    }

    [Fact]
    public void Maps_of_another_layout_are_refused_by_name_and_go_on_enforcing()
    {
        _workload.Enforce(Pinned).Dispose();
        uint program = ProgramAt(IngressLink);
        File.Move(Path.Combine(_directory.Pins, "abi_" + AbiVersion.Hash), Path.Combine(_directory.Pins, "abi_0123456789abcdef"));

        Action open = () => _workload.Open(Pinned).Dispose();

        open.Should().Throw<DatapathException>().WithMessage($"*{_directory.Pins}*0123456789abcdef*{AbiVersion.Hash}*");
        ProgramAt(IngressLink).Should().Be(program);
        DemandEnforced();
    }

    [Fact]
    public void Maps_without_a_layout_are_refused()
    {
        _workload.Enforce(Pinned).Dispose();
        File.Delete(Path.Combine(_directory.Pins, "abi_" + AbiVersion.Hash));

        Action open = () => _workload.Open(Pinned).Dispose();

        open.Should().Throw<DatapathException>().WithMessage("*unknown layout*");
        DemandEnforced();
    }

    [Fact]
    public void Programs_that_can_not_be_loaded_leave_the_old_ones()
    {
        _workload.Enforce(Pinned).Dispose();
        uint program = ProgramAt(IngressLink);
        byte[] broken = KernelDatapath.ShippedObject();
        broken.AsSpan(64, 4096).Clear();

        Action open = () => _workload.Node.Do(() => KernelDatapath.Open(Pinned, broken).Dispose());

        open.Should().Throw<DatapathException>();
        ProgramAt(IngressLink).Should().Be(program);
        DemandEnforced();
    }

    [Fact]
    public void Pin_that_is_no_link_stops_the_takeover_before_it_begins()
    {
        using (KernelDatapath first = _workload.Enforce(Pinned))
        {
            uint program = ProgramAt(IngressLink);
            PinSomethingElse(Path.Combine(_directory.Pins, "links", "9999_in"));

            Action open = () => _workload.Open(Pinned).Dispose();

            open.Should().Throw<DatapathException>().WithMessage("*not a tcx link*");
            ProgramAt(IngressLink).Should().Be(program);
        }

        DemandEnforced();
    }

    [Fact]
    public void Takeover_that_fails_at_its_last_step_gives_the_old_programs_back()
    {
        _workload.Enforce(Pinned).Dispose();
        uint[] programs = [ProgramAt(IngressLink), ProgramAt(LinkPath("out"))];
        Directory.CreateDirectory(Path.Combine(_directory.Pins, "programs", "to_workload_next"));

        Action open = () => _workload.Open(Pinned).Dispose();

        open.Should().Throw<DatapathException>();
        new[] { ProgramAt(IngressLink), ProgramAt(LinkPath("out")) }.Should().Equal(programs);
        DemandEnforced();
    }

    [Fact]
    public void Pins_of_a_vanished_interface_are_removed()
    {
        _workload.Enforce(Pinned).Dispose();
        _workload.Node.Check("ip", "link", "delete", Workload.HostInterface);

        using KernelDatapath next = _workload.Open(Pinned);

        Directory.EnumerateFileSystemEntries(Path.Combine(_directory.Pins, "links")).Should().BeEmpty();
        _workload.Node.Do(next.Snapshot).Attached.Should().BeEmpty();
    }

    [Fact]
    public void Half_of_an_attachment_is_completed_by_attaching_again()
    {
        _workload.Enforce(Pinned).Dispose();
        File.Delete(LinkPath("out"));

        using KernelDatapath next = _workload.Open(Pinned);
        _workload.Node.Do(() => next.Attach(_workload.Index, Workload.HostInterface));
        next.Apply([new DatapathStep.PutEndpoint(Given.Endpoint(_workload.Index, Workload.PodAddress))]);

        File.Exists(LinkPath("out")).Should().BeTrue();
        DemandEnforced();
    }

    [Fact]
    public void Detaching_removes_the_pins()
    {
        using KernelDatapath datapath = _workload.Enforce(Pinned);

        _workload.Node.Do(() => datapath.Detach(_workload.Index, Workload.HostInterface));

        Directory.EnumerateFileSystemEntries(Path.Combine(_directory.Pins, "links")).Should().BeEmpty();
        _workload.Send(Workload.DeniedPort);
        Wait.Until(() => _workload.DeniedThatCame == 1);
    }

    [Theory]
    [MemberData(nameof(WithoutTcx))]
    public void Removal_ends_enforcement_and_leaves_nothing(bool withoutTcx)
    {
        _workload.Enforce(Pinned with { WithoutTcx = withoutTcx }).Dispose();

        _workload.Node.Do(() => KernelDatapath.Remove(_directory.Pins));

        Directory.Exists(_directory.Pins).Should().BeFalse();
        _workload.Node.Check("tc", "filter", "show", "dev", Workload.HostInterface, "ingress").Should().BeEmpty();
        _workload.Send(Workload.DeniedPort);
        Wait.Until(() => _workload.DeniedThatCame == 1);
    }

    [Fact]
    public void Directory_is_private_to_its_owner()
    {
        _workload.Open(Pinned).Dispose();

        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        File.GetUnixFileMode(_directory.Pins).Should().Be(Private);
        File.GetUnixFileMode(Path.Combine(_directory.Pins, MapNames.Policy)).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Name_that_the_file_system_does_not_take_is_refused_with_the_reason()
    {
        Action open = () => KernelDatapath.Open(Given.Options with { PinDirectory = Path.Combine(_directory.Mount, "egress.d") });

        open.Should().Throw<DatapathException>().WithMessage("*egress.d*dot*");
    }

    [Fact]
    public void File_system_is_mounted_where_there_is_none()
    {
        string point = string.Create(CultureInfo.InvariantCulture, $"/run/egt-{Environment.ProcessId}-0");
        try
        {
            KernelDatapath.Open(Given.Options with { PinDirectory = Path.Combine(point, "pins") }).Dispose();

            File.Exists(Path.Combine(point, "pins", MapNames.Policy)).Should().BeTrue();
            Command.Check("stat", "--file-system", "--format=%t", point).Trim().Should().Be("cafe4a11");
        }
        finally
        {
            Command.Run("umount", "--lazy", point);
            Directory.Delete(point);
        }
    }

    [Fact]
    public void File_system_is_not_mounted_over_what_is_there()
    {
        string point = Directory.CreateTempSubdirectory("egt-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(point, "state"), "precious");

            Action open = () => KernelDatapath.Open(Given.Options with { PinDirectory = Path.Combine(point, "pins") });

            open.Should().Throw<DatapathException>().WithMessage($"*{point}*not empty*");
        }
        finally
        {
            Directory.Delete(point, recursive: true);
        }
    }

    private static uint ProgramAt(string pin)
    {
        using BpfHandle link = BpfHandle.OpenPinned(pin);
        return BpfLink.ProgramOf(link);
    }

    private void PinSomethingElse(string path)
    {
        using BpfHandle map = BpfHandle.OpenPinned(Path.Combine(_directory.Pins, MapNames.Lost));
        map.Pin(path);
    }

    private string LinkPath(string end) =>
        Path.Combine(_directory.Pins, "links", string.Create(CultureInfo.InvariantCulture, $"{_workload.Index}_{end}"));

    private void DemandEnforced()
    {
        _workload.Echoes().Should().BeTrue("that port is allowed");
        _workload.Send(Workload.DeniedPort);
        // Whatever passed before the echo that follows has been delivered by then: the path is one queue.
        _workload.Echoes().Should().BeTrue();
        _workload.DeniedThatCame.Should().Be(0);
    }
}
