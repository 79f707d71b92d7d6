using System;
using System.Net;
using System.Net.Sockets;
using Egress.Engine.Datapath;
using Egress.Linux;
using Egress.TestKit.Kernel;

namespace Egress.Datapath.Tests.State;

/// <summary>A node and a pod, joined by a veth pair; on the node an echo on one port, and a socket that should hear nothing on another.</summary>
internal sealed class Workload : IDisposable
{
    public const string HostInterface = "lxc0";
    public const string NodeAddress = "10.77.0.1";
    public const string PodAddress = "10.77.0.2";
    public const ushort AllowedPort = 9000;
    public const ushort DeniedPort = 9001;

    private readonly Socket _echo;
    private readonly Socket _denied;
    private readonly Socket _pod;

    public Workload()
    {
        Node = NetworkNamespace.Create("node");
        Pod = NetworkNamespace.Create("pod");
        NetworkNamespace.Join((Node, HostInterface, [NodeAddress + "/24"]), (Pod, "eth0", [PodAddress + "/24"]));
        Index = Node.Do(() => Interfaces.IndexOf(HostInterface));
        _echo = Node.Do(() => Listen(NodeAddress, AllowedPort));
        _denied = Node.Do(() => Listen(NodeAddress, DeniedPort));
        _pod = Pod.Do(() => Listen(PodAddress, 0));
        PodPort = (ushort)((IPEndPoint)_pod.LocalEndPoint!).Port;
    }

    public NetworkNamespace Node { get; }

    public NetworkNamespace Pod { get; }

    /// <summary>Index of the host side of the pod's interface, in the node.</summary>
    public int Index { get; }

    public ushort PodPort { get; }

    /// <summary>Datagrams that came to the port that policy closes.</summary>
    public int DeniedThatCame
    {
        get
        {
            int came = 0;
            byte[] buffer = new byte[64];
            while (_denied.Available > 0)
            {
                _denied.Receive(buffer);
                came++;
            }

            return came;
        }
    }

    /// <summary>Opens the datapath on the node, attaches it to the pod and lets it send to the allowed port.</summary>
    public KernelDatapath Enforce(DatapathOptions options)
    {
        KernelDatapath datapath = Open(options);
        Node.Do(() => datapath.Attach(Index, HostInterface));
        datapath.Apply([Given.AllowPort(AllowedPort), new DatapathStep.PutEndpoint(Given.Endpoint(Index, PodAddress))]);
        return datapath;
    }

    public KernelDatapath Open(DatapathOptions options) => Node.Do(() => KernelDatapath.Open(options));

    /// <summary>Sends a datagram from the pod.</summary>
    public void Send(ushort port, int payload = 4) => _pod.SendTo(new byte[payload], new IPEndPoint(IPAddress.Parse(NodeAddress), port));

    /// <summary>Whether a datagram to the allowed port comes, and its echo comes back.</summary>
    public bool Echoes(int patienceMilliseconds = 5000)
    {
        byte[] buffer = new byte[64];
        Send(AllowedPort);
        if (!_echo.Poll(patienceMilliseconds * 1000, SelectMode.SelectRead))
        {
            return false;
        }

        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        int length = _echo.ReceiveFrom(buffer, ref from);
        _echo.SendTo(buffer.AsSpan(0, length), from);
        return _pod.Poll(patienceMilliseconds * 1000, SelectMode.SelectRead) && _pod.Receive(buffer) == length;
    }

    public void Dispose()
    {
        _echo.Dispose();
        _denied.Dispose();
        _pod.Dispose();
        Pod.Dispose();
        Node.Dispose();
    }

    private static Socket Listen(string address, ushort port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }
}
