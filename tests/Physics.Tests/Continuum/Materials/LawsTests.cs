using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Materials;

/// <summary>Bodies of several laws, and laws made of others.</summary>
public sealed class LawsTests
{
    private static readonly Gen<SymTensor3> _strain = Gen.Double[-0.02, 0.02].Array[6].Select(e => new SymTensor3(e[0], e[1], e[2], e[3], e[4], e[5]));

    // Two layers one above the other that cannot move sideways: both bear one stress σ_zz, and their strains add up.
    [Theory]
    [InlineData(0.001)]
    [InlineData(0.02)]
    public void A_body_has_the_law_of_each_of_its_regions(double strain)
    {
        var mesh = StructuredMesh.Box(new(1, 1, 2), 2, 2, 4).WithRegion("low", x => x.Z < 1).WithRegion("high", x => x.Z > 1);
        var (low, high) = (new J2Plasticity(200, 0.3, 0.5, 10), new ElasticLaw(Tangent6.Isotropic(100, 0.2)));
        var laws = Phases.ByRegion<IConstitutiveLaw>(mesh, ("high", high), ("low", low));
        var basis = Basis.Vector(mesh, 1);
        var state = SolidBody.InitialState(basis, laws);
        Assert.Equal(8 * 8 * 13, state.Length);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesWhere(_ => true), 0, 0).Fix(basis, basis.NodesWhere(_ => true), 1, 0)
            .Fix(basis, basis.NodesOn("bottom"), 2, 0).Fix(basis, basis.NodesOn("top"), 2, 2 * strain);
        SystemResponse? last = null;
        var result = Newton.Solve(new double[basis.DofCount], constraints, u => last = SolidBody.Respond(basis, laws, u, state), (a, y) => new Constraints(a.RowCount).Solve(a, y), 1e-12);

        static double Stress(IConstitutiveLaw law, double e) => law.Respond(new(0, 0, e, 0, 0, 0), new double[law.StateSize], new double[law.StateSize], out _).ZZ;
        var (from, to) = (0.0, 2 * strain);
        for (var halving = 0; halving < 60; halving++)
        {
            var middle = 0.5 * (from + to);
            (from, to) = Stress(low, middle) < Stress(high, (2 * strain) - middle) ? (middle, to) : (from, middle);
        }

        Assert.All(basis.NodesWhere(x => x.Z == 1), n => Assert.Equal(from, result.Solution[basis.Dof(n, 2)], 1e-12));
        Assert.Equal(Stress(low, from), basis.NodesOn("top").Sum(n => last!.Force[basis.Dof(n, 2)]), 1e-10);
        Assert.Equal(strain > 0.01, last!.State.Any(s => s != 0));
    }

    [Fact]
    public void Phases_that_leave_cells_out_or_have_them_twice_are_refused()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 2).WithRegion("left part", x => x.X < 0.5).WithRegion("lower part", x => x.Y < 0.5).WithRegion("right part", x => x.X > 0.5);
        Assert.Equal(2, Phases.ByRegion(mesh, ("left part", 1), ("right part", 2))[3]);
        Assert.Equal(7, Phases.Uniform(mesh, 7)[3]);
        string Fault(Func<object> make) => Assert.Throws<ScaleModelException>(make).Message;
        Assert.Contains("2 cells, such as cell 1, are in no phase", Fault(() => Phases.ByRegion(mesh, ("left part", 1))), StringComparison.Ordinal);
        Assert.Contains("in the regions 'left part' and 'lower part'", Fault(() => Phases.ByRegion(mesh, ("left part", 1), ("lower part", 2))), StringComparison.Ordinal);
        Assert.Contains("it has 'left part', 'lower part', 'right part'", Fault(() => Phases.ByRegion(mesh, ("top", 1))), StringComparison.Ordinal);
        Assert.Contains("this one has 1", Fault(() => SolidBody.InitialState(
            Basis.Vector(StructuredMesh.Rectangle(1, 1, 1, 1), 1), Phases.Uniform<IConstitutiveLaw>(mesh, new J2Plasticity(1, 0.3, 1)))), StringComparison.Ordinal);
    }

    [Fact]
    public void Phases_of_another_mesh_or_without_a_law_are_refused()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 8).WithRegion("all", _ => true);
        var law = new ElasticLaw(Tangent6.Isotropic(1, 0.3));
        foreach (var other in new[] { StructuredMesh.Rectangle(1, 1, 4, 4), StructuredMesh.Rectangle(1, 2, 2, 8) })
        {
            Assert.Contains("those of another mesh of 16 cells", Assert.Throws<ScaleModelException>(
                () => SolidBody.InitialState(Basis.Vector(mesh, 1), Phases.Uniform<IConstitutiveLaw>(other, law))).Message, StringComparison.Ordinal);
        }

        // The same mesh made anew, or with more names.
        Assert.Empty(SolidBody.InitialState(Basis.Vector(mesh, 1), Phases.Uniform<IConstitutiveLaw>(StructuredMesh.Rectangle(1, 1, 2, 8), law)));
        Assert.Empty(SolidBody.InitialState(Basis.Vector(mesh.WithRegion("more", _ => true), 1), Phases.ByRegion<IConstitutiveLaw>(mesh, ("all", law))));

        Assert.Contains("'all' is given twice", Assert.Throws<ScaleModelException>(() => Phases.ByRegion(mesh, ("all", 1), ("all", 2))).Message, StringComparison.Ordinal);
        IConstitutiveLaw none = null!;
        Assert.Throws<ArgumentNullException>(() => Phases.Uniform(mesh, none));
        Assert.Throws<ArgumentNullException>(() => Phases.ByRegion(mesh, ("all", none)));
        Assert.Throws<ArgumentNullException>(() => Phases.ByCell(mesh, [.. Enumerable.Repeat(none, 16)]));
        Assert.Throws<ArgumentNullException>(() => new EigenstrainLaw(none, SymTensor3.Zero));
    }

    // Parts of a curve that has none of its own corners within are the linear law; and a curve along a straight line is that line, however it is cut.
    [Fact]
    public void A_straight_table_hardens_as_the_linear_law()
    {
        var linear = new J2Plasticity(200, 0.3, 0.5, 3, 7);
        var table = new J2Plasticity(200, 0.3, HardeningCurve.Table([0, 0.001, 0.0025, 0.004, 0.1], [0.5, 0.503, 0.5075, 0.512, 0.8]), 7);
        Gen.Select(_strain, _strain).Sample((first, second) =>
        {
            double[] a = new double[13], b = new double[13], nextA = new double[13], nextB = new double[13];
            linear.Respond(first, a, a, out _);
            table.Respond(first, b, b, out _);
            var off = linear.Respond(second, a, nextA, out var c) - table.Respond(second, b, nextB, out var d);
            Assert.True(off.Norm < 1e-12);
            Assert.All(Enumerable.Range(0, 36), n => Assert.Equal(c.Entries[n], d.Entries[n], 1e-9));
            Assert.Equal(nextA[12], nextB[12], 1e-14);
        }, iter: 300);
    }

    // In tension the stress is the table's at the plastic strain; σ = σ_y(ε − σ/E).
    [Fact]
    public void A_bar_follows_its_table()
    {
        var curve = HardeningCurve.Table([0, 0.01, 0.03], [1, 2, 2.5]);
        var bar = StressFreeLaw.Bar(new J2Plasticity(100, 0.3, curve));
        Assert.Equal([1, 1.5, 2, 2.25, 2.5, 2.5], new[] { 0, 0.005, 0.01, 0.02, 0.03, 1 }.Select(curve.Stress));
        var (state, next) = (new double[bar.StateSize], new double[bar.StateSize]);
        foreach (var (alpha, stress) in new[] { (0, 0.7), (0.004, 1.4), (0.0299, 2.4975), (0.05, 2.5) })
        {
            var found = bar.Respond(new(alpha + (stress / 100), 0, 0, 0, 0, 0), state, next, out var tangent);
            Assert.Equal(stress, found.XX, 1e-9);
            Assert.Equal((0, 0, 0, 0, 0), (found.YY, found.ZZ, found.YZ, found.XZ, found.XY));
            var slope = alpha == 0 ? double.PositiveInfinity : alpha < 0.01 ? 100 : alpha < 0.03 ? 25 : 0;
            Assert.Equal(double.IsInfinity(slope) ? 100 : 100 * slope / (100 + slope), tangent[0, 0], 1e-8);
            next.CopyTo(state, 0);
        }
    }

    [Fact]
    public void A_curve_that_falls_or_has_no_beginning_is_refused()
    {
        string Fault(Func<object> make) => Assert.Throws<ScaleModelException>(make).Message;
        Assert.Contains("Point 1 of a hardening curve is (0.1, 0.9)", Fault(() => HardeningCurve.Table([0, 0.1], [1, 0.9])), StringComparison.Ordinal);
        Assert.Contains("Point 0", Fault(() => HardeningCurve.Table([0.1], [1])), StringComparison.Ordinal);
        Assert.Contains("2 stresses and 1 strains", Fault(() => HardeningCurve.Table([0], [1, 2])), StringComparison.Ordinal);
    }

    [Fact]
    public void Plane_stress_of_an_elastic_law_has_the_reduced_stiffness()
    {
        var c = Elasticity.Orthotropic(new(10, 5, 3), (0.3, 0.2, 0.25), (2, 1.5, 1)).Rotated(Matrix3.FromColumns(new(0.6, 0, 0.8), new(0, 1, 0), new(-0.8, 0, 0.6)));
        var law = StressFreeLaw.Plane(new ElasticLaw(c));
        var expected = Elasticity.PlaneStress(c);
        _strain.Sample(strain =>
        {
            // The strains across are not read.
            var stress = law.Respond(strain, new double[3], new double[3], out var tangent);
            Assert.True((stress - expected.Stress(strain)).Norm < 1e-12);
            Assert.All(Enumerable.Range(0, 36), n => Assert.Equal(expected.Entries[n], tangent.Entries[n], 1e-12));
        });
    }

    // A material without stiffness across is free of stress with any strain there.
    [Fact]
    public void Plane_stress_without_a_tangent_is_refused()
    {
        var c = new double[36];
        (c[0], c[7], c[35]) = (1, 1, 1);
        Assert.Contains("without any stress", Assert.Throws<ScaleModelException>(
            () => StressFreeLaw.Plane(new ElasticLaw(new(c))).Respond(new(0.1, 0, 0, 0, 0, 0), new double[3], new double[3], out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tangent_of_plane_stress_is_the_derivative()
    {
        var law = StressFreeLaw.Plane(new J2Plasticity(200, 0.3, 0.5, 3, 7));
        var plastic = 0;
        Gen.Select(_strain, _strain).Sample((first, second) =>
        {
            double[] state = new double[16], next = new double[16], scratch = new double[16];
            law.Respond(first, new double[16], state, out _);
            var stress = law.Respond(second, state, next, out var tangent);
            Assert.Equal((0, 0, 0), (stress.ZZ, stress.YZ, stress.XZ));
            if (Math.Abs(next[12] - state[12]) < 1e-5 && next[12] != state[12])
            {
                return;     // The difference would cross the edge of yielding.
            }

            plastic += next[12] > state[12] ? 1 : 0;
            const double h = 1e-7;
            foreach (var j in new[] { 0, 1, 5 })
            {
                var voigt = new double[6];
                voigt[j] = h;
                var d = SymTensor3.FromVoigtStrain(voigt);
                var (plus, minus) = (law.Respond(second + d, state, scratch, out _), law.Respond(second - d, state, scratch, out _));
                foreach (var i in new[] { 0, 1, 5 })
                {
                    Assert.Equal((plus[i] - minus[i]) / (2 * h), tangent[i, j], 5e-4);
                }
            }
        }, iter: 200, threads: 1);
        Assert.True(plastic > 100);
    }

    // A bar whose warmth rises evenly along it is free of stress if it may swell and bend; evenly warm between two walls it is not: σ = −E α ΔT.
    [Fact]
    public void Heat_makes_a_body_swell_or_presses_it()
    {
        const double young = 200, expansion = 1e-3, warming = 30;
        var c = Tangent6.Isotropic(young, 0.3);
        var mesh = StructuredMesh.Box(new(1, 1, 2), 2, 2, 4);
        var basis = Basis.Vector(mesh, 2);
        var load = Assembly.Vector(basis, Elasticity.ThermalExpansion(c, expansion, x => warming * x.Z));
        var k = Assembly.Matrix(basis, Elasticity.Stiffness(c));
        Constraints Symmetric() => new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), 2, 0).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("front"), 1, 0);

        // ε = α T 1 with T linear in space is compatible: u_z = α w (z² − x² − y²)/2, u_x = α w z x, u_y = α w z y.
        var free = new Constraints(basis.DofCount).Fix(basis, basis.NodesWhere(x => x.Norm == 0), _ => Vec3.Zero)
            .Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("front"), 1, 0).Solve(k, load);
        for (var n = 0; n < basis.NodeCount; n++)
        {
            var x = basis.Nodes[n];
            Assert.Equal(expansion * warming * x.Z * x.X, free[3 * n], 1e-10);
            Assert.Equal(expansion * warming * x.Z * x.Y, free[(3 * n) + 1], 1e-10);
            Assert.Equal(expansion * warming * 0.5 * ((x.Z * x.Z) - (x.X * x.X) - (x.Y * x.Y)), free[(3 * n) + 2], 1e-10);
        }

        // In balance by the law of what is left of the strain, too.
        var warm = SolidBody.Respond(basis, Phases.Uniform<IConstitutiveLaw>(basis.Mesh, new ElasticLaw(c)), free, [], eigenstrain: x => expansion * warming * x.Position.Z * SymTensor3.Identity);
        Assert.All(warm.Force, f => Assert.Equal(0, f, 1e-9));

        // The same by a law, evenly warm and held at both ends.
        IConstitutiveLaw law = new EigenstrainLaw(new ElasticLaw(c), expansion * warming * SymTensor3.Identity);
        var response = SolidBody.Respond(basis, law, new double[basis.DofCount], []);
        var force = response.Force;
        var even = Assembly.Vector(basis, Elasticity.ThermalExpansion(c, expansion, _ => warming));
        Assert.All(force.Zip(even), f => Assert.Equal(0, f.First + f.Second, 1e-12));
        var held = Symmetric().Fix(basis, basis.NodesOn("top"), 2, 0).Solve(response.Stiffness, Array.ConvertAll(force, f => -f));
        var pressed = SolidBody.Respond(basis, law, held, []).Force;
        Assert.Equal(-young * expansion * warming, basis.NodesOn("top").Sum(n => pressed[basis.Dof(n, 2)]), 1e-9);
    }
}
