using System;
using System.Collections.Generic;
using System.Linq;

namespace Egress.Engine.Identities;

/// <summary>
/// Which meaning has which number, in use or not, and where counting goes on. Numbers count upwards, also across restarts, and so
/// are not given out anew: a connection, or a learned address, never finds its number meaning something else. Not thread-safe.
/// </summary>
internal sealed class IdentityNumbers
{
    // Meanings out of use whose numbers are still remembered: a pod that comes back looks the same in reports.
    private const int MaxReleased = 65_536;

    private const uint FirstScope = 0x8000_0000;
    private const string ScopePrefix = "scope:";
    private const string NextLabels = "next:labels";
    private const string NextLocal = "next:local";

    private readonly Dictionary<string, uint> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, uint> _scopes = new(StringComparer.Ordinal);
    private readonly Queue<string> _released = new();
    private uint _nextLabels = Identity.FirstLabels;
    private uint _nextLocal = Identity.FirstLocal;

    /// <summary>Grows with every change that must be stored.</summary>
    public long Generation { get; private set; }

    /// <summary>The number of a meaning; a new one where it has none.</summary>
    public Identity Of(string key, bool local)
    {
        if (!_known.TryGetValue(key, out uint number))
        {
            _known[key] = number = local ? _nextLocal++ : _nextLabels++;
            Generation++;
        }

        return new(number);
    }

    /// <summary>The number of a namespace's scope.</summary>
    public uint OfScope(string podNamespace)
    {
        if (!_scopes.TryGetValue(podNamespace, out uint scope))
        {
            // Counted from the highest that is known: the numbers of a former run keep their namespaces.
            _scopes[podNamespace] = scope = _scopes.Count == 0 ? FirstScope : _scopes.Values.Max() + 1;
            Generation++;
        }

        return scope;
    }

    /// <summary>A meaning is out of use. Those that have been for longest are forgotten in time.</summary>
    public void Release(string key, Func<string, bool> isUsed)
    {
        _released.Enqueue(key);
        if (_released.Count > MaxReleased && _released.Dequeue() is var forgotten && !isUsed(forgotten))
        {
            _known.Remove(forgotten);
        }
    }

    /// <summary>Forgets all meanings but those that are in use.</summary>
    public void Forget(Func<string, bool> isUsed)
    {
        _released.Clear();
        foreach (string key in (string[])[.. _known.Keys.Where(key => !isUsed(key))])
        {
            _known.Remove(key);
            Generation++;
        }
    }

    /// <summary>All of it as pairs.</summary>
    public IEnumerable<(uint Number, string Key)> Export() =>
    [
        (_nextLabels, NextLabels),
        (_nextLocal, NextLocal),
        .. _scopes.Select(pair => (pair.Value, ScopePrefix + pair.Key)).OrderBy(pair => pair.Value),
        .. _known.Select(pair => (pair.Value, pair.Key)).OrderBy(pair => pair.Value),
    ];

    /// <summary>Takes a pair of a former run. True where it is a meaning, and now known.</summary>
    public bool Import(uint number, string key)
    {
        switch (key)
        {
            case NextLabels:
                _nextLabels = number < Identity.FirstLocal ? Math.Max(_nextLabels, number) : _nextLabels;
                return false;
            case NextLocal:
                _nextLocal = Math.Max(_nextLocal, number);
                return false;
        }

        if (key.StartsWith(ScopePrefix, StringComparison.Ordinal))
        {
            if (number is >= FirstScope and < uint.MaxValue && !_scopes.ContainsValue(number))
            {
                _scopes.TryAdd(key[ScopePrefix.Length..], number);
            }

            return false;
        }

        if (number < Identity.FirstLabels || !_known.TryAdd(key, number))
        {
            return false;
        }

        _nextLabels = number < Identity.FirstLocal ? Math.Max(_nextLabels, number + 1) : _nextLabels;
        _nextLocal = number >= Identity.FirstLocal ? Math.Max(_nextLocal, number + 1) : _nextLocal;
        return true;
    }
}
