using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Particles;

public sealed class MolecularRegionModelContract : ScaleModelContract<MolecularRegionModel>
{
    protected override MolecularRegionModel Create() =>
        (MolecularRegionModel)Participant.Of("region", Entry, ("cells", 2L), ("cutoff", 5.2e-10)).CreateModel();

    protected override ModelEntry Entry => MolecularRegionModel.Entry;

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
}

public sealed class MolecularRegionTests
{
    private const double Epsilon = 1.65678e-21;
    private const double Sigma = 3.4e-10;

    // The twin: every image of every pair within two boxes, straight from the formula; the box is skewed, too.
    [Theory]
    [InlineData(0)]
    [InlineData(0.2)]
    public void Lennard_Jones_is_the_sum_over_all_images(double skew)
    {
        const double cutoff = 7e-10;
        var cell = new Matrix3(16e-10, skew * 16e-10, 0, 0, 17e-10, skew * 15e-10, 0, 0, 18e-10);
        var atoms = Scattered(40, cell, seed: 7);
        var found = new LennardJones(Epsilon, Sigma, cutoff).Evaluate(cell, atoms, ChunkedLoop.Serial, default);

        var energy = 0.0;
        var forces = new Vec3[atoms.Length];
        var trace = 0.0;
        double Phi(double r) => 4 * Epsilon * (Math.Pow(Sigma / r, 12) - Math.Pow(Sigma / r, 6));
        for (var i = 0; i < atoms.Length; i++)
        {
            for (var j = 0; j < atoms.Length; j++)
            {
                for (var image = 0; image < 125; image++)
                {
                    var x = atoms[i] - atoms[j] + (cell * new Vec3((image % 5) - 2, (image / 5 % 5) - 2, (image / 25) - 2));
                    var r = x.Norm;
                    if (r > 1e-15 && r < cutoff)
                    {
                        energy += 0.5 * (Phi(r) - Phi(cutoff));
                        var f = 24 * Epsilon * ((2 * Math.Pow(Sigma / r, 12)) - Math.Pow(Sigma / r, 6)) / r;
                        forces[i] += f / r * x;
                        trace += 0.5 * f * r;
                    }
                }
            }
        }

        var scale = forces.Max(f => f.Norm);
        Assert.Equal(1, found.Energy / energy, 1e-11);
        Assert.Equal(1, found.Virial.Trace / trace, 1e-11);
        Assert.All(forces.Zip(found.Forces), pair => Assert.True((pair.First - pair.Second).Norm < 1e-11 * scale));
    }

    [Fact]
    public void A_cutoff_beyond_half_of_the_box_is_refused()
    {
        var fault = Assert.Throws<ScaleModelException>(() =>
            new LennardJones(Epsilon, Sigma, 6e-10).Evaluate(Matrix3.Diagonal(1e-9, 2e-9, 2e-9), new Vec3[2], ChunkedLoop.Serial, default));
        Assert.Contains("half", fault.Message, StringComparison.Ordinal);
    }

    // Two atoms that part from each other: half of the step, a quarter of the error.
    [Fact]
    public void The_energy_drift_falls_with_the_square_of_the_step()
    {
        var coarse = Fluctuation(4e-15);
        var fine = Fluctuation(2e-15);
        Assert.InRange(coarse / fine, 3, 5.5);
        Assert.True(fine < 1e-4, $"{fine}");
    }

    [Fact]
    public void The_start_has_the_temperature_asked_for()
    {
        var result = new SerialRunner(Composition.Compose(Region(2e-15, 2e-15))).Run();
        Assert.InRange(result.Metrics["region.temperature"], 30, 41);       // One step later; a lattice only cools.
    }

    private static double Fluctuation(double step)
    {
        // The energy after few windows against that after many: the error of the scheme, not of round-off.
        var energies = Enumerable.Range(1, 12).Select(n => new SerialRunner(Composition.Compose(Region(step, n * 4e-14, 4e-14))).Run().Metrics["region.energy"]).ToArray();
        return (energies.Max() - energies.Min()) / Math.Abs(energies.Average());
    }

    private static Experiment Region(double step, double until, double? window = null) => new()
    {
        Name = "region",
        Until = until,
        Window = window ?? step,
        Participants = [Participant.Of("region", MolecularRegionModel.Entry, ("cells", 3L), ("step", step), ("cutoff", 7.65e-10))],
        Conduits = [],
        Scheme = CouplingScheme.Serial("region"),
    };

    private static Vec3[] Scattered(int count, Matrix3 cell, ulong seed)
    {
        var random = new Philox(seed, 1);
        var atoms = new List<Vec3>();
        for (var draw = 0; atoms.Count < count; draw++)
        {
            var x = cell * new Vec3(random.Uniform(0, 0, draw), random.Uniform(0, 1, draw), random.Uniform(0, 2, draw));
            var near = atoms.Any(y => Enumerable.Range(0, 27).Any(k => (x - y + (cell * new Vec3((k % 3) - 1, (k / 3 % 3) - 1, (k / 9) - 1))).Norm < 0.9 * Sigma));
            if (!near)
            {
                atoms.Add(x);
            }
        }

        return [.. atoms];
    }
}
