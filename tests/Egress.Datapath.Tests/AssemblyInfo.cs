using Xunit;

// Interfaces, counters and the load of the machine are shared; one test at a time tells more.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
