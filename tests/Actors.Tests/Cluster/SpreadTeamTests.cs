using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Particles.Domains;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>A region whose domains are on several sites gives the bits of the same region in one process, whichever domain is where.</summary>
public sealed class SpreadTeamTests
{
    private static CoupledSystem Melt(ImmutableArray<double> domains) => Composition.Compose(new Experiment
    {
        Name = "melt",
        Until = 0.2,
        Window = 0.05,
        SnapshotEvery = 3,
        Participants =
        [
            Participant.Of("atoms", MolecularDomains.ReducedEntry(static (_, _) => throw new InvalidOperationException("No file is read.")),
                ("structure", "fcc"), ("cells", ImmutableArray.Create(6.0, 6.0, 6.0)), ("temperature", 1.44), ("step", 0.005), ("domains", domains)),
        ],
        Conduits = [],
        Scheme = CouplingScheme.Parallel("atoms"),
    });

    public static TheoryData<int, int[]> Places => new()
    {
        { 2, [0, 1, 0, 1] },
        { 2, [1, 1, 0, 0] },
        { 4, [3, 1, 0, 2] },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Domains_on_sites_and_domains_of_one_process_agree_to_the_last_bit(int sites, int[] members)
    {
        var system = Melt([2.0, 2.0, 1.0]);
        var serial = new SerialRunner(system).Run();
        Assert.True(serial.Outcome == RunOutcome.Completed, serial.Reason);

        var ended = await SpreadRun.Of(system, new FieldPlacement(system, [members[0]], sites), new TeamSites(0, [.. members])).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
        Assert.Equal((serial.FinalHash, serial.Windows), (ended.FinalHash, ended.Windows));
        Assert.Equal(serial.Metrics, ended.Metrics);
    }
}
