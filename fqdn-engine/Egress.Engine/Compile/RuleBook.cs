using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Rules;

namespace Egress.Engine.Compile;

/// <summary>The rules, each under the number that the kernel's entries and events name it by. Equal rules keep their number as long as
/// they are there; a number is no other rule's. Not thread-safe.</summary>
internal sealed class RuleBook
{
    // Rules that are gone and can still be named.
    private const int MaxFormer = 65_536;

    private readonly Dictionary<Rule, uint> _numbers = [];
    private readonly Dictionary<uint, RuleOrigin> _origins = [];
    private readonly Queue<uint> _former = new();
    private uint _next = 1;

    /// <summary>The rules in the order of their numbers.</summary>
    public ImmutableArray<(Rule Rule, uint Number)> Rules { get; private set; } = [];

    /// <summary>Has counting go on after a number.</summary>
    public void ContinueFrom(uint number) => _next = number >= _next ? number + 1 : _next;

    /// <summary>Where a rule was written; null where unknown.</summary>
    public RuleOrigin? Origin(uint number) => _origins.GetValueOrDefault(number);

    /// <summary>Replaces the rules.</summary>
    public void Set(IReadOnlyList<Rule> rules)
    {
        HashSet<Rule> wanted = [.. rules];
        foreach (Rule gone in (Rule[])[.. _numbers.Keys.Where(rule => !wanted.Contains(rule))])
        {
            // The origin stays known for a while: events of a connection that ends may still name it.
            _numbers.Remove(gone, out uint number);
            _former.Enqueue(number);
            if (_former.Count > MaxFormer)
            {
                _origins.Remove(_former.Dequeue());
            }
        }

        foreach (Rule rule in rules)
        {
            if (_numbers.TryAdd(rule, _next))
            {
                _origins[_next++] = rule.Origin;
            }
        }

        Rules = [.. _numbers.Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Value)];
    }
}
