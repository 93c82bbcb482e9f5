using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Testing;

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
}
