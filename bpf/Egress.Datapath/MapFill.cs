namespace Egress.Datapath;

/// <summary>How full a map is.</summary>
/// <param name="Map">Its name.</param>
/// <param name="Entries">How many entries it has; expired ones count until they are removed.</param>
/// <param name="Capacity">How many it can have.</param>
public readonly record struct MapFill(string Map, int Entries, int Capacity);
