using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Domains;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Particles.Domains;

/// <summary>Argon in six domains at constant energy.</summary>
public sealed class MolecularDomainsContract : ScaleModelContract<TeamModel>
{
    protected override TeamModel Create() => (TeamModel)Participant.Of("atoms", Entry, ("cells", MolecularDynamicsModelContract.Numbers(3, 3, 3)), ("cutoff", 5.2e-10), ("domains", MolecularDynamicsModelContract.Numbers(3, 1, 2))).CreateModel();

    protected override ModelEntry Entry => MolecularDomains.Entry(MolecularDynamicsModelTests.NoFiles);

    protected override double WindowLength => 1e-14;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);
}

/// <summary>In reduced units, in a bath, with planes that move: where they are must be restored.</summary>
public sealed class BalancedDomainsContract : ScaleModelContract<TeamModel>
{
    protected override TeamModel Create() => (TeamModel)Participant.Of("atoms", Entry, ("cells", MolecularDynamicsModelContract.Numbers(4, 3, 3)), ("domains", MolecularDynamicsModelContract.Numbers(3, 2, 1)),
        ("bath", "langevin"), ("balance", true), ("open", ImmutableArray.Create("x")), ("vacuum", 2.0), ("temperature", 2.0), ("bath-temperature", 2.0), ("atom-ports", false)).CreateModel();

    protected override ModelEntry Entry => MolecularDomains.ReducedEntry(MolecularDynamicsModelTests.NoFiles);

    protected override double WindowLength => 0.02;

    protected override SplitWindow Split => SplitWindow.Unlike("Half a step has another noise.");
}

public sealed class MolecularDomainsTests
{
    private static readonly TimeWindow _window = new(0, 1 << 20, 0.25 / (1 << 20));

    private static ImmutableArray<double> Numbers(params double[] numbers) => [.. numbers];

    private static (ModelDescription Description, ImmutableArray<ImmutableArray<FieldSample>> Start, ImmutableArray<ImmutableArray<FieldSample>> End) Run(IScaleModel model, TimeWindow window)
    {
        var start = PortWriter.ForStart(model.Description, 0);
        model.Initialize(start);
        var end = PortWriter.ForWindow(model.Description, window, null);
        model.Advance(new(window, null, new Philox(1, 1), ChunkedLoop.Serial, default), new(model.Description, window, [.. model.Description.Ports.Select(_ => (Waveform?)null)]), end);
        return (model.Description, start.Publish(), end.Publish());
    }

    // Every port of the model in one piece that is an out-port, at the start and at the end.
    private static void SamePorts(IScaleModel whole, IScaleModel split, TimeWindow window, double tolerance)
    {
        var (expected, found) = (Run(whole, window), Run(split, window));
        foreach (var port in expected.Description.Ports.Where(p => p.Port.Direction == PortDirection.Out))
        {
            var (of, at) = (expected.Description.IndexOf(port.Port.Name), found.Description.IndexOf(port.Port.Name));
            foreach (var (a, b) in new[] { (expected.Start[of][^1].Values.ToArray(), found.Start[at][^1].Values.ToArray()), (expected.End[of][^1].Values.ToArray(), found.End[at][^1].Values.ToArray()) })
            {
                Assert.Equal(a.Length, b.Length);
                var scale = a.Max(Math.Abs);
                for (var i = 0; i < a.Length; i++)
                {
                    Assert.True(Math.Abs(a[i] - b[i]) <= tolerance * scale, $"{port.Port.Name}, entry {i}: {b[i]:R} instead of {a[i]:R}");
                }
            }
        }
    }

    [Fact]
    public void Ports_tell_what_those_of_one_piece_tell()
    {
        (string, object)[] reduced = [("cells", Numbers(5, 4, 4)), ("lattice-constant", 1.68), ("temperature", 1.5), ("cutoff", 2.5), ("bath", "langevin"), ("seed", 4L), ("open", ImmutableArray.Create("z")), ("vacuum", 1.5)];
        SamePorts(Participant.Of("atoms", MolecularDynamicsModel.ReducedEntry(MolecularDynamicsModelTests.NoFiles), reduced).CreateModel(),
            Participant.Of("atoms", MolecularDomains.ReducedEntry(MolecularDynamicsModelTests.NoFiles), [.. reduced, ("domains", Numbers(2, 2, 2))]).CreateModel(), _window, 1e-9);

        (string, object)[] argon = [("units", "real"), ("cells", Numbers(4, 4, 4)), ("temperature", 60.0), ("lattice", "bcc"), ("lattice-constant", 4.3e-10)];
        SamePorts(Participant.Of("atoms", MolecularDynamicsModel.Entry(MolecularDynamicsModelTests.NoFiles), argon).CreateModel(),
            Participant.Of("atoms", MolecularDomains.Entry(MolecularDynamicsModelTests.NoFiles), [.. argon, ("domains", Numbers(1, 2, 2))]).CreateModel(), new(0, 1 << 20, 1e-13 / (1 << 20)), 1e-8);
    }

    // A file with velocities, kinds, and ids that are not in order.
    [Fact]
    public void Atoms_of_a_file_are_told_in_the_order_of_the_file()
    {
        static AtomConfiguration Reader(InputFile file, UnitSystem units)
        {
            var melt = DomainTests.Melt(4);
            return melt with { Species = [new("A", 1), new("B", 3)], Kinds = [.. Enumerable.Range(0, melt.Count).Select(i => i % 2)], Ids = [.. Enumerable.Range(0, melt.Count).Select(i => 1000L - i)] };
        }

        (string, object)[] given = [("atoms", new InputFile("melt.data", "")), ("epsilon", Numbers(1, 0.7)), ("sigma", Numbers(1, 0.9))];
        SamePorts(Participant.Of("atoms", MolecularDynamicsModel.ReducedEntry(Reader), given).CreateModel(),
            Participant.Of("atoms", MolecularDomains.ReducedEntry(Reader), [.. given, ("domains", Numbers(2, 1, 3))]).CreateModel(), _window, 1e-8);
    }

    // As in processes that know nothing of each other: settings read for each, messages by chance.
    [Fact]
    public void Domains_made_one_by_one_are_those_of_the_team()
    {
        var participant = Participant.Of("atoms", MolecularDomains.ReducedEntry(MolecularDynamicsModelTests.NoFiles), ("domains", Numbers(2, 2, 1)), ("seed", 3L));
        var team = participant.CreateModel();
        _ = Run(team, _window);
        ModelSettings Settings() => new("atoms", participant.Model, participant.Settings.Given);
        Domain[] alone = [.. Enumerable.Range(0, 4).Select(m => MolecularDomains.Member(Settings(), isReduced: true, MolecularDynamicsModelTests.NoFiles, m))];
        var scattered = new ScatteredTeam(alone, 5);
        scattered.Initialize();
        scattered.Advance(_window);
        Assert.Equal(StateArchive.Save(team.Archive), StateArchive.Save(new TeamModel(new(), [.. alone]).Archive));
    }

    [Fact]
    public void As_many_domains_as_atoms_need_are_made()
    {
        Assert.Equal((1, 1, 1), DomainSplit.Division(SimulationBox.Orthogonal(3, 3, 3), 32_000));
        Assert.Equal((1, 1, 2), DomainSplit.Division(SimulationBox.Orthogonal(3, 3, 3), 32_001));
        Assert.Equal((5, 1, 1), DomainSplit.Division(SimulationBox.Orthogonal(50, 3, 3), 150_000));
        var (x, y, z) = DomainSplit.Division(SimulationBox.Orthogonal(100, 100, 100), 1_000_000_000);
        Assert.True((long)x * y * z is > 31_250 and < 35_000, $"{(x, y, z)}");
    }

    [Fact]
    public void What_domains_do_not_know_is_refused_at_once()
    {
        string Fault(params (string, object)[] settings) => Assert.Throws<ScaleModelException>(() => Participant.Of("atoms", MolecularDomains.Entry(MolecularDynamicsModelTests.NoFiles), settings).CreateModel()).Message;
        var unknown = Fault(("box", "hydrostatic"), ("bath", "nose-hoover"), ("charges", "ewald"), ("pair", "stillinger-weber"), ("precision", "single"));
        Assert.All(["'box'", "'bath'", "'charges'", "'pair'", "'precision'"], key => Assert.Contains(key, unknown, StringComparison.Ordinal));
        var wrong = Fault(("domains", Numbers(2, 0.5)), ("cells", Numbers(1, 2)), ("species", ImmutableArray.Create("Xx")), ("vacuum", 1e-9));
        Assert.All(["'domains' takes", "'cells' takes", "'vacuum' is given", "'masses' must say"], what => Assert.Contains(what, wrong, StringComparison.Ordinal));
        Assert.Contains("'atom-ports' tells of 10000000", Fault(("cells", Numbers(300, 300, 300))), StringComparison.Ordinal);
    }

    // Four thousand million atoms are described, and a domain of them is made, without any being built.
    [Fact]
    public void A_region_larger_than_memory_has_domains()
    {
        var participant = Participant.Of("atoms", MolecularDomains.ReducedEntry(MolecularDynamicsModelTests.NoFiles), ("cells", Numbers(1000, 1000, 1000)), ("atom-ports", false), ("domains", Numbers(100, 100, 100)));
        ModelSettings settings = new("atoms", participant.Model, participant.Settings.Given);
        Assert.Equal(8, MolecularDomains.Describe(settings, isReduced: true, MolecularDynamicsModelTests.NoFiles).Ports.Length);
        Assert.Equal(0, MolecularDomains.Member(settings, isReduced: true, MolecularDynamicsModelTests.NoFiles, 999_999).Count);
    }
}
