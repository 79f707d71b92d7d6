using System.Collections.Generic;
using System.Net;
using System.Net.NetworkInformation;
using Egress.Engine.Addresses;

namespace Egress.Agent.Network;

/// <summary>The addresses of this host's own interfaces.</summary>
public static class HostAddresses
{
    /// <summary>All of them, loopback's left out.</summary>
    public static IReadOnlyList<Address> Read()
    {
        List<Address> addresses = [];
        foreach (NetworkInterface link in NetworkInterface.GetAllNetworkInterfaces())
        {
            foreach (UnicastIPAddressInformation held in link.GetIPProperties().UnicastAddresses)
            {
                IPAddress address = new(held.Address.GetAddressBytes()); // without the scope, which is the interface
                if (!IPAddress.IsLoopback(address) && Address.Parse(address.ToString()) is var known && !addresses.Contains(known))
                {
                    addresses.Add(known);
                }
            }
        }

        return addresses;
    }
}
