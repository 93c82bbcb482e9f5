using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Domains;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;
using ActorMultiscale.Tests.Particles.Interactions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Domains;

/// <summary>A region in domains against the same region in one piece.</summary>
public sealed class DomainTests
{
    private static readonly LennardJonesLaw _plain = new(1, 1, 2.5);
    private static readonly Func<ImmutableArray<Interaction>> _lennardJones = () => [Interaction.Of(new Shifted<LennardJonesLaw>(_plain))];
    private static readonly LennardJonesMixture _mixture = new([new(1, 1), new(0.5, 0.8), new(2, 1.1)], MixingRule.SixthPower, 2.4);

    private static readonly (int X, int Y, int Z)[] _splits = [(1, 1, 1), (2, 1, 1), (2, 2, 2), (3, 2, 1), (1, 5, 2)];

    private static Func<ImmutableArray<Interaction>> Acting(string law) => law switch
    {
        "mixture" => () => [Interaction.Of(_mixture)],
        "alloy" => () => [EmbeddedAtomInteraction.Of(_alloy, ["Aa", "Bb", "Aa"])],
        "embedded atoms" => () => [EmbeddedAtomInteraction.Of(new SuttonChen(0.4, 1.1, 30, 9, 6, 2.3))],

        // Two that need numbers of images halfway, and one that adds to them.
        _ => () => [EmbeddedAtomInteraction.Of(new SuttonChen(0.4, 1.1, 30, 9, 6, 2.3)), Interaction.Of(_mixture), EmbeddedAtomInteraction.Of(new SuttonChen(0.2, 1.2, 20, 8, 5, 2.0))],
    };

    // A shaken lattice in a box with right angles and any sides, from one that is shorter than the cutoff on; atoms are not wrapped, and may lie beyond sides that end.
    private static readonly Gen<AtomConfiguration> _atoms = Gen.Select(Gen.Select(Gen.Int[1, 7], Gen.Int[2, 7], Gen.Int[2, 7]), Gen.Int[0, 7], Gen.Int[0, 1 << 30], (cells, sides, seed) =>
    {
        var noise = new Philox((ulong)seed, 1);
        BoxSide Side(int bit) => (sides >> bit & 1) == 0 ? BoxSide.Periodic : BoxSide.Fixed;
        const double A = 1.1;
        var box = new SimulationBox(new(0.3, -5, 2), Matrix3.Diagonal(A * cells.Item1, A * cells.Item2, A * cells.Item3), Side(0), Side(1), Side(2));
        var n = cells.Item1 * cells.Item2 * cells.Item3;
        return new AtomConfiguration
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1), new("B", 2.5), new("C", 0.7)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => (i + seed) % 3)],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new(
                ((i % cells.Item1) + 0.9 + (0.2 * noise.Uniform(0, 0, i))) / cells.Item1,
                ((i / cells.Item1 % cells.Item2) + 0.9 + (0.2 * noise.Uniform(0, 1, i))) / cells.Item2,
                ((i / cells.Item1 / cells.Item2) + 0.9 + (0.2 * noise.Uniform(0, 2, i))) / cells.Item3)))],
        };
    });

    private static readonly EamAlloy _alloy = EamAlloy.Parse(EmbeddedAtomTests.Setfl(true), isFinnisSinclair: true);

    private static AtomConfiguration Stretched(AtomConfiguration atoms, double factor) => atoms with
    {
        Box = atoms.Box with { Origin = factor * atoms.Box.Origin, Cell = factor * atoms.Box.Cell },
        Positions = [.. atoms.Positions.Select(x => factor * x)],
    };

    internal static AtomConfiguration Melt(int cells, double temperature = 1.44, double density = 0.8442)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / density)), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        return crystal with { Velocities = ThermalVelocities.Draw(crystal, temperature, 7) };
    }

    private static Domain[] Domains(DividedRegion region) => [.. Enumerable.Range(0, region.Domains.X * region.Domains.Y * region.Domains.Z).Select(m => new Domain(region, m))];

    private static TeamModel Team(IEnumerable<Domain> domains) => new(new(), [.. domains]);

    private static void Advance(TeamModel team, int steps, double step, int threads = 1)
    {
        var window = new TimeWindow(0, 1 << 20, steps * step / (1 << 20));
        team.Advance(new(window, null, new Philox(1, 1), new ChunkedLoop(threads), default), new(team.Description, window, []), PortWriter.ForWindow(team.Description, window, null));
    }

    private static void Initialize(TeamModel team) => team.Initialize(PortWriter.ForStart(team.Description, 0));

    // All atoms of all domains, by number; each must be there once.
    private static (Vec3 Position, Vec3 Velocity, Vec3 Force)[] Gathered(IEnumerable<Domain> domains, long count)
    {
        var all = domains.SelectMany(d => d.Atoms).OrderBy(a => a.Number).ToArray();
        Assert.Equal(Enumerable.Range(0, (int)count).Select(i => (long)i), all.Select(a => a.Number));
        return [.. all.Select(a => (a.Position, a.Velocity, a.Force))];
    }

    private static void Close(double expected, double found, double scale, string what, double tolerance = 1e-12) =>
        Assert.True(Math.Abs(expected - found) <= tolerance * (1 + scale), $"{what}: {found:R} instead of {expected:R}");

    private static void Same(Measurement expected, Measurement found, double scale, double tolerance = 1e-12)
    {
        Close(expected.Potential, found.Potential, scale, "potential energy", tolerance);
        Close(expected.Kinetic, found.Kinetic, scale, "kinetic energy", tolerance);
        Close(expected.Temperature, found.Temperature, scale, "temperature", tolerance);
        for (var e = 0; e < 6; e++)
        {
            Close(expected.Virial[e], found.Virial[e], scale, "virial", tolerance);
            Close(expected.Pressure[e], found.Pressure[e], scale, "pressure", tolerance);
        }
    }

    [Theory]
    [InlineData("mixture")]
    [InlineData("embedded atoms")]
    [InlineData("several")]
    [InlineData("alloy")]
    public void Forces_energy_and_virial_are_those_of_one_piece(string law) => Gen.Select(_atoms, Gen.Int[0, _splits.Length - 1]).Sample(
        (shaken, split) =>
        {
            var atoms = law == "alloy" ? Stretched(shaken, 2.6) : shaken;       // Its tables are those of a metal, in Å.
            var interactions = Acting(law);
            var whole = new MolecularDynamics(atoms, interactions(), 0.3);
            var (expected, forces) = (whole.Measure(ChunkedLoop.Serial), whole.Forces(ChunkedLoop.Serial));
            var domains = Domains(DividedRegion.Of(atoms, interactions, 0.3, _splits[split], 0.005));
            Initialize(Team(domains));
            var scale = forces.Max(f => f.Norm);
            Same(expected, domains[^1].Now!, atoms.Count * scale);
            var found = Gathered(domains, atoms.Count);
            for (var i = 0; i < atoms.Count; i++)
            {
                Assert.True((forces[i] - found[i].Force).Norm <= 1e-12 * (1 + scale), $"atom {i}: {found[i].Force} instead of {forces[i]}");
                Assert.True((atoms.Positions[i] - found[i].Position).Norm <= 1e-13 * (1 + atoms.Positions[i].Norm));
            }
        },
        iter: 60, threads: 1);

    // Roundoff grows by a factor of about e a unit of time in a melt: after 100 steps two ways are the same to nine digits or so.
    [Theory]
    [InlineData(2, 1, 1)]
    [InlineData(2, 2, 2)]
    [InlineData(1, 3, 1)]
    [InlineData(3, 2, 2)]
    public void A_melt_goes_the_way_of_one_piece(int x, int y, int z)
    {
        var atoms = Melt(5);
        var whole = new MolecularDynamics(atoms, _lennardJones(), 0.3);
        whole.Advance(100, 0.005, ChunkedLoop.Serial);
        var domains = Domains(DividedRegion.Of(atoms, _lennardJones, 0.3, (x, y, z), 0.005));
        var team = Team(domains);
        Initialize(team);
        Advance(team, 60, 0.005);
        Advance(team, 40, 0.005);
        var (expected, found) = (whole.Configuration(), Gathered(domains, atoms.Count));
        Assert.All(Enumerable.Range(0, atoms.Count), i => Assert.True((expected.Positions[i] - found[i].Position).Norm < 1e-9));
        Assert.All(Enumerable.Range(0, atoms.Count), i => Assert.True((expected.Velocities[i] - found[i].Velocity).Norm < 1e-8));
        Same(whole.Measure(ChunkedLoop.Serial), domains[0].Now!, atoms.Count, 1e-9);
        Assert.True(domains[0].Rebuilds > 5, $"{domains[0].Rebuilds} lists were made: nobody has moved.");
    }

    // The noise of an atom is that of its id and of the step, in one piece and in domains.
    [Fact]
    public void Atoms_in_a_bath_go_the_way_of_one_piece()
    {
        var atoms = Melt(4, temperature: 0.5) with { Ids = [.. Enumerable.Range(0, 256).Select(i => (long)(7 * i) + 3)] };
        var whole = new MolecularDynamics(atoms, _lennardJones(), 0.3, motion: new Langevin(2, 1.5, 11));
        whole.Advance(60, 0.005, ChunkedLoop.Serial);
        var domains = Domains(DividedRegion.Of(atoms, _lennardJones, 0.3, (2, 2, 1), 0.005) with { Bath = new(2, 1.5, 11) });
        var team = Team(domains);
        Initialize(team);
        Advance(team, 60, 0.005);
        var (expected, found) = (whole.Configuration(), Gathered(domains, atoms.Count));
        Assert.All(Enumerable.Range(0, atoms.Count), i => Assert.True((expected.Positions[i] - found[i].Position).Norm < 1e-10));
        Same(whole.Measure(ChunkedLoop.Serial), domains[0].Now!, atoms.Count, 1e-10);
        Assert.True(domains[0].Now!.Temperature > 0.8, "The bath has not warmed the atoms.");
    }

    // Of a lattice no domain knows the others' atoms; what they have together is what one piece has.
    [Fact]
    public void Domains_of_a_lattice_build_what_one_piece_builds_and_draw_the_same_velocities()
    {
        var cell = ConventionalCell.Of(Lattice.Hcp, 1.1);
        var crystal = LatticeBuilder.Repeat(cell, (5, 4, 3), UnitSystem.Metal, [new("A", 26.98)]);
        var velocities = ThermalVelocities.Draw(crystal, 300, 9);
        var region = DividedRegion.OfLattice(cell, (5, 4, 3), crystal.Box, UnitSystem.Metal, new("A", 26.98), _lennardJones, 0.3, (3, 2, 2), 0.001) with { Thermal = (300, 9) };
        var domains = Domains(region);
        Initialize(Team(domains));
        var found = Gathered(domains, crystal.Count);
        for (var i = 0; i < crystal.Count; i++)
        {
            Assert.Equal(crystal.Positions[i].X, found[i].Position.X, 1e-13);
            Assert.Equal(crystal.Positions[i].Y, found[i].Position.Y, 1e-13);
            Assert.Equal(crystal.Positions[i].Z, found[i].Position.Z, 1e-13);
            Assert.True((velocities[i] - found[i].Velocity).Norm <= 1e-13 * velocities[i].Norm);
        }

        Assert.Equal(300, domains[3].Now!.Temperature, 1e-10);
        Assert.All(domains, d => Assert.True(d.Count < crystal.Count / 6, $"A domain of twelve has {d.Count} of {crystal.Count} atoms."));
    }

    // Hot atoms through thin domains: each crosses borders many times. None is lost, none doubled; energy and momentum stay.
    [Fact]
    public void Hot_atoms_cross_borders_and_none_is_lost()
    {
        var atoms = Melt(4, temperature: 6, density: 0.6);
        var domains = Domains(DividedRegion.Of(atoms, _lennardJones, 0.3, (4, 2, 3), 0.002));
        var team = Team(domains);
        Initialize(team);
        var (before, home) = (domains[0].Now!, Homes(domains));
        Vec3 Momentum() => Gathered(domains, atoms.Count).Aggregate(Vec3.Zero, (sum, a) => sum + a.Velocity);
        var momentum = Momentum();
        for (var window = 0; window < 10; window++)
        {
            Advance(team, 100, 0.002);
            Assert.True((Momentum() - momentum).Norm < 1e-12 * atoms.Count, $"The momentum has changed by {(Momentum() - momentum).Norm:R}.");
        }

        var whole = new MolecularDynamics(atoms, _lennardJones(), 0.3);
        whole.Advance(1000, 0.002, ChunkedLoop.Serial);
        var (drift, ofWhole) = (Math.Abs(domains[0].Now!.Total - before.Total), Math.Abs(whole.Measure(ChunkedLoop.Serial).Total - before.Total));
        Assert.True(drift < 3e-4 * before.Kinetic && ofWhole < 3e-4 * before.Kinetic, $"Energy has drifted by {drift:R}, and in one piece by {ofWhole:R}, of {before.Kinetic:R}.");
        var moved = Homes(domains).Zip(home).Count(h => h.First != h.Second);
        Assert.True(moved > atoms.Count / 2, $"{moved} of {atoms.Count} atoms have changed their domain.");
    }

    private static int[] Homes(Domain[] domains) => [.. domains.SelectMany((d, m) => d.Atoms.Select(a => (a.Number, m))).OrderBy(a => a.Number).Select(a => a.m)];

    private static byte[][] Bits(IEnumerable<Domain> domains) => [.. domains.Select(d => StateArchive.Save(d.Archive))];

    public static TheoryData<string> Regions => ["melt", "twelve", "embedded atoms", "bath, balanced"];

    private static DividedRegion Region(string name) => name switch
    {
        "melt" => DividedRegion.Of(Melt(5), _lennardJones, 0.3, (2, 2, 1), 0.005),
        "twelve" => DividedRegion.Of(Melt(5), _lennardJones, 0.3, (3, 2, 2), 0.005),
        "embedded atoms" => DividedRegion.Of(Melt(4, density: 1.1), Acting("several"), 0.3, (3, 1, 2), 0.002),
        _ => DividedRegion.Of(HalfFull(), _lennardJones, 0.3, (3, 2, 1), 0.005) with { Bath = new(1, 1, 5), IsBalanced = true },
    };

    // Atoms on one side of a box that ends there.
    private static AtomConfiguration HalfFull()
    {
        var melt = Melt(5);
        return melt with { Box = new(Vec3.Zero, Matrix3.Diagonal(2.5 * melt.Box.Cell.XX, melt.Box.Cell.YY, melt.Box.Cell.ZZ), BoxSide.Fixed) };
    }

    [Theory]
    [MemberData(nameof(Regions))]
    public void The_bits_do_not_depend_on_threads_nor_on_who_runs_first_nor_on_when_messages_come(string name)
    {
        var region = Region(name);
        byte[][] OnThreads(int threads)
        {
            var domains = Domains(region);
            var team = Team(domains);
            Initialize(team);
            Advance(team, 30, region.Step, threads);
            Advance(team, 20, region.Step, threads);
            return Bits(domains);
        }

        var expected = OnThreads(1);
        Assert.Equal(expected, OnThreads(2));
        Assert.Equal(expected, OnThreads(3));
        Assert.Equal(expected, OnThreads(8));
        for (var seed = 0ul; seed < 3; seed++)
        {
            var domains = Domains(region);
            var team = new ScatteredTeam(domains, seed);
            team.Initialize();
            team.Advance(new(0, 1 << 20, 30 * region.Step / (1 << 20)));
            team.Advance(new(0, 1 << 20, 20 * region.Step / (1 << 20)));
            Assert.Equal(expected, Bits(domains));
            Assert.True(team.Messages > 50 * domains.Length, $"{team.Messages} messages were sent.");
        }
    }

    // Of 24 domains the first has eight below it, two of which have the others; all hear whether anybody needs new lists.
    [Fact]
    public void Nobody_is_asked_by_all()
    {
        var region = DividedRegion.Of(Melt(5), _lennardJones, 0.3, (4, 3, 2), 0.005);
        var domains = Domains(region);
        var team = new ScatteredTeam(domains, 1);
        team.Initialize();
        team.Advance(new(0, 1 << 20, 30 * region.Step / (1 << 20)));
        var asked = team.Ways.Where(way => way.Phase is Domain.ListPhase or Domain.ListPhase + Domain.AtWindowStart).Select(way => (way.From, way.To)).ToHashSet();
        Assert.Equal(2 * (domains.Length - 1), asked.Count);
        Assert.All(Enumerable.Range(0, domains.Length), m => Assert.InRange(asked.Count(way => way.To == m), 1, Domain.Branches + 1));
        Assert.All(domains, domain => Assert.Equal(domains[0].Rebuilds, domain.Rebuilds));
        Assert.True(domains[0].Rebuilds > 1, "Nobody ever needed a new list.");
    }

    [Theory]
    [MemberData(nameof(Regions))]
    public void What_was_saved_goes_on_with_the_same_bits(string name)
    {
        var region = Region(name);
        var domains = Domains(region);
        var team = Team(domains);
        Initialize(team);
        Advance(team, 33, region.Step);
        var saved = StateArchive.Save(team.Archive);
        Advance(team, 40, region.Step);
        var expected = Bits(domains);
        StateArchive.Restore(saved, team.Archive);
        Advance(team, 40, region.Step);
        Assert.Equal(expected, Bits(domains));

        var others = Domains(region);
        var fresh = Team(others);
        StateArchive.Restore(saved, fresh.Archive);
        Assert.Equal(saved, StateArchive.Save(fresh.Archive));
        Advance(fresh, 40, region.Step);
        Assert.Equal(expected, Bits(others));
    }

    // Half of the box is empty at first, and gas fills it; planes follow the atoms.
    [Fact]
    public void Planes_go_where_the_atoms_are()
    {
        var region = DividedRegion.Of(HalfFull(), _lennardJones, 0.3, (4, 2, 1), 0.005);
        double Unevenness(bool isBalanced)
        {
            var domains = Domains(region with { IsBalanced = isBalanced });
            var team = Team(domains);
            Initialize(team);
            for (var window = 0; window < 8; window++)
            {
                Advance(team, 5, 0.005);
            }

            _ = Gathered(domains, region.Count);
            return domains.Max(d => d.Count) * domains.Length / (double)region.Count;
        }

        Assert.True(Unevenness(isBalanced: false) > 2);
        Assert.True(Unevenness(isBalanced: true) < 1.15);
    }

    [Fact]
    public void What_cannot_be_split_is_refused_with_all_that_is_wrong()
    {
        var atoms = Melt(3) with { Box = new(Vec3.Zero, new(5, 1, 0, 0, 5, 0, 0, 0, 5)) };
        var region = DividedRegion.Of(atoms, () => [Interaction.Of(_plain), Interaction.InSingle(_plain), Interaction.OfField(new UniformForce(new(1, 0, 0)))], 0, (0, 1, 1), -1);
        var fault = Assert.Throws<ScaleModelException>(() => new Domain(region, 0)).Message;
        Assert.All(["skewed", "interaction 2 of 3", "interaction 3 of 3", "skin is 0", "step is -1", "(0, 1, 1) domains"], what => Assert.Contains(what, fault, StringComparison.Ordinal));
        Assert.Contains("Domain 2 is asked for", Assert.Throws<ScaleModelException>(() => new Domain(Region("melt") with { Domains = (2, 1, 1) }, 2)).Message, StringComparison.Ordinal);
    }

    // A step that is far too long.
    [Fact]
    public void Atoms_that_fly_away_end_in_an_error()
    {
        var domains = Domains(DividedRegion.Of(Melt(4, temperature: 1e5), _lennardJones, 0.3, (4, 1, 1), 0.05));
        var team = Team(domains);
        Initialize(team);
        Assert.Throws<ScaleModelException>(() => Advance(team, 200, 0.05));
    }
}
