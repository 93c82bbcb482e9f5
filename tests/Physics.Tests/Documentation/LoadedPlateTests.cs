using Snippets;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>The examples of the guide to finite elements.</summary>
public sealed class LoadedPlateTests
{
    // The series of Timoshenko, Goodier, "Theory of Elasticity", 3rd ed. (1970), section 109: ∫ u = 0.1406/4 for the unit square.
    [Fact]
    public void The_membrane_has_the_mean_of_the_series() => Assert.Equal(0.0351443, LoadedPlate.MeanOfPoisson(16), 1e-6);

    // Kirsch's 3 holds for a plate without end; this one is twenty times as wide as the hole.
    [Fact]
    public void The_stress_at_the_hole_is_three_times_the_tension() => Assert.Equal(3, LoadedPlate.StressAtHole(), 0.04);

    // The same work as deal.II 9.4 finds, 1.5368737 for 40³ cells, from below.
    [Fact]
    public void The_work_of_the_weight_comes_near_that_of_a_fine_mesh() =>
        Assert.InRange(LoadedPlate.WorkOfWeight(12, new Physics.Numerics.ChunkedLoop(2)), 0.97 * 1.5368737, 1.5368737);

    [Fact]
    public void The_bar_cools_by_pi_squared() => Assert.Equal(0.37270784, LoadedPlate.CooledBar(64, 200), 2e-4);

    [Fact]
    public void The_block_keeps_its_energy() => Assert.InRange(LoadedPlate.EnergyAfter(500), 0.97, 1.03);

    // Between a bar with free sides (see HyperelasticTests) and one that cannot narrow.
    [Fact]
    public void The_rubber_is_stiffer_than_with_free_sides()
    {
        var force = LoadedPlate.ForceOfStretch((a, y) =>
        {
            var x = new double[y.Length];
            Physics.Numerics.Sparse.SparseLdl.Indefinite(a).Solve(y, x);
            return x;
        });
        const double mu = 3 / 2.6, lambda = 0.9 / (1.3 * 0.4);
        Assert.InRange(force, 2.0, (mu * 1.5) + (lambda * Math.Log(2) / 2));
    }

    // √(3 E G_c/(8 l)), met to a step of 1 %, and G_c (1 + 3 h/(8 l)) with h = 2/81.
    [Fact]
    public void The_bar_breaks_at_its_strength()
    {
        var (strength, energy) = LoadedPlate.Break();
        Assert.Equal(1.936492, strength, 0.02 * 1.936492);
        Assert.Equal(1.0926, energy, 0.01);
    }
}
