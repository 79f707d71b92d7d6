using System;
using System.Globalization;
using Egress.Bench;
using Egress.Datapath;

switch (args)
{
    case ["datapath", string traffic, .. string[] rest]:
        int rounds = rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 60;
        double seconds = rest.Length > 1 ? double.Parse(rest[1], CultureInfo.InvariantCulture) : 0.3;
        return DatapathBench.Run(traffic, rounds, seconds, rest.Length > 2 ? rest[2] : null, () => KernelDatapath.Open(new DatapathOptions()));
    case ["flood", string traffic, .. string[] rest]:
        return FloodBench.Run(traffic, rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 60, rest.Length > 1 ? double.Parse(rest[1], CultureInfo.InvariantCulture) : 0.3);
    case ["run", .. string[] rest]:
        return RunBench.Run(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 11);
    case ["names", .. string[] rest]:
        return NamesBench.Run(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 5);
    default:
        Console.Error.WriteLine("usage: Egress.Bench datapath TRAFFIC [ROUNDS [SECONDS [LOAD]]] | flood TRAFFIC [ROUNDS [SECONDS]] | run [ROUNDS] | names [ROUNDS]");
        return 2;
}
