namespace Egress.Netns.Tests.World;

/// <summary>Policies as users write them.</summary>
internal static class PolicyText
{
    /// <summary>Pods with <c>app: client</c> may ask the resolver anything, and talk to what the patterns match on port 80.</summary>
    public static string ByName(params string[] patterns) => $"""
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: by-name
          namespace: demo
        spec:
          endpointSelector:
            matchLabels:
              app: client
          egress:
          - toCIDR: [10.98.0.2/32, "fd98::2/128"]
            toPorts:
            - ports:
              - port: "53"
                protocol: ANY
              rules:
                dns:
                - matchPattern: "*"
          - toFQDNs: [{string.Join(", ", System.Array.ConvertAll(patterns, pattern => $"{{matchPattern: \"{pattern}\"}}"))}]
            toPorts:
            - ports:
              - port: "80"
                protocol: TCP

        """;
}
