using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Testing;
using CsCheck;

namespace ActorMultiscale.Tests.Particles;

/// <summary>Argon at constant energy, pushed from outside.</summary>
public sealed class MolecularDynamicsModelContract : ScaleModelContract<MolecularDynamicsModel>
{
    protected override MolecularDynamicsModel Create() =>
        (MolecularDynamicsModel)Participant.Of("atoms", Entry, ("cells", Numbers(3, 3, 3)), ("cutoff", 5.2e-10)).CreateModel();

    protected override ModelEntry Entry => MolecularDynamicsModel.Entry(MolecularDynamicsModelTests.NoFiles);

    protected override double WindowLength => 1e-14;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);

    protected override void FillInput(Port port, double time, Span<double> values)
    {
        base.FillInput(port, time, values);
        foreach (ref var value in values)
        {
            value *= 1e-12;         // N; forces between atoms are of this size.
        }
    }

    internal static ImmutableArray<double> Numbers(params double[] numbers) => [.. numbers];
}

/// <summary>The same in reduced units, under a pressure, with a heat bath: what is kept of both must be restored.</summary>
public sealed class MolecularDynamicsUnderPressureContract : ScaleModelContract<MolecularDynamicsModel>
{
    protected override MolecularDynamicsModel Create() => (MolecularDynamicsModel)Participant.Of("atoms", Entry,
        ("cells", MolecularDynamicsModelContract.Numbers(3, 3, 3)), ("bath", "nose-hoover"), ("box", "hydrostatic"), ("pressure", 1.0)).CreateModel();

    protected override ModelEntry Entry => MolecularDynamicsModel.ReducedEntry(MolecularDynamicsModelTests.NoFiles);

    protected override double WindowLength => 0.02;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);
}

public sealed class CrystalModelContract : ScaleModelContract<CrystalModel>
{
    protected override CrystalModel Create() => (CrystalModel)Participant.Of("crystal", CrystalModel.ReducedEntry, ("cells", MolecularDynamicsModelContract.Numbers(2, 2, 2))).CreateModel();

    protected override ModelEntry Entry => CrystalModel.ReducedEntry;
}

public sealed class MolecularDynamicsModelTests
{
    internal static AtomConfiguration NoFiles(InputFile file, UnitSystem units) => throw new InvalidOperationException("No file was given.");

    // A model for a window of its own.
    private sealed class Stand(IScaleModel model)
    {
        public ModelDescription Description { get; } = model.Description;

        public ImmutableArray<ImmutableArray<FieldSample>> Initialize()
        {
            var outputs = PortWriter.ForStart(Description, 0);
            model.Initialize(outputs);
            return outputs.Publish();
        }

        public ImmutableArray<ImmutableArray<FieldSample>> Advance(TimeWindow window, Func<PortLayout, Waveform?> input)
        {
            var outputs = PortWriter.ForWindow(Description, window, null);
            var inputs = new PortReader(Description, window, [.. Description.Ports.Select(p => p.Port.Direction == PortDirection.In ? input(p) : null)]);
            model.Advance(new(window, null, new Philox(1, 1), ChunkedLoop.Serial, default), inputs, outputs);
            return outputs.Publish();
        }
    }

    private static TimeWindow Window(double length) => new(0, 1 << 20, length / (1 << 20));

    private static Stand Reduced(params (string Key, object Value)[] settings) =>
        new(Participant.Of("atoms", MolecularDynamicsModel.ReducedEntry(NoFiles), settings).CreateModel());

    private static double Last(Stand stand, string port, ImmutableArray<ImmutableArray<FieldSample>> samples, int entry = 0)
    {
        var index = stand.Description.Ports.ToList().FindIndex(p => p.Port.Name == port);
        return samples[index][^1].Values[entry];
    }

    // Argon in SI units, and the same in units of its potential: one trajectory.
    [Theory]
    [InlineData("metal")]
    [InlineData("real")]
    [InlineData("si")]
    public void Units_are_those_of_the_ports(string units)
    {
        const double Epsilon = 1.65678e-21;
        const double Sigma = 3.4e-10;
        const double Mass = 6.6335e-26;
        const double K = 1.380649e-23;
        var tau = Sigma * Math.Sqrt(Mass / Epsilon);
        var cells = MolecularDynamicsModelContract.Numbers(4, 4, 4);
        var ours = new Stand(Participant.Of("atoms", MolecularDynamicsModel.Entry(NoFiles), ("units", units), ("cells", cells), ("masses", MolecularDynamicsModelContract.Numbers(Mass)),
            ("lattice-constant", 1.6 * Sigma), ("cutoff", 2.5 * Sigma), ("temperature", 0.5 * Epsilon / K), ("step", 0.005 * tau)).CreateModel());
        var reduced = Reduced(("cells", cells), ("lattice-constant", 1.6), ("cutoff", 2.5), ("temperature", 0.5), ("step", 0.005));
        _ = (ours.Initialize(), reduced.Initialize());
        var (si, bare) = (ours.Advance(Window(0.1 * tau), _ => null), reduced.Advance(Window(0.1), _ => null));
        void Same(string port, double unit, double tolerance, int entry = 0) =>
            Assert.Equal(1, Last(ours, port, si, entry) / (unit * Last(reduced, port, bare, entry)), tolerance);

        // LAMMPS's constants differ from CODATA's by up to 4e-6.
        Same("temperature", Epsilon / K, 1e-5);
        Same("potential-energy", Epsilon, 1e-5);
        Same("pressure", Epsilon / Math.Pow(Sigma, 3), 1e-4);
        Same("density", Mass / Math.Pow(Sigma, 3), 1e-12);
        Same("positions", Sigma, 1e-5, 100);
        Same("velocities", Sigma / tau, 1e-3, 100);
        Same("cell", Sigma, 1e-12);
    }

    // Lattice sums of the potential that is cut plainly at 3σ, and LAMMPS's elastic constants of it.
    [Fact]
    public void A_crystal_says_what_a_continuum_of_it_would_need_to_know()
    {
        var entry = CrystalModel.ReducedEntry;
        var stand = new Stand(Participant.Of("crystal", entry, ("cells", MolecularDynamicsModelContract.Numbers(2, 2, 2)), ("cutoff", 3.0), ("ending", "plain"), ("lattice-constant", 1.55)).CreateModel());
        _ = stand.Initialize();
        var found = stand.Advance(Window(1), _ => null);
        Assert.Equal(1.54637897, Last(stand, "lattice-constant", found), 1e-5);
        Assert.Equal(-8.3050265, Last(stand, "energy-per-atom", found), 1e-5);
        Assert.Equal(4 / Math.Pow(1.54637897, 3), Last(stand, "density", found), 1e-4);
        Assert.Equal(1, Last(stand, "c11", found) / 101.05339, 1e-4);
        Assert.Equal(1, Last(stand, "c12", found) / 57.27720, 1e-4);
        Assert.Equal(1, Last(stand, "c44", found) / 57.27720, 1e-4);
        Assert.Equal(0, Last(stand, "residual-stress", found), 1e-6);
    }

    // One atom of a cold lattice, which others hold only after a while: v = F t / m, of that atom alone.
    [Theory]
    [InlineData("metal")]
    [InlineData("real")]
    [InlineData("si")]
    public void A_push_reaches_the_atom_that_is_meant(string units)
    {
        const double Mass = 6.6335e-26;
        const double Push = 3e-13;
        const double Time = 2e-14;
        var stand = new Stand(Participant.Of("atoms", MolecularDynamicsModel.Entry(NoFiles), ("units", units), ("temperature", 0.0), ("lattice-constant", 5.27e-10), ("cells", MolecularDynamicsModelContract.Numbers(4, 4, 4)), ("step", 1e-15)).CreateModel());
        _ = stand.Initialize();
        var n = stand.Description.Ports[0].Points;
        var push = new double[3 * n];
        push[(3 * 77) + 1] = Push;
        var samples = stand.Advance(Window(Time), layout => layout.Port.Name == "external-force" ? new Waveform(0, [new FieldSample(0, [.. push])], TimeMeaning.Instant, 1) : null);
        var index = stand.Description.Ports.ToList().FindIndex(p => p.Port.Name == "velocities");
        var velocities = samples[index][^1].Values.ToArray();
        Assert.Equal(1, velocities[(3 * 77) + 1] / (Push * Time / Mass), 0.01);
        Assert.InRange(Enumerable.Range(0, n).Where(i => i != 77).Max(i => Math.Abs(velocities[(3 * i) + 1])) / (Push * Time / Mass), 0, 0.01);

        // What was pushed is now energy of motion.
        Assert.Equal(1, (Last(stand, "energy", samples) - Last(stand, "potential-energy", samples)) / (0.5 * Mass * Math.Pow(Push * Time / Mass, 2)), 0.02);
    }

    [Theory]
    [InlineData("metal")]
    [InlineData("real")]
    [InlineData("si")]
    public void A_crystal_has_the_units_of_its_ports(string units)
    {
        const double Epsilon = 1.65678e-21;
        const double Sigma = 3.4e-10;
        var cells = MolecularDynamicsModelContract.Numbers(2, 2, 2);
        var si = new Stand(Participant.Of("crystal", CrystalModel.Entry, ("units", units), ("cells", cells), ("masses", MolecularDynamicsModelContract.Numbers(1e-26)), ("lattice-constant", 1.55 * Sigma), ("cutoff", 2.5 * Sigma)).CreateModel());
        var bare = new Stand(Participant.Of("crystal", CrystalModel.ReducedEntry, ("cells", cells), ("lattice-constant", 1.55), ("cutoff", 2.5)).CreateModel());
        _ = (si.Initialize(), bare.Initialize());
        var (a, b) = (si.Advance(Window(1), _ => null), bare.Advance(Window(1), _ => null));
        void Same(string port, double unit, double tolerance) => Assert.Equal(1, Last(si, port, a) / (unit * Last(bare, port, b)), tolerance);
        Same("lattice-constant", Sigma, 1e-8);
        Same("density", 1e-26 / Math.Pow(Sigma, 3), 1e-8);
        Same("energy-per-atom", Epsilon, 1e-6);
        foreach (var modulus in new[] { "c11", "c12", "c44", "bulk-modulus", "tangent" })
        {
            Same(modulus, Epsilon / Math.Pow(Sigma, 3), 1e-5);
        }
    }

    // Σ m v = F t: forces between the atoms are no matter.
    [Fact]
    public void What_pushes_each_atom_moves_all()
    {
        var stand = Reduced(("cells", MolecularDynamicsModelContract.Numbers(4, 4, 4)));
        _ = stand.Initialize();
        var n = stand.Description.Ports[0].Points;
        var push = Enumerable.Range(0, 3 * n).Select(i => i % 3 == 0 ? 0.01 * (1 + (i % 2)) : 0).ToArray();
        var samples = stand.Advance(Window(0.25), layout => layout.Port.Name == "external-force" ? new Waveform(0, [new FieldSample(0, [.. push])], TimeMeaning.Instant, 1) : null);
        var index = stand.Description.Ports.ToList().FindIndex(p => p.Port.Name == "velocities");
        var velocities = samples[index][^1].Values.ToArray();
        var momentum = Enumerable.Range(0, n).Sum(i => velocities[3 * i]);
        Assert.Equal(1, momentum / (0.25 * push.Sum()), 1e-10);
    }

    [Fact]
    public void All_that_does_not_fit_together_is_said_at_once()
    {
        var fault = Assert.Throws<ScaleModelException>(() => Reduced(("pair", "embedded-atom"), ("left-out", ImmutableArray.Create("four-bonds")),
            ("box", "strained"), ("strain-rate", MolecularDynamicsModelContract.Numbers(1, 2)), ("bonds", "fene")));
        Assert.Contains("no 'potential' is given", fault.Message, StringComparison.Ordinal);
        Assert.Contains("four-bonds", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'strain-rate' has 2 numbers", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no atoms are bonded", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pairs_in_single_precision_are_nearly_those_of_double()
    {
        double Energy(string precision)
        {
            var stand = Reduced(("cells", Numbers(4, 4, 4)), ("precision", precision));
            return Last(stand, "potential-energy", stand.Initialize());
        }

        Assert.InRange(Math.Abs((Energy("single") / Energy("double")) - 1), 1e-12, 1e-6);
        Assert.Contains("'precision' is single, and 'pair' is morse", Assert.Throws<ScaleModelException>(() => Reduced(("pair", "morse"), ("precision", "single"))).Message, StringComparison.Ordinal);
    }

    // Under a pressure that acts along a shear as well a box of right angles does not keep them.
    [Fact]
    public void A_box_that_is_wholly_free_shears_too()
    {
        double Skew(string box)
        {
            var stand = Reduced(("cells", Numbers(3, 3, 3)), ("temperature", 0.5), ("bath", "nose-hoover"), ("bath-temperature", 0.5), ("box", box), ("pressure-time", 0.2));
            _ = stand.Initialize();
            return Math.Abs(Last(stand, "cell", stand.Advance(Window(0.5), _ => null), 3));       // x of the second vector.
        }

        Assert.Equal(0, Skew("axes"));
        Assert.InRange(Skew("full"), 1e-5, 1);
    }

    // What cannot be read is said with the rest, and so is what a law refuses.
    [Fact]
    public void A_fault_hides_no_other()
    {
        static AtomConfiguration Broken(InputFile file, UnitSystem units) => throw new ScaleModelException("melt.data:3: there is no box.");
        string Fault(AtomReader reader, params (string Key, object Value)[] settings) =>
            Assert.Throws<ScaleModelException>(() => Participant.Of("atoms", MolecularDynamicsModel.ReducedEntry(reader), settings).CreateModel()).Message;
        var texts = (string[] t) => ImmutableArray.Create(t);
        var broken = Fault(Broken, ("atoms", new InputFile("melt.data", "")), ("walls", texts(["top"])), ("force", Numbers(1, 2)), ("angles", "harmonic"), ("angle-stiffness", Numbers(1, 2)), ("angle-rest", Numbers(1)),
            ("box", "hydrostatic"), ("pair", "table"));
        foreach (var part in new[] { "melt.data:3", "'walls' holds 'top'", "'force' has 2 numbers", "'angle-stiffness' has 2 numbers and 'angle-rest' has 1", "bath nose-hoover alone", "'pair' is table, and no 'potential'" })
        {
            Assert.Contains(part, broken, StringComparison.Ordinal);
        }

        var lattice = Fault(NoFiles, ("cells", Numbers(2, 2)), ("species", texts(["Xx"])), ("masses", Numbers(1, 2)), ("epsilon", Numbers(-1)), ("sigma", Numbers(1, 1)), ("charges", "ewald"), ("bonds", "morse"), ("dihedrals", "opls"),
            ("impropers", "harmonic"), ("open", texts(["w"])), ("walls", texts(["z-low"])), ("electric-field", Numbers(0, 0, 1)), ("bath", "nose-hoover"), ("bath-temperature", 0.0));
        foreach (var part in new[]
        {
            "'cells' takes three", "'masses' has 2 numbers", "'epsilon' has 1 numbers and 'sigma' 2", "'charges' is ewald, and the atoms have none", "'bonds' is morse, and no atoms are bonded", "the atoms have no dihedrals",
            "the atoms have no impropers", "'open' holds 'w'", "the box is periodic along z", "needs the charge of each atom", "temperature of the bath is 0",
        })
        {
            Assert.Contains(part, lattice, StringComparison.Ordinal);
        }

        Assert.Contains("stands in the wall or behind it; 'vacuum' makes room", Fault(NoFiles, ("open", texts(["z"])), ("walls", texts(["z-low"]))), StringComparison.Ordinal);
        Assert.Contains("no side is 'open'", Fault(NoFiles, ("vacuum", 1.0)), StringComparison.Ordinal);
        Assert.Contains("it must be metal", Assert.Throws<ScaleModelException>(() => Participant.Of("atoms", MolecularDynamicsModel.Entry(NoFiles), ("units", "real"), ("pair", "stillinger-weber")).CreateModel()).Message, StringComparison.Ordinal);
        Assert.Contains("there are atoms of Ar", Assert.Throws<ScaleModelException>(() => Participant.Of("atoms", MolecularDynamicsModel.Entry(NoFiles), ("pair", "stillinger-weber")).CreateModel()).Message, StringComparison.Ordinal);
    }

    private static ImmutableArray<double> Numbers(params double[] numbers) => [.. numbers];

    // Sodium and chlorine of a file that calls them 1 and 2, without masses and charges. E = −α C q²/r₀ an ion pair with the Madelung constant α (Sakamoto, J. Chem. Phys. 28 (1958) 164).
    [Fact]
    public void Kinds_of_a_file_take_names_masses_and_charges()
    {
        const double Near = 2.82;
        AtomConfiguration Salt(InputFile file, UnitSystem units) => new()
        {
            Units = units, Box = SimulationBox.Orthogonal(4 * Near, 4 * Near, 4 * Near), Species = [new("1", 0), new("2", 0)],
            Kinds = [.. Enumerable.Range(0, 64).Select(i => ((i / 16) + (i / 4 % 4) + (i % 4)) % 2)],
            Positions = [.. Enumerable.Range(0, 64).Select(i => Near * new Vec3(i / 16, i / 4 % 4, i % 4))],
        };
        const double E = 1.602176634e-19;
        IScaleModel Model(params (string Key, object Value)[] more) =>
            Participant.Of("atoms", MolecularDynamicsModel.Entry(Salt), [("atoms", new InputFile("salt.data", "")), ("pair", "none"), ("charges", "ewald"), ("charge-cutoff", 9e-10), ("ewald-accuracy", 1e-10), .. more]).CreateModel();
        var stand = new Stand(Model(("species", ImmutableArray.Create("Na", "Cl")), ("kind-charges", Numbers(E, -E))));
        var start = stand.Initialize();
        Assert.Equal(-1.7475645946 * UnitSystem.Metal.Coulomb / Near, Last(stand, "potential-energy", start) / (32 * E), 1e-7);
        Assert.Equal((32 * (22.98976928 + 35.45) * 1.66053906660e-27) / Math.Pow(4e-10 * Near, 3), Last(stand, "density", start), 1e-3);

        var fault = Assert.Throws<ScaleModelException>(() => Model(("species", ImmutableArray.Create("Na")), ("kind-charges", Numbers(E)))).Message;
        Assert.Contains("'species' has 1 names, and salt.data has 2 kinds of atoms (1, 2)", fault, StringComparison.Ordinal);
        Assert.Contains("has no mass", Assert.Throws<ScaleModelException>(() => Model(("kind-charges", Numbers(E, -E)))).Message, StringComparison.Ordinal);
        Assert.Contains("'kind-charges' has 1 numbers", Assert.Throws<ScaleModelException>(() => Model(("species", ImmutableArray.Create("Na", "Cl")), ("kind-charges", Numbers(E)))).Message, StringComparison.Ordinal);
    }

    // A chain of four charged atoms of two kinds, alone in its box: no pair is further apart than half of it.
    private static AtomConfiguration Chain(InputFile file, UnitSystem units) => new()
    {
        Units = units, Box = SimulationBox.Orthogonal(20, 20, 20), Species = [new("A", 1), new("B", 2)], Kinds = [0, 1, 1, 0], Charges = [0.4, -0.7, 0.5, -0.2],
        Positions = [new(9, 9, 9), new(10.1, 9.2, 9), new(10.3, 10.3, 9.1), new(11.2, 10.4, 9.9)],
        Bonds = [new(0, [0, 1]), new(1, [1, 2]), new(0, [3, 2])],
    };

    private static Stand Chained(params (string Key, object Value)[] settings) =>
        new(Participant.Of("atoms", MolecularDynamicsModel.ReducedEntry(Chain), [("atoms", new InputFile("chain.data", "")), ("temperature", 0.0), .. settings]).CreateModel());

    private static double Energy(params (string Key, object Value)[] settings)
    {
        var stand = Chained(settings);
        return Last(stand, "potential-energy", stand.Initialize());
    }

    // E = E_whole − Σ (1 − w) φ over the pairs that are one, two and three bonds apart.
    [Theory]
    [InlineData("cut")]
    [InlineData("damped-shifted-force")]
    [InlineData("ewald")]
    public void Bonded_pairs_count_by_their_weights(string charges)
    {
        (string, object)[] of = [("pair", "lennard-jones"), ("ending", "plain"), ("cutoff", 4.0), ("epsilon", Numbers(1, 0.6)), ("sigma", Numbers(1, 1.1)), ("mixing", "arithmetic"), ("charges", charges), ("charge-cutoff", 5.0), ("damping", 0.3)];
        var (chain, damped) = (Chain(null!, UnitSystem.LennardJones), new DampedShiftedForce(0.3, 5));
        double Lacking(Func<int, int, double, double> energy, double[] weights)
        {
            var sum = 0.0;
            for (var i = 0; i < 4; i++)
            {
                for (var j = i + 1; j < 4; j++)
                {
                    sum += (1 - weights[j - i - 1]) * energy(i, j, (chain.Positions[i] - chain.Positions[j]).Norm);
                }
            }

            return sum;
        }

        double LennardJones(int i, int j, double r)
        {
            var (epsilon, sigma) = (Math.Sqrt((chain.Kinds[i] == 0 ? 1 : 0.6) * (chain.Kinds[j] == 0 ? 1 : 0.6)), 1 + (0.05 * (chain.Kinds[i] + chain.Kinds[j])));
            return 4 * epsilon * (Math.Pow(sigma / r, 12) - Math.Pow(sigma / r, 6));
        }

        double Coulomb(int i, int j, double r)
        {
            var phi = Vector512.Create(1 / r);
            if (charges == "damped-shifted-force")
            {
                damped.ForceOverDistance(Vector512.Create(r * r), true, out phi);
            }

            return chain.Charges[i] * chain.Charges[j] * phi[0];
        }

        var whole = Energy(of);
        var weight = Gen.OneOf(Gen.Const(0.0), Gen.Const(1.0), Gen.Double[0, 1]).Array[3];
        Gen.Select(weight, weight).Sample((pairs, others) =>
        {
            var lacking = Lacking(LennardJones, pairs);
            Assert.Equal(whole - lacking - Lacking(Coulomb, others), Energy([.. of, ("pair-weights", Numbers(pairs)), ("charge-weights", Numbers(others))]), 1e-10);
            Assert.Equal(whole - lacking - Lacking(Coulomb, pairs), Energy([.. of, ("pair-weights", Numbers(pairs))]), 1e-10);
            Assert.Equal(whole - Lacking(Coulomb, others), Energy([.. of, ("charge-weights", Numbers(others))]), 1e-10);
        }, iter: 20, threads: 1);
        Assert.Equal(Energy([.. of, ("left-out", ImmutableArray.Create("one-bond", "three-bonds"))]), Energy([.. of, ("pair-weights", Numbers(0, 1, 0))]));
    }

    // −½ K R₀² ln[1 − (r/R₀)²] + 4ε[(σ/r)¹² − (σ/r)⁶] + ε of each bond, the latter up to 2^(1/6) σ; one bond is beyond that.
    [Fact]
    public void A_bond_of_FENE_has_a_core_if_it_is_given_one()
    {
        (string, object)[] of = [("pair", "none"), ("bonds", "fene"), ("bond-stiffness", Numbers(30, 20)), ("bond-length", Numbers(1.9, 2.1))];
        var (chain, spring, core) = (Chain(null!, UnitSystem.LennardJones), 0.0, 0.0);
        var cores = 0;
        foreach (var bond in chain.Bonds)
        {
            var (k, longest, epsilon, sigma) = bond.Kind == 0 ? (30, 1.9, 1, 1.05) : (20, 2.1, 0.5, 0.9);
            var r = (chain.Positions[bond.Atoms[0]] - chain.Positions[bond.Atoms[1]]).Norm;
            spring -= 0.5 * k * longest * longest * Math.Log(1 - (r * r / longest / longest));
            if (r < Math.Pow(2, 1.0 / 6) * sigma)
            {
                core += (4 * epsilon * (Math.Pow(sigma / r, 12) - Math.Pow(sigma / r, 6))) + epsilon;
                cores++;
            }
        }

        Assert.InRange(cores, 1, 2);
        Assert.Equal(spring, Energy(of), 1e-11);
        Assert.Equal(spring + core, Energy([.. of, ("bond-core-strength", Numbers(1, 0.5)), ("bond-core-size", Numbers(1.05, 0.9))]), 1e-11);
    }

    [Fact]
    public void Weights_and_cores_that_make_no_sense_are_refused_together()
    {
        string Fault(params (string Key, object Value)[] settings) => Assert.Throws<ScaleModelException>(() => Chained([("epsilon", Numbers(1, 1)), ("sigma", Numbers(1, 1)), .. settings])).Message;
        void Says(string fault, params string[] parts) => Assert.All(parts, part => Assert.Contains(part, fault, StringComparison.Ordinal));
        Says(Fault(("pair-weights", Numbers(0, 1.5, 1)), ("charge-weights", Numbers(0, 1)), ("bonds", "harmonic"), ("bond-stiffness", Numbers(1, 1)), ("bond-length", Numbers(1, 1)), ("bond-core-size", Numbers(1, 1))),
            "'pair-weights' takes three numbers from 0 to 1, for atoms one, two and three bonds apart; it has 0, 1.5, 1", "'charge-weights' takes three numbers from 0 to 1, for atoms one, two and three bonds apart; it has 0, 1", "'charge-weights' is given, and 'charges' is none",
            "'bond-core-strength' and 'bond-core-size' are of fene bonds, and 'bonds' is harmonic");
        Says(Fault(("left-out", ImmutableArray.Create("one-bond")), ("pair-weights", Numbers(0, 0, 1)), ("bonds", "fene"), ("bond-stiffness", Numbers(1, 1)), ("bond-length", Numbers(1, 1)), ("bond-core-strength", Numbers(1, 1)), ("bond-core-size", Numbers(1))),
            "'pair-weights' is given, and so is 'left-out'", "'bond-core-strength' has 2 numbers and 'bond-core-size' has 1 numbers, and there are 2 kinds of bonds");
        Says(Fault(("pair", "none"), ("pair-weights", Numbers(0, 0, 1))), "'pair-weights' is given, and 'pair' is none");
        Says(Fault(("bonds", "fene"), ("bond-stiffness", Numbers(1, 1)), ("bond-length", Numbers(2, 2)), ("bond-core-strength", Numbers(1, 1)), ("bond-core-size", Numbers(1, 1))), "the pair interaction acts along them too");
        Says(Fault(("pair", "embedded-atom"), ("pair-weights", Numbers(0, 0, 0.5))), "'pair' is embedded-atom, which has no weights between 0 and 1");
        Says(Fault(("pair", "embedded-atom"), ("charges", "cut"), ("pair-weights", Numbers(1, 1, 1)), ("charge-weights", Numbers(1, 1, 0))), "where 'pair-weights' has 1 'charge-weights' must have 1, too");

        // What the law refuses is said once, and not for each part of it; the rule for unlike kinds would make 1.7 of −3 and −1.
        var refused = Assert.Throws<ScaleModelException>(() => Chained(("epsilon", Numbers(-3, -1)), ("sigma", Numbers(1, 1)), ("pair-weights", Numbers(0.1, 0.2, 0.3)))).Message;
        Assert.Equal(2, refused.Split("ε = -3").Length);
        Assert.Contains("'pair-weights' is given, and no atoms are bonded", Assert.Throws<ScaleModelException>(() => Reduced(("pair-weights", Numbers(0, 0, 1)))).Message, StringComparison.Ordinal);
    }

    // In diamond's lattice with r = 2^(1/6) σ each of two bonds an atom has the energy −ε, and no angle costs anything (Stillinger, Weber, Phys. Rev. B 31 (1985) 5262).
    [Fact]
    public void Silicon_is_built_in()
    {
        var (epsilon, sigma) = (2.1683, 2.0951);
        var stand = new Stand(Participant.Of("atoms", MolecularDynamicsModel.Entry(NoFiles), ("pair", "stillinger-weber"), ("lattice", "diamond"), ("species", ImmutableArray.Create("Si")), ("cells", Numbers(3, 3, 3)),
            ("lattice-constant", 4e-10 / Math.Sqrt(3) * Math.Pow(2, 1.0 / 6) * sigma)).CreateModel());
        Assert.Equal(-2 * epsilon, Last(stand, "potential-energy", stand.Initialize()) / (216 * 1.602176634e-19), 1e-6);
    }

    // A table of a Lennard-Jones potential in its place: the same crystal.
    [Fact]
    public void A_table_stands_for_the_potential_from_which_it_was_made()
    {
        var lines = Enumerable.Range(0, 2000).Select(i => 0.8 + (1.7 * i / 1999)).Select((r, i) =>
        {
            var s6 = Math.Pow(r, -6);
            return FormattableString.Invariant($"{i + 1} {r:R} {4 * s6 * (s6 - 1):R} {24 * s6 * ((2 * s6) - 1) / r:R}");
        });
        var file = new InputFile("lj.table", $"# Lennard-Jones\n\nLJ\nN 2000\n\n{string.Join('\n', lines)}\n");
        (string, object)[] of = [("cells", Numbers(4, 4, 4)), ("temperature", 0.4)];
        var (law, table) = (Reduced([.. of, ("ending", "plain"), ("cutoff", 2.5)]), Reduced([.. of, ("pair", "table"), ("potential", file), ("sections", ImmutableArray.Create("LJ")), ("interpolation", "hermite")]));
        _ = (law.Initialize(), table.Initialize());
        var (a, b) = (law.Advance(Window(0.2), _ => null), table.Advance(Window(0.2), _ => null));
        foreach (var port in new[] { "energy", "potential-energy", "pressure" })
        {
            Assert.Equal(1, Last(table, port, b) / Last(law, port, a), 1e-6);
        }
    }

    // Between two walls atoms fall together: m v = m g t, in all units.
    [Theory]
    [InlineData("metal")]
    [InlineData("real")]
    [InlineData("si")]
    public void Atoms_fall_between_walls(string units)
    {
        const double G = 2e13;
        const double Time = 1e-12;
        (string, object)[] of =
        [
            ("units", units), ("temperature", 0.0), ("lattice-constant", 5.27e-10), ("cells", Numbers(3, 3, 3)), ("step", 2e-15), ("open", ImmutableArray.Create("z")), ("vacuum", 3e-9), ("walls", ImmutableArray.Create("z-low", "z-high")),
        ];
        double Falls(params (string Key, object Value)[] more)
        {
            var stand = new Stand(Participant.Of("atoms", MolecularDynamicsModel.Entry(NoFiles), [.. of, .. more]).CreateModel());
            _ = stand.Initialize();
            var samples = stand.Advance(Window(Time), _ => null);
            var velocities = samples[stand.Description.Ports.ToList().FindIndex(p => p.Port.Name == "velocities")][^1].Values.ToArray();
            return Enumerable.Range(0, velocities.Length / 3).Average(i => velocities[(3 * i) + 2]);
        }

        Assert.Equal(1, Falls(("acceleration", Numbers(0, 0, -G))) / (-G * Time), 1e-6);
        Assert.Equal(1, Falls(("force", Numbers(0, 0, -39.948 * 1.66053906660e-27 * G))) / (-G * Time), 1e-5);

        // Where the wall is near it pushes back.
        Assert.InRange(Falls(("acceleration", Numbers(0, 0, -G)), ("wall", "harmonic"), ("wall-cutoff", 3.1e-9), ("wall-stiffness", 0.01)) / (-G * Time), -1, 0.9);
    }
}
