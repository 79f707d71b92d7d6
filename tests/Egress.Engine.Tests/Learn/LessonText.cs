using System.Collections.Generic;
using Egress.Dns;
using Egress.Engine.Learn;

namespace Egress.Engine.Tests.Learn;

/// <summary>What a learner taught, as lines <c>owner address ttl</c>.</summary>
internal static class LessonText
{
    internal static List<string> Of(AnswerLearner learner)
    {
        List<string> lines = [];
        for (int owner = 0; owner < learner.OwnerCount; owner++)
        {
            foreach (AnsweredAddress address in learner.AddressesOf(owner))
            {
                lines.Add($"{DnsName.ToText(learner.Owner(owner))} {address.Address} {address.TtlSeconds}");
            }
        }

        return lines;
    }
}
