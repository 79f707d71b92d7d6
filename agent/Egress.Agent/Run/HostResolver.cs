using System;
using System.IO;
using Egress.Engine.Addresses;

namespace Egress.Agent.Run;

/// <summary>The name server that this host asks.</summary>
internal static class HostResolver
{
    /// <summary>The first of /etc/resolv.conf; without one, this host itself, as resolv.conf(5) has it.</summary>
    public static Address First()
    {
        try
        {
            foreach (string line in File.ReadLines("/etc/resolv.conf"))
            {
                string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                if (words is ["nameserver", string text, ..] && Address.TryParse(text, out Address address))
                {
                    return address;
                }
            }
        }
        catch (IOException)
        {
            // No such file: as if it were empty.
        }

        return Address.FromV4(0x7f00_0001);
    }
}
