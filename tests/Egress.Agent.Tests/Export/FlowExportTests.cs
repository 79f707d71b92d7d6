using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Egress.Agent.Export;
using Egress.Agent.Settings;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Service;
using Egress.Observe.Text;
using FluentAssertions;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Egress.Agent.Tests.Export;

public sealed class FlowExportTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Observations _observations = new(100, "default/node-1", "1.0.0", TimeProvider.System);

    [Fact]
    public async Task Flows_that_the_filters_let_through_are_written()
    {
        ExportSettings settings = new() { File = _directory.At("flows.json"), Allow = """[{"verdict": ["DROPPED"]}, {"verdict": ["AUDIT"]}]""", Deny = """{"uuid": ["3"]}""" };
        await using (FlowExport? export = FlowExport.Start(settings, new ObserverService(_observations, TimeProvider.System), _ => { }))
        {
            Add(Verdict.Dropped, 1);
            Add(Verdict.Forwarded, 2);
            Add(Verdict.Dropped, 3);
            Add(Verdict.Audit, 4);
            await EventuallyAsync(() => File.Exists(settings.File) && File.ReadAllLines(settings.File).Length == 2);
        }

        File.ReadAllLines(settings.File).Select(line => FlowJson.Read(line).Flow.Uuid).Should().Equal("1", "4");
    }

    [Fact]
    public void Filter_that_is_none_is_told()
    {
        ExportSettings settings = new() { File = _directory.At("flows.json"), Allow = "verdict=DROPPED" };

        Action start = () => FlowExport.Start(settings, new ObserverService(_observations, TimeProvider.System), _ => { });

        start.Should().Throw<AgentException>().WithMessage("export.allow is no list of flow filters in JSON*");
    }

    [Fact]
    public void Without_a_file_there_is_no_export()
    {
        FlowExport.Start(new ExportSettings(), new ObserverService(_observations, TimeProvider.System), _ => { }).Should().BeNull();
    }

    public void Dispose() => _directory.Dispose();

    private static async Task EventuallyAsync(Func<bool> holds)
    {
        for (int i = 0; i < 600 && !holds(); i++)
        {
            await Task.Delay(50);
        }

        holds().Should().BeTrue();
    }

    private void Add(Verdict verdict, int number) =>
        _observations.Add(new Flow { Verdict = verdict, Uuid = $"{number}", Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow), NodeName = "default/node-1" });
}
