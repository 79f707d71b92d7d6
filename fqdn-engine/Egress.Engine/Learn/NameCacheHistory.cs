using System.Collections.Generic;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>Names whose time is over, for reports: the last one of each address. The oldest are forgotten first.</summary>
internal sealed class NameCacheHistory
{
    private const int Size = 65_536;
    private readonly Dictionary<(uint Owner, Address Address), DnsName> _names = [];
    private readonly Queue<(uint Owner, Address Address)> _order = new();

    /// <summary>The last name of an address; null where none is remembered.</summary>
    public DnsName? Find(uint owner, Address address) => _names.GetValueOrDefault((owner, address));

    /// <summary>Remembers a name.</summary>
    public void Add(uint owner, Address address, DnsName name)
    {
        if (_names.TryAdd((owner, address), name))
        {
            _order.Enqueue((owner, address));
            if (_order.Count > Size)
            {
                _names.Remove(_order.Dequeue());
            }
        }
        else
        {
            _names[(owner, address)] = name;
        }
    }
}
