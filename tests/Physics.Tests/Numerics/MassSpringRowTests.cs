using ActorMultiscale.Physics.Mechanics;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Numerics;

/// <summary>Velocity Verlet on masses and springs against what is known in closed form (validation cases V21 to V23).</summary>
public sealed class MassSpringRowTests
{
    [Theory]
    [InlineData(0.1, 1.41539473)]
    [InlineData(0.5, 1.44546850)]
    public void Two_masses_swing_with_the_frequency_of_the_discrete_motion(double step, double frequency)
    {
        // Two masses 1 on a spring 1: relative motion with ω = √2, which Verlet turns into (2/Δt) asin(ωΔt/2).
        var row = new MassSpringRow([1, 1], [1]);
        row.Start([0.5, -0.5], [0, 0], step);
        for (var n = 1; n <= 1000; n++)
        {
            row.Open(step);
            row.Close(step);
            Assert.Equal(0.5 * Math.Cos(frequency * n * step), row.Displacement[0], 1e-5);     // The frequency has nine digits; t is up to 500.
        }
    }

    [Theory]
    [InlineData(8, 0.39018064)]
    [InlineData(4, 0.76536686)]
    [InlineData(2, 1.41421356)]
    public void A_standing_wave_on_a_chain_has_the_frequency_of_its_dispersion(int fraction, double frequency)
    {
        // Free ends: u_i = cos(k (i + ½)) with k = π/fraction is an eigenvector, ω = 2 sin(k/2). Cells of the wave fit in 64 atoms.
        const int Atoms = 64;
        const double Step = 0.001;
        var k = Math.PI / fraction;
        double[] shape = [.. Enumerable.Range(0, Atoms).Select(i => Math.Cos(k * (i + 0.5)))];
        var row = Chain(Atoms);
        row.Start(shape, new double[Atoms], Step);
        for (var n = 0; n < 2000; n++)
        {
            row.Open(Step);
            row.Close(Step);
        }

        Assert.Equal(Math.Cos(frequency * 2), row.Displacement[3] / shape[3], 1e-6);
    }

    [Theory]
    [InlineData(1, 0, 0.22389078)]
    [InlineData(5, 0, -0.24593576)]
    [InlineData(5, 1, 0.25463031)]
    [InlineData(5, 5, 0.20748611)]
    [InlineData(10, 10, 0.16474777)]
    public void A_kick_spreads_along_a_chain_as_a_Bessel_function(int time, int atom, double velocity)
    {
        const int Middle = 40;
        const double Step = 0.005;
        var row = Chain((2 * Middle) + 1);
        var v = new double[row.Count];
        v[Middle] = 1;
        row.Start(new double[row.Count], v, Step);
        for (var n = 0; n < time / Step - 0.5; n++)
        {
            row.Open(Step);
            row.Close(Step);
        }

        row.Open(Step);
        Assert.Equal(velocity, row.OnStep(Middle + atom), 1e-5);        // J_{2n}(2t)
    }

    [Fact]
    public void Energy_ripples_while_the_invariant_stands_still_and_momentum_is_kept()
    {
        const double Step = 0.1;
        var row = Chain(50);
        row.Start([.. Enumerable.Range(0, 50).Select(i => Math.Sin(0.7 * i * i))], [.. Enumerable.Range(0, 50).Select(i => Math.Cos(1.3 * i))], Step);
        var (energy, invariant) = (new double[50], new double[50]);
        var (first, ripple) = (0.0, 0.0);
        var momentum = FixedOrderSum.Dot(row.Mass, row.Kicked);
        for (var n = 0; n < 1000; n++)
        {
            row.Open(Step);
            row.Energies(energy, invariant);
            first = n == 0 ? FixedOrderSum.Of(invariant) : first;
            Assert.Equal(1, FixedOrderSum.Of(invariant) / first, 1e-12);
            ripple = Math.Max(ripple, Math.Abs((FixedOrderSum.Of(energy) / first) - 1));
            row.Close(Step);
        }

        Assert.InRange(ripple, 1e-4, 1e-2);
        Assert.Equal(momentum, FixedOrderSum.Dot(row.Mass, row.Kicked), 1e-12 * 50);
    }

    [Fact]
    public void An_impulse_moves_by_the_time_that_is_left()
    {
        var row = new MassSpringRow([2, 1], [0]);
        row.Start([0, 0], [1, 0], 0.1);
        row.Open(0.5);
        row.Strike(0, [4, 0], 0.5);
        row.Strike(0, [2], 0.25);
        row.Close(0.5);

        Assert.Equal((0.5 * 3) + (0.25 * 1), row.Displacement[0], 1e-15);
        Assert.Equal(4, row.Kicked[0], 1e-15);
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_has_no_factor() =>
        Assert.Throws<InvalidOperationException>(() => new CholeskyFactor([1, 2, 2, 1], 2));

    [Fact]
    public void A_factored_matrix_solves_its_system()
    {
        double[] x = [8, 18];
        new CholeskyFactor([4, 2, 2, 5], 2).Solve(x);

        Assert.Equal(0.25, x[0], 1e-15);
        Assert.Equal(3.5, x[1], 1e-15);
    }

    private static MassSpringRow Chain(int atoms)
    {
        var (mass, bonds) = (new double[atoms], new double[atoms - 1]);
        mass.AsSpan().Fill(1);
        bonds.AsSpan().Fill(1);
        return new MassSpringRow(mass, bonds);
    }
}
