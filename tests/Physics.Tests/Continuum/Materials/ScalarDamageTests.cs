using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Materials;

/// <summary>Damage at a point, in a bar and in a notched plate.</summary>
public sealed class ScalarDamageTests
{
    private static readonly Gen<SymTensor3> _strain = Gen.Double[-3, 3].Array[6].Select(e => new SymTensor3(e[0], e[1], e[2], e[3], e[4], e[5]));

    private static double[] Solve(CsrMatrix a, double[] y)
    {
        // The tangent has no symmetry, and is not definite where the material softens.
        var x = new double[y.Length];
        new SparseLu(a).Solve(y, x);
        return x;
    }

    [Theory]
    [InlineData(EquivalentStrain.Mazars, Softening.Linear)]
    [InlineData(EquivalentStrain.Mazars, Softening.Exponential)]
    [InlineData(EquivalentStrain.Energy, Softening.Linear)]
    [InlineData(EquivalentStrain.Energy, Softening.Exponential)]
    public void The_tangent_is_the_derivative_of_the_stress_and_damage_never_falls(EquivalentStrain measure, Softening softening)
    {
        var law = new ScalarDamage(2, 0.2, 1, 3, 0.5, measure, softening);
        var (grew, stayed) = (0, 0);
        Gen.Select(_strain, _strain).Sample((first, second) =>
        {
            var (state, next, scratch) = (new double[1], new double[1], new double[1]);
            law.Respond(first, new double[1], state, out _);
            law.Respond(second, state, next, out var tangent);
            Assert.InRange(law.Damage(next), law.Damage(state), ScalarDamage.MostDamage);
            Interlocked.Add(ref next[0] > state[0] ? ref grew : ref stayed, 1);
            const double h = 1e-6;
            for (var j = 0; j < 6; j++)
            {
                var voigt = new double[6];
                voigt[j] = h;
                var d = SymTensor3.FromVoigtStrain(voigt);
                var minus = law.Respond(second - d, state, scratch, out _);
                var below = scratch[0] > state[0];
                var plus = law.Respond(second + d, state, scratch, out _);

                // Unless the step crosses the edge where damage begins to grow, or that where it ends.
                if (below == scratch[0] > state[0] && Math.Abs(next[0] - 0.5) > 1e-4 && Math.Abs(next[0] - 12) > 1e-4)
                {
                    for (var i = 0; i < 6; i++)
                    {
                        Assert.Equal((plus[i] - minus[i]) / (2 * h), tangent[i, j], 1e-5);
                    }
                }
            }
        }, iter: 500);
        Assert.True(grew > 100 && stayed > 100, $"{grew} {stayed}");
    }

    // Of principal strains Mazars' measure takes those above zero; the energy does not tell tension from compression.
    [Fact]
    public void Compression_damages_by_the_energy_alone()
    {
        var (state, strain) = (new double[1], new SymTensor3(-5, -1, -2, 0.3, 0.1, 0.2));
        var mazars = new ScalarDamage(2, 0.2, 1, 3, 0.5);
        mazars.Respond(strain, new double[1], state, out _);
        Assert.Equal(0, mazars.Damage(state));
        var energy = new ScalarDamage(2, 0.2, 1, 3, 0.5, EquivalentStrain.Energy);
        energy.Respond(strain, new double[1], state, out _);
        Assert.True(energy.Damage(state) > 0.5);
    }

    // A bar with one weaker cell, pulled apart: the work is G_f whatever the cells. With a softening that knows no length it would be G_f h/h₀.
    [Theory]
    [InlineData(Softening.Linear, 2.3)]
    [InlineData(Softening.Exponential, 11)]
    public void A_bar_takes_the_same_work_on_any_mesh(Softening softening, double end)
    {
        foreach (var cells in new[] { 3, 9, 27 })
        {
            var basis = Basis.Vector(StructuredMesh.Interval(0.9, cells), 1);
            var lengths = SolidBody.CellLengths(basis);
            Assert.All(lengths, h => Assert.Equal(0.9 / cells, h, 1e-12));
            ScalarDamage[] laws = [.. lengths.Select((h, c) => new ScalarDamage(1, 0, c == cells / 2 ? 0.95 : 1, 1, h, softening: softening))];
            var body = Phases.ByCell<IConstitutiveLaw>(basis.Mesh, [.. laws]);
            var (u, state) = (new double[basis.DofCount], SolidBody.InitialState(basis, body));
            var (work, force, peak) = (0.0, 0.0, 0.0);
            const int steps = 400;
            for (var step = 1; step <= steps; step++)
            {
                // Small steps at first, where the stress rises and turns round.
                double At(int n) => end * Math.Pow((double)n / steps, 2);
                var constraints = new Constraints(basis.DofCount).Fix(0, 0).Fix(cells, At(step));
                SystemResponse? last = null;
                u = Newton.Solve(u, constraints, v => last = SolidBody.Respond(basis, body, v, state), Solve, 1e-10).Solution;
                state = last!.State;
                work += 0.5 * (force + last.Force[cells]) * (At(step) - At(step - 1));
                force = last.Force[cells];
                peak = Math.Max(peak, force);
            }

            Assert.Equal(1, work, 2e-3);
            Assert.InRange(peak, 0.95 * 0.98, 0.95);
            Assert.True(force < 1e-4);

            // The crack is in one cell, all others are as before.
            var damage = Enumerable.Range(0, state.Length).Select(q => laws[q / 2].Damage(state.AsSpan(q, 1))).ToArray();
            Assert.Equal(2, damage.Count(d => d > 0.99));
            Assert.Equal(damage.Length - 2, damage.Count(d => d == 0));
        }
    }

    // The same bar of cubes. With ν the cells beside the band keep it from contracting, which costs some more.
    [Theory]
    [InlineData(0, 0.0895, 0.0905)]
    [InlineData(0.2, 0.0905, 0.096)]
    public void A_bar_of_hexahedra_breaks_with_the_work_of_its_section(double poisson, double low, double high)
    {
        var basis = Basis.Vector(StructuredMesh.Box(new(0.9, 0.3, 0.3), 3, 1, 1), 1);
        var body = Phases.ByCell<IConstitutiveLaw>(basis.Mesh, [.. SolidBody.CellLengths(basis).Select((h, c) => new ScalarDamage(1, poisson, c == 1 ? 0.95 : 1, 1, h, softening: Softening.Linear))]);
        var (u, state, work, force) = (new double[basis.DofCount], SolidBody.InitialState(basis, body), 0.0, 0.0);
        for (var step = 1; step <= 46; step++)
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("front"), 1, 0).Fix(basis, basis.NodesOn("bottom"), 2, 0)
                .Fix(basis, basis.NodesOn("right"), 0, 0.05 * step);
            SystemResponse? last = null;
            u = Newton.Solve(u, constraints, v => last = SolidBody.Respond(basis, body, v, state), Solve, 1e-9).Solution;
            state = last!.State;
            var now = basis.NodesOn("right").Sum(n => last.Force[basis.Dof(n, 0)]);
            work += 0.5 * (force + now) * 0.05;
            force = now;
        }

        Assert.InRange(work, low, high);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        Assert.Contains("break at once", Assert.Throws<ScaleModelException>(() => new ScalarDamage(1, 0, 1, 1, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("above zero", Assert.Throws<ScaleModelException>(() => new ScalarDamage(1, 0, 0, 1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("found ν = -0.1", Assert.Throws<ScaleModelException>(() => new ScalarDamage(1, -0.1, 1, 1, 0.5)).Message, StringComparison.Ordinal);

        // In a bar the energy has the strength that is asked for with any ν.
        var (state, energy) = (new double[1], new ScalarDamage(1, -0.1, 1, 1, 0.5, EquivalentStrain.Energy));
        energy.Respond(new SymTensor3(0.999, 0.0999, 0.0999, 0, 0, 0), [0], state, out _);
        Assert.Equal(0, energy.Damage(state));
        energy.Respond(new SymTensor3(1.001, 0.1001, 0.1001, 0, 0, 0), [0], state, out _);
        Assert.True(energy.Damage(state) > 0);
        var mesh = StructuredMesh.Interval(1, 2);
        Assert.Contains("degree 2", Assert.Throws<ScaleModelException>(() => SolidBody.CellLengths(Basis.Vector(mesh, 2))).Message, StringComparison.Ordinal);
        var one = new ScalarDamage(1, 0, 1, 1, 0.5);
        Assert.Contains("1 values for 2 cells", Assert.Throws<ScaleModelException>(() => Phases.ByCell<IConstitutiveLaw>(mesh, one)).Message, StringComparison.Ordinal);
        var laws = Phases.ByCell<IConstitutiveLaw>(mesh, one, new ElasticLaw(Tangent6.Isotropic(1, 0)));
        var basis = Basis.Vector(mesh, 1);
        Assert.Equal(one.StateSize * 2, SolidBody.InitialState(basis, laws).Length);
        Assert.Contains("the laws ask for 2", Assert.Throws<ScaleModelException>(() => SolidBody.Respond(basis, laws, new double[3], new double[4])).Message, StringComparison.Ordinal);
    }
}
