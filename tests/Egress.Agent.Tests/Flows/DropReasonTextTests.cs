using System;
using Egress.Agent.Flows;
using Egress.Engine.Verdicts;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Flows;

public sealed class DropReasonTextTests
{
    [Fact]
    public void Every_drop_reason_has_words()
    {
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            DropReasonText.Of(reason).Should().NotStartWith("reason ", "of {0}", reason);
        }
    }
}
