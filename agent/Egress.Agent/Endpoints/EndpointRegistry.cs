using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using Egress.Agent.Dns;
using Egress.Agent.Engine;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Labels;
using Egress.Linux;

namespace Egress.Agent.Endpoints;

/// <summary>
/// The workloads that are enforced. Adding attaches the programs first: from then on nothing passes until the policy is in the
/// kernel. What is added is stored, and taken up again by the next run. An interface that vanishes takes its endpoint along.
/// Thread-safe.
/// </summary>
public sealed class EndpointRegistry : IDisposable
{
    private const int MaxId = 65_535;
    private readonly EngineHost _host;
    private readonly EngineDnsPolicy _dns;
    private readonly string? _file;
    private readonly string _cluster;
    private readonly Action<string> _log;
    private readonly object _gate = new();
    private readonly SortedDictionary<uint, EndpointRecord> _endpoints = [];
    private readonly Timer _watch;

    /// <summary>Makes a manager with no endpoints.</summary>
    /// <param name="host">Owns the engine.</param>
    /// <param name="dns">Is told whose questions are answered.</param>
    /// <param name="stateDirectory">Where they are stored; null = nowhere.</param>
    /// <param name="cluster">The cluster's name, a label of each.</param>
    /// <param name="log">Gets a line for what happens by itself.</param>
    public EndpointRegistry(EngineHost host, EngineDnsPolicy dns, string? stateDirectory, string cluster, Action<string> log)
    {
        _host = host;
        _dns = dns;
        _file = stateDirectory is null ? null : Path.Combine(stateDirectory, "endpoints.json");
        _cluster = cluster;
        _log = log;
        _watch = new Timer(_ => RemoveVanished());
    }

    /// <summary>All endpoints, by number.</summary>
    public IReadOnlyList<EndpointRecord> List()
    {
        lock (_gate)
        {
            return [.. _endpoints.Values];
        }
    }

    /// <summary>Adds a workload, or changes the labels of one that is there.</summary>
    /// <exception cref="AgentException">The interface can't be found, or the kernel refuses.</exception>
    public EndpointRecord Add(string podNamespace, string name, IReadOnlyDictionary<string, string> labels, string? networkNamespace, string? interfaceName, IReadOnlyList<string> addresses)
    {
        (string Interface, int Index, Address[] Addresses) found = networkNamespace is not null
            ? InterfaceFinder.InNamespace(networkNamespace)
            : InterfaceFinder.ByName(interfaceName ?? string.Empty, addresses);
        lock (_gate)
        {
            EndpointRecord? former = _endpoints.Values.FirstOrDefault(endpoint => endpoint.Namespace == podNamespace && endpoint.Name == name);
            EndpointRecord? other = _endpoints.Values.FirstOrDefault(endpoint => endpoint.InterfaceIndex == found.Index && endpoint != former);
            if (other is not null)
            {
                throw new AgentException($"the interface {found.Interface} is the endpoint {other.FullName}'s");
            }

            if (former is not null && former.InterfaceIndex != found.Index)
            {
                // Another interface under an old name is another workload: it inherits nothing.
                Remove(former);
                former = null;
            }

            EndpointRecord record = new(former?.Id ?? FreeId(), podNamespace, name, new(labels.ToDictionary(), StringComparer.Ordinal),
                found.Interface, found.Index, [.. found.Addresses.Select(address => address.ToString())], networkNamespace);
            Attach(record);
            Enforce([record]);
            Store();
            return record;
        }
    }

    /// <summary>Ends the enforcement of a workload; false where there is no such endpoint.</summary>
    public bool Delete(uint id)
    {
        lock (_gate)
        {
            if (!_endpoints.TryGetValue(id, out EndpointRecord? record))
            {
                return false;
            }

            Remove(record);
            Store();
            return true;
        }
    }

    /// <summary>Takes up what the last run stored, those whose interface is still there, and begins to watch for interfaces that vanish.</summary>
    public void TakeUp()
    {
        lock (_gate)
        {
            ILookup<bool, EndpointRecord> stored = Stored().ToLookup(record => Interfaces.NameOf(record.InterfaceIndex) == record.Interface);
            foreach (EndpointRecord gone in stored[false])
            {
                _log($"endpoint {gone.FullName}: its interface {gone.Interface} is gone");
            }

            List<EndpointRecord> attached = [];
            foreach (EndpointRecord record in stored[true])
            {
                try
                {
                    Attach(record);
                    attached.Add(record);
                }
                catch (AgentException exception)
                {
                    // One workload's trouble is not the others': this one stays as it was in the kernel.
                    _log($"endpoint {record.FullName} could not be taken up: {exception.Message}");
                }
            }

            // All at once: the first one's policy must know the others already.
            Enforce(attached);
            Store();
        }

        _watch.Change(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <inheritdoc/>
    public void Dispose() => _watch.Dispose();

    private void Attach(EndpointRecord record)
    {
        try
        {
            _host.Datapath.Attach(record.InterfaceIndex, record.Interface);
        }
        catch (DatapathException exception)
        {
            throw new AgentException(exception.Message, exception);
        }
    }

    private void Enforce(IReadOnlyList<EndpointRecord> records)
    {
        foreach (EndpointRecord record in records)
        {
            _endpoints[record.Id] = record;
        }

        PublishAddresses();
        _host.Update(engine => engine.PutEndpoints([.. records.Select(Spec)]));
    }

    private EndpointSpec Spec(EndpointRecord record) => new(record.Id, record.Namespace, record.Name,
        LabelSet.ForPod(record.Namespace, record.Labels, NamespaceLabels(record.Namespace), _cluster),
        [.. record.Addresses.Select(address => Address.Parse(address))], record.InterfaceIndex, ImmutableDictionary<(string, byte), ushort>.Empty);

    private void Remove(EndpointRecord record)
    {
        _endpoints.Remove(record.Id);
        PublishAddresses();
        _host.Datapath.Detach(record.InterfaceIndex, record.Interface);
        _host.Update(engine => engine.RemoveEndpoint(record.Id));
    }

    private void RemoveVanished()
    {
        lock (_gate)
        {
            foreach (EndpointRecord record in (EndpointRecord[])[.. _endpoints.Values.Where(record => Interfaces.NameOf(record.InterfaceIndex) is null)])
            {
                _log($"endpoint {record.FullName}: its interface {record.Interface} is gone");
                try
                {
                    Remove(record);
                    Store();
                }
                catch (Exception exception) when (exception is DatapathException or IOException or UnauthorizedAccessException)
                {
                    // The endpoint is forgotten; what is left of it in the kernel belongs to no interface, and the self-check removes it.
                    _log($"endpoint {record.FullName}: {exception.Message}");
                }
            }
        }
    }

    private void PublishAddresses()
    {
        Dictionary<Address, uint> byAddress = [];
        foreach (EndpointRecord record in _endpoints.Values)
        {
            foreach (string address in record.Addresses)
            {
                byAddress[Address.Parse(address)] = record.Id;
            }
        }

        _dns.SetEndpoints(byAddress);
    }

    // Every namespace has this label in Kubernetes.
    private static Dictionary<string, string> NamespaceLabels(string name) => new() { ["kubernetes.io/metadata.name"] = name };

    private uint FreeId()
    {
        // Upwards from the highest, so that a number is not soon another workload's.
        uint next = _endpoints.Count == 0 ? 1 : _endpoints.Keys.Max() + 1;
        for (uint i = 0; i < MaxId; i++)
        {
            uint id = ((next - 1 + i) % MaxId) + 1;
            if (!_endpoints.ContainsKey(id))
            {
                return id;
            }
        }

        throw new AgentException($"there are {MaxId} endpoints, which is the most");
    }

    private List<EndpointRecord> Stored()
    {
        if (_file is null || !File.Exists(_file))
        {
            return [];
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(_file), EndpointJson.Default.ListEndpointRecord) ?? [];
        }
        catch (JsonException exception)
        {
            _log($"{_file} can't be read ({exception.Message}); its endpoints stay enforced as they were, and have to be added again");
            return [];
        }
    }

    private void Store()
    {
        if (_file is not null)
        {
            AtomicFile.Write(_file, JsonSerializer.Serialize([.. _endpoints.Values], EndpointJson.Default.ListEndpointRecord));
        }
    }
}
