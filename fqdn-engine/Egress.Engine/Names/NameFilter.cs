namespace Egress.Engine.Names;

/// <summary>The names that a DNS rule lets a workload ask for. To be filled in.</summary>
public sealed class NameFilter
{
}
