using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Materials;

/// <summary>Plasticity at a point, in a bar and around a hole.</summary>
public sealed class J2PlasticityTests
{
    private static double[] Solve(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        ConjugateGradient.Solve(a, y, x, new SsorPreconditioner(a), 1e-13);
        return x;
    }

    private static readonly Gen<SymTensor3> _strain = Gen.Double[-0.02, 0.02].Array[6].Select(e => new SymTensor3(e[0], e[1], e[2], e[3], e[4], e[5]));

    [Fact]
    public void The_tangent_is_the_derivative_of_the_stress_and_the_stress_stays_on_the_surface()
    {
        var law = new J2Plasticity(200, 0.3, 0.5, 3, 7);
        var plastic = 0;
        Gen.Select(_strain, _strain).Sample((first, second) =>
        {
            // From a state that the first strain left behind.
            var (state, next, scratch) = (new double[13], new double[13], new double[13]);
            law.Respond(first, new double[13], state, out _);
            var stress = law.Respond(second, state, next, out var tangent);
            var deviator = stress - (stress.Trace / 3 * SymTensor3.Identity) - SymTensor3.FromVoigtStress(next.AsSpan(6, 6));
            var radius = Math.Sqrt(2.0 / 3) * (0.5 + (3 * next[12]));
            Assert.True(deviator.Norm <= radius * (1 + 1e-12));
            Assert.True(next[12] >= state[12]);
            if (next[12] > state[12])
            {
                Interlocked.Increment(ref plastic);
                Assert.Equal(radius, deviator.Norm, 1e-12);
            }

            Assert.Equal(0, next[0] + next[1] + next[2], 1e-15);        // Plastic flow keeps the volume.
            const double h = 1e-7;
            for (var j = 0; j < 6; j++)
            {
                var voigt = new double[6];
                voigt[j] = h;
                var d = SymTensor3.FromVoigtStrain(voigt);
                var (plus, minus) = (law.Respond(second + d, state, scratch, out _), law.Respond(second - d, state, scratch, out _));
                for (var i = 0; i < 6; i++)
                {
                    // Unless the step crosses the edge of yielding.
                    if (Math.Abs(next[12] - state[12]) > 1e-5 || next[12] == state[12])
                    {
                        Assert.Equal((plus[i] - minus[i]) / (2 * h), tangent[i, j], 2e-4);
                    }
                }
            }
        }, iter: 500);
        Assert.True(plastic > 250);
    }

    // A bar in tension: σ = σ_y + E E_h/(E + E_h) (ε − σ_y/E), E_h = K + H; turned round it yields after 2 σ_y under kinematic hardening, after
    // twice the stress reached under isotropic hardening. After: Simo, Hughes (1998), section 1.2.
    [Theory]
    [InlineData(20, 0)]
    [InlineData(0, 20)]
    [InlineData(12, 8)]
    public void A_bar_hardens_and_yields_again_as_theory_says(double isotropic, double kinematic)
    {
        const double young = 200, yield = 1;
        var law = new J2Plasticity(young, 0.3, yield, isotropic, kinematic);
        var mesh = StructuredMesh.Box(new(1, 1, 2), 1, 1, 2);
        var basis = Basis.Vector(mesh, 1);
        var state = SolidBody.InitialState(basis, law);
        var u = new double[basis.DofCount];
        double Pull(double strain)
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("front"), 1, 0)
                .Fix(basis, basis.NodesOn("bottom"), 2, 0).Fix(basis, basis.NodesOn("top"), 2, 2 * strain);
            SystemResponse? last = null;
            u = Newton.Solve(u, constraints, v => last = SolidBody.Respond(basis, law, v, state), Solve, 1e-11).Solution;
            state = last!.State;
            return FixedOrderSum.Of([.. basis.NodesOn("top").Select(n => last.Force[basis.Dof(n, 2)])]);
        }

        var hardening = isotropic + kinematic;
        var slope = young * hardening / (young + hardening);
        Assert.Equal(0.8, Pull(0.004), 1e-9);
        foreach (var strain in new[] { 0.01, 0.02, 0.05 })
        {
            Assert.Equal(yield + (slope * (strain - (yield / young))), Pull(strain), 1e-8);
        }

        // From the stress s at the strain e back: elastic until s − range, then along the slope again.
        var (e, s) = (0.05, yield + (slope * (0.05 - (yield / young))));
        var alpha = e - (s / young);
        var range = 2 * (yield + (isotropic * alpha));
        Assert.Equal(s - (0.9 * range), Pull(e - (0.9 * range / young)), 1e-8);
        var last = e - (range / young) - 0.02;
        Assert.Equal(s - range - (slope * 0.02), Pull(last), 1e-8);
    }

    [Fact]
    public void Newtons_method_converges_quadratically_around_a_hole()
    {
        var law = new J2Plasticity(200, 0.3, 1, 5, 5);
        var mesh = StructuredMesh.PlateWithHole(1, 5, 6, 8, growth: 1.3);
        var basis = Basis.Vector(mesh, 2);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("bottom"), 1, 0).Fix(basis, basis.NodesOn("right"), 0, 0.025);
        var state = SolidBody.InitialState(basis, law);
        double[]? reached = null;
        var result = Newton.Solve(new double[basis.DofCount], constraints, u =>
        {
            var response = SolidBody.Respond(basis, law, u, state, new ChunkedLoop(2));
            reached = response.State;
            return response;
        }, Solve, 1e-11);

        var r = result.Residuals;
        Assert.True(Enumerable.Range(0, reached!.Length / 13).Count(q => reached![(13 * q) + 12] > 0) > 20);
        Assert.InRange(r.Length, 4, 10);

        // The last steps each square the relative residual, up to a factor.
        var scale = r.Max();
        Assert.True(r[^2] / scale < 1e-3 && r[^1] / scale < 1e3 * Math.Pow(r[^2] / scale, 2) + 1e-12, string.Join(" ", r));
        Assert.True(r[^2] / scale < 1e3 * Math.Pow(r[^3] / scale, 2), string.Join(" ", r));
    }

    // All forces of the answer are rounding, and none on the way was larger.
    [Fact]
    public void A_body_that_is_moved_as_a_whole_is_found_free_of_stress()
    {
        var basis = Basis.Vector(StructuredMesh.Box(new(1, 1, 1), 3, 3, 3), 1);
        var law = new J2Plasticity(200e9, 0.3, 1e9);
        var state = SolidBody.InitialState(basis, law);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 3).Fix(basis, basis.NodesOn("left"), 1, -1).Fix(basis, basis.NodesOn("left"), 2, 0.5);
        var result = Newton.Solve(new double[basis.DofCount], constraints, v => SolidBody.Respond(basis, law, v, state), Solve, 1e-11);
        Assert.InRange(result.Residuals.Length, 2, 5);
        Assert.All(Enumerable.Range(0, result.Solution.Length / 3), n => Assert.Equal(3, result.Solution[3 * n], 1e-9));
    }

    // u = ½ by a tangent that is too soft: the first step leads to where there is no answer.
    [Fact]
    public void A_step_to_where_the_material_has_no_answer_is_halved()
    {
        var soft = new CsrMatrix(1, [0, 1], [0], [0.4]);
        var result = Newton.Solve([0], new Constraints(1), u => u[0] > 1 ? throw new ScaleModelException("torn") : ([u[0] - 0.5], soft), (_, y) => [y[0] / 0.4]);
        Assert.Equal(0.5, result.Solution[0], 1e-8);
    }

    [Fact]
    public void A_step_that_cannot_converge_and_moduli_without_sense_are_refused()
    {
        var all = Assert.Throws<ScaleModelException>(() => new J2Plasticity(-1, 0.3, -2, -3, -4)).Message;
        Assert.All(["E = -1", "σ_y = -2", "K = -3", "H = -4"], fault => Assert.Contains(fault, all, StringComparison.Ordinal));
        var next = new double[13];
        Assert.True(double.IsNaN(new J2Plasticity(1, 0.3, HardeningCurve.Table([0, 0.1], [1, 2])).Respond(new(double.NaN, 0, 0, 0, 0, 0), new double[13], next, out _).XX));
        Assert.Contains("yield stress above zero", Assert.Throws<ScaleModelException>(() => new J2Plasticity(1, 0.3, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("ν = 0.5", Assert.Throws<ScaleModelException>(() => new J2Plasticity(1, 0.5, 1)).Message, StringComparison.Ordinal);
        var one = new CsrMatrix(1, [0, 1], [0], [1]);
        Assert.Contains("does not converge", Assert.Throws<ScaleModelException>(() => Newton.Solve([0.5], new Constraints(1), u => ([(u[0] * u[0]) + 1], one), (_, y) => y)).Message, StringComparison.Ordinal);
    }
}
