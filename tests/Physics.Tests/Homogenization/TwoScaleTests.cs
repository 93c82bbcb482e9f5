using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Homogenization;

/// <summary>Bodies that have a volume element at each quadrature point (FE²).</summary>
public sealed class TwoScaleTests
{
    private sealed class Body(IConstitutiveLaw law)
    {
        private readonly Basis _basis = Basis.Vector(StructuredMesh.PlateWithHole(1, 3, 2, 4).Refined(), 2, 2);
        private double[] _u = [];

        public double[] State { get; private set; } = [];

        public ImmutableArray<double> Residuals { get; private set; }

        public double[] Pull(double displacement)
        {
            (_u, State) = _u.Length == 0 ? (new double[_basis.DofCount], SolidBody.InitialState(_basis, law)) : (_u, State);
            var constraints = new Constraints(_basis.DofCount).Fix(_basis, _basis.NodesOn("left"), 0, 0).Fix(_basis, _basis.NodesOn("bottom"), 1, 0)
                .Fix(_basis, _basis.NodesOn("right"), 0, displacement);
            SystemResponse? last = null;
            var result = Newton.Solve(_u, constraints, u => last = SolidBody.Respond(_basis, law, u, State), (a, y) =>
            {
                var x = new double[y.Length];
                SparseLdl.PositiveDefinite(a).Solve(y, x);
                return x;
            }, 1e-11);
            (_u, State, Residuals) = (result.Solution, last!.State, result.Residuals);
            return _u;
        }
    }

    // A metal without structure, alone and as a volume element: one solution, and one way to it.
    [Theory]
    [InlineData(BoundaryCondition.Kinematic)]
    [InlineData(BoundaryCondition.Periodic)]
    [InlineData(BoundaryCondition.Static)]
    public void Elements_without_structure_answer_as_their_material(BoundaryCondition condition)
    {
        var law = new J2Plasticity(200, 0.3, 1, 5, 5);
        var cell = StructuredMesh.Rectangle(1, 1, 2, 2);
        var element = new RepresentativeVolumeElement(cell, 1, Phases.Uniform<IConstitutiveLaw>(cell, law), condition);
        var (one, two) = (new Body(law), new Body(element));
        foreach (var displacement in new[] { 0.01, 0.03, 0.01 })
        {
            var (u, v) = (one.Pull(displacement), two.Pull(displacement));
            Assert.True(FixedOrderSum.Distance(u, v) < 1e-10 * FixedOrderSum.Norm(u));
            Assert.True(one.Residuals.Length == two.Residuals.Length, string.Join(" ", one.Residuals) + " | " + string.Join(" ", two.Residuals));
        }

        Assert.Contains(one.State, s => s != 0);
    }

    [Theory]
    [InlineData(2, BoundaryCondition.Kinematic)]
    [InlineData(2, BoundaryCondition.Periodic)]
    [InlineData(2, BoundaryCondition.Static)]
    [InlineData(3, BoundaryCondition.Periodic)]
    public void The_tangent_is_the_derivative_and_steps_can_be_taken_back(int dimension, BoundaryCondition condition)
    {
        var element = RepresentativeVolumeElementTests.Metal(RepresentativeVolumeElementTests.Random(dimension, 3, 4), 1, condition);
        SymTensor3 Strain(double[] e) => dimension == 3 ? new(e[0], e[1], e[2], e[3], e[4], e[5]) : new(e[0], e[1], 0, 0, 0, e[2]);
        Gen.Select(Gen.Double[-0.02, 0.02].Array[6], Gen.Double[-0.02, 0.02].Array[6]).Sample((first, second) =>
        {
            // From the state that a first step left behind, which no trial changes.
            var state = element.Solve(Strain(first), new double[element.StateSize]).State;
            var before = state.ToArray();
            var answer = element.Solve(Strain(second), state);
            const double h = 1e-7;
            foreach (var j in dimension == 3 ? new[] { 0, 1, 2, 3, 4, 5 } : [0, 1, 5])
            {
                var voigt = new double[6];
                voigt[j] = h;
                var d = SymTensor3.FromVoigtStrain(voigt);
                var slope = 1 / (2 * h) * (element.Solve(Strain(second) + d, state).Stress - element.Solve(Strain(second) - d, state).Stress);
                for (var i = 0; i < 6; i++)
                {
                    Assert.Equal(slope[i], answer.Tangent[i, j], 1e-6 * 10);     // Moduli are up to 10.
                }
            }

            Assert.Equal(before, state);
            var again = element.Solve(Strain(second), state);
            Assert.Equal(answer.State, again.State);
            Assert.Equal(answer.Stress, again.Stress);
        }, iter: 3, threads: 1);
    }

    // 81 periods of a material answer as one does; they are solved by multigrid, the one by a factorization.
    [Fact]
    public void An_element_of_many_periods_answers_as_one_of_them()
    {
        const int n = 5, copies = 9, m = n * copies;
        var one = RepresentativeVolumeElementTests.Random(2, n, 7);
        var stiff = one.Region("stiff").ToHashSet();
        bool IsStiff(int cell) => stiff.Contains((cell % m % n) + (n * (cell / m % n)));
        var many = StructuredMesh.Rectangle(1.5 * copies, copies, m, m);
        many = many.WithRegion("stiff", Enumerable.Range(0, m * m).Where(IsStiff)).WithRegion("soft", Enumerable.Range(0, m * m).Where(c => !IsStiff(c)));
        RepresentativeVolumeElement[] elements = [.. new[] { one, many }.Select(mesh => RepresentativeVolumeElementTests.Metal(mesh, 1, BoundaryCondition.Periodic))];
        Assert.True(elements[1].Basis.DofCount > FactorOrIterate.BesideMultigrid + 200);
        double[][] states = [.. elements.Select(e => new double[e.StateSize])];
        foreach (var strain in new SymTensor3[] { new(0.01, -0.004, 0, 0, 0, 0.003), new(0.002, 0.005, 0, 0, 0, -0.006) })
        {
            var (small, large) = (elements[0].Solve(strain, states[0]), elements[1].Solve(strain, states[1]));
            Assert.True((small.Stress - large.Stress).Norm < 1e-9 * small.Stress.Norm);
            Assert.All(Enumerable.Range(0, 36), k => Assert.Equal(small.Tangent.Entries[k], large.Tangent.Entries[k], 1e-7));
            RequireQuadratic(small.Residuals);
            (states[0], states[1]) = (small.State, large.State);
        }
    }

    [Fact]
    public void Several_threads_may_ask_one_element()
    {
        var element = RepresentativeVolumeElementTests.Metal(RepresentativeVolumeElementTests.Random(2, 3, 4), 1, BoundaryCondition.Periodic);
        static SymTensor3 Strain(int n) => new(0.002 * n, -0.001 * n, 0, 0, 0, 0.0015 * n);
        var together = new MicroResponse[16];
        new ChunkedLoop(4).Run(together.Length, 1, (_, first, last) =>
        {
            for (var n = first; n < last; n++)
            {
                together[n] = element.Solve(Strain(n), new double[element.StateSize]);
            }
        });
        for (var n = 0; n < together.Length; n++)
        {
            var alone = element.Solve(Strain(n), new double[element.StateSize]);
            Assert.Equal(alone.State, together[n].State);
            Assert.Equal(alone.Tangent.Entries.ToArray(), together[n].Tangent.Entries.ToArray());
        }
    }

    // By a factor, by multigrid, and under the static condition; cells are worked on by groups of 128.
    [Theory]
    [InlineData(20, BoundaryCondition.Kinematic)]
    [InlineData(20, BoundaryCondition.Periodic)]
    [InlineData(20, BoundaryCondition.Static)]
    [InlineData(45, BoundaryCondition.Periodic)]
    public void The_bits_do_not_depend_on_the_threads(int n, BoundaryCondition condition)
    {
        var mesh = RepresentativeVolumeElementTests.Random(2, n, 3);
        MicroResponse Of(int threads)
        {
            var element = RepresentativeVolumeElementTests.Metal(mesh, 1, condition, new ChunkedLoop(threads));
            Assert.Equal(n == 45, element.Basis.DofCount > FactorOrIterate.BesideMultigrid + 200);
            return element.Solve(new(0.01, -0.004, 0, 0, 0, 0.003), new double[element.StateSize]);
        }

        var one = Of(1);
        foreach (var other in new[] { Of(2), Of(3) })
        {
            Assert.Equal(one.Stress, other.Stress);
            Assert.Equal(one.State, other.State);
            Assert.Equal(one.Force, other.Force);
            Assert.Equal(one.Tangent.Entries.ToArray(), other.Tangent.Entries.ToArray());
        }
    }

    [Fact]
    public void Newtons_method_converges_quadratically_on_both_scales()
    {
        var cell = StructuredMesh.Rectangle(1, 1, 4, 4).WithRegion("fiber", x => Math.Max(Math.Abs(x.X - 0.5), Math.Abs(x.Y - 0.5)) < 0.25)
            .WithRegion("matrix", x => Math.Max(Math.Abs(x.X - 0.5), Math.Abs(x.Y - 0.5)) > 0.25);
        var element = new RepresentativeVolumeElement(
            cell, 1, Phases.ByRegion<IConstitutiveLaw>(cell, ("fiber", new ElasticLaw(Tangent6.Isotropic(400, 0.2))), ("matrix", new J2Plasticity(70, 0.3, 0.2, 3, 2))));
        var body = new Body(element);
        body.Pull(0.01);
        body.Pull(0.03);
        Assert.Contains(body.State, s => s != 0);
        RequireQuadratic(body.Residuals);

        var within = element.Solve(new(0.01, -0.003, 0, 0, 0, 0.004), new double[element.StateSize]);
        RequireQuadratic(within.Residuals);
    }

    // The last steps each square the relative residual, up to one factor.
    private static void RequireQuadratic(ImmutableArray<double> residuals)
    {
        var r = residuals.Select(x => x / residuals.Max()).ToArray();
        Assert.InRange(r.Length, 4, 12);
        Assert.True(r[^2] < 1e-3, string.Join(" ", r));
        Assert.True(r[^2] < 1e3 * r[^3] * r[^3], string.Join(" ", r));
        Assert.True(r[^1] < (1e3 * r[^2] * r[^2]) + 1e-13, string.Join(" ", r));
    }

    // What was found once on the small scale is a law for the large one: a stiffness, or a curve of hardening.
    [Fact]
    public void A_law_that_was_made_of_an_element_answers_in_its_place()
    {
        var mesh = RepresentativeVolumeElementTests.Random(3, 2, 8, isCube: true);
        var metal = RepresentativeVolumeElementTests.Metal(mesh, 1, BoundaryCondition.Periodic);
        var bar = StressFreeLaw.Bar(metal);
        var (state, next) = (new double[bar.StateSize], new double[bar.StateSize]);
        bar.Respond(SymTensor3.Zero, state, next, out var atRest);
        var young = atRest[0, 0];
        Assert.Equal(metal.EffectiveStiffness().YoungsModulus(new(1, 0, 0)), young, 1e-9);

        // Every other strain makes the table.
        List<(double Plastic, double Stress)> curve = [];
        List<(double Strain, double Stress)> between = [];
        for (var n = 1; n <= 54; n++)
        {
            var strain = 0.00002 * n * n;
            var stress = bar.Respond(new(strain, 0, 0, 0, 0, 0), state, next, out _).XX;
            next.CopyTo(state, 0);
            var plastic = strain - (stress / young);
            if (n % 2 == 1)
            {
                between.Add((strain, stress));
            }
            else if (plastic > 1e-6)
            {
                curve.Add(curve.Count == 0 ? (0, stress - (1e-3 * young * plastic)) : (plastic, stress));
            }
        }

        Assert.True(curve.Count > 20);
        var fitted = StressFreeLaw.Bar(new J2Plasticity(young, 0.3, HardeningCurve.Table([.. curve.Select(p => p.Plastic)], [.. curve.Select(p => p.Stress)])));
        var (old, latest) = (new double[fitted.StateSize], new double[fitted.StateSize]);
        foreach (var (strain, stress) in between)
        {
            Assert.Equal(stress, fitted.Respond(new(strain, 0, 0, 0, 0, 0), old, latest, out _).XX, 0.01 * stress);
            latest.CopyTo(old, 0);
        }

        // Without the table it would be far off: elastic, or at the stress of first yielding.
        Assert.True(between[^1].Stress < 0.75 * young * between[^1].Strain && between[^1].Stress > 1.5 * curve[0].Stress, $"{between[^1]} {young} {curve[0]}");
    }
}
