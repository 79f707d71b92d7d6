namespace Egress.Datapath;

/// <summary>Names of the maps, as the programs have them.</summary>
internal static class MapNames
{
    public const string Endpoint = "egress_endpoint";
    public const string Ipcache = "egress_ipcache";
    public const string Learned = "egress_learned";
    public const string Policy = "egress_policy";
    public const string Ct = "egress_ct";
    public const string CtNew = "egress_ct_new";
    public const string Hint = "egress_hint";
    public const string Fragment = "egress_fragment";
    public const string Events = "egress_events";
    public const string Counters = "egress_counters";
    public const string Lost = "egress_lost";
    public const string Bucket = "egress_bucket";
    public const string Clock = "egress_clock";
    public const string Socks = "egress_socks";

    /// <summary>All of them; what is pinned.</summary>
    public static readonly string[] All =
        [Endpoint, Ipcache, Learned, Policy, Ct, CtNew, Hint, Fragment, Events, Counters, Lost, Bucket, Clock, Socks];
}
