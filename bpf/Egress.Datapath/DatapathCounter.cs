using Egress.Engine.Verdicts;

namespace Egress.Datapath;

/// <summary>Packets of one fate, in one direction, since the maps were made.</summary>
/// <param name="Reason">Why they were dropped; None for those that passed.</param>
/// <param name="Direction">Whether they left a workload or reached one.</param>
/// <param name="Packets">How many.</param>
/// <param name="Bytes">Their bytes, from the network header on.</param>
public readonly record struct DatapathCounter(DropReason Reason, Direction Direction, ulong Packets, ulong Bytes);
