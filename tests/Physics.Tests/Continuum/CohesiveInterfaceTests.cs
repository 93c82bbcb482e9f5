using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Fracture;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using ActorMultiscale.Tests.Continuum.Fracture;
using ActorMultiscale.Tests.Continuum.Meshes;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Bodies whose parts are held together by interfaces.</summary>
public sealed class CohesiveInterfaceTests
{
    public static TheoryData<string, int> Elements
    {
        get
        {
            TheoryData<string, int> all = [];
            foreach (var name in MeshCutTests.Blocks.Keys)
            {
                all.Add(name, 1);
                all.Add(name, 2);
            }

            return all;
        }
    }

    private static Mesh Halves(string name) => MeshCut.Along(MeshCutTests.Blocks[name]().WithInnerBoundary("joint", x => x.X == 0.5), "joint");

    private static double[] Lu(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        new SparseLu(a).Solve(y, x);
        return x;
    }

    private static double[] Ldl(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        SparseLdl.Indefinite(a).Solve(y, x);
        return x;
    }

    // An elastic body with one interface, whose state goes on from step to step.
    private sealed class Body(Basis basis, CsrMatrix stiffness, CohesiveInterface joint, ICohesiveLaw law, Func<CsrMatrix, double[], double[]> solve)
    {
        public double[] U { get; private set; } = new double[basis.DofCount];

        public double[] State { get; private set; } = joint.InitialState(law);

        public double[] Force { get; private set; } = new double[basis.DofCount];

        /// <summary>The work of all forces outside, by trapezoids.</summary>
        public double Work { get; private set; }

        /// <summary>What is stored in the body and the interface, whose law unloads to the origin.</summary>
        public double Stored => 0.5 * FixedOrderSum.Dot(U, Force);

        public double Dissipated => joint.Dissipated(law, State);

        public (double[] Force, CsrMatrix Stiffness) System(double[] u)
        {
            var force = new double[u.Length];
            stiffness.Multiply(u, force);
            return joint.Respond(law, u, State).With(force, stiffness);
        }

        public void Accept(double[] u)
        {
            var (force, _) = System(u);
            Work += 0.5 * FixedOrderSum.Of([.. u.Select((x, n) => (x - U[n]) * (force[n] + Force[n]))]);
            State = joint.Respond(law, u, State).State;
            (U, Force) = (u, force);
        }

        public void Step(Constraints constraints, double tolerance = 1e-9) => Accept(Newton.Solve(U, constraints, System, solve, tolerance, 15).Solution);
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void The_stiffness_is_the_derivative_of_the_forces_which_balance(string name, int degree)
    {
        var basis = Basis.Vector(Halves(name), degree);
        var joint = new CohesiveInterface(basis, "joint");
        var law = new EffectiveOpening(TractionCurve.Exponential(2, 0.5), 0.8);
        Assert.Equal(1, joint.Area, 1e-12);
        Assert.All(joint.Points.ToArray(), x => Assert.Equal(0.5, x.X, 1e-12));
        Gen.Int[-100_000, 99_999].Select(n => 1e-6 * (n + 0.5)).Array[3 * basis.DofCount].Sample(numbers =>
        {
            var (first, second, d) = (numbers[..basis.DofCount], numbers[basis.DofCount..(2 * basis.DofCount)], numbers[(2 * basis.DofCount)..]);
            var state = joint.Respond(law, first, joint.InitialState(law)).State;
            var response = joint.Respond(law, second, state);
            for (var c = 0; c < basis.Components; c++)
            {
                Assert.Equal(0, FixedOrderSum.Of([.. Enumerable.Range(0, basis.NodeCount).Select(n => response.Force[basis.Dof(n, c)])]), 1e-12);
            }

            const double h = 1e-6;
            double[] Moved(double by) => joint.Respond(law, [.. second.Zip(d, (u, x) => u + (by * x))], state).Force;
            var (change, slope) = (Moved(h).Zip(Moved(-h), (a, b) => (a - b) / (2 * h)).ToArray(), new double[basis.DofCount]);
            response.Stiffness.Multiply(d, slope);

            Assert.All(change.Zip(slope), p => Assert.Equal(p.First, p.Second, 1e-6));
        }, iter: 5, threads: 1);

        // A rigid motion does nothing; moved apart evenly the openings are those in the axes of the interface.
        var moved = basis.Interpolate(x => new Vec3(0.1 - (0.02 * x.Y), 0.02 * x.X, 0));
        Assert.All(joint.Respond(law, moved, joint.InitialState(law)).Force, f => Assert.Equal(0, f, 1e-13));
        var right = Enumerable.Range(0, basis.Mesh.CellCount).Where(c => basis.Mesh.Place(c, basis.Mesh.Geometry(c).Cell.Middle).X > 0.5).SelectMany(c => basis.CellNodes(c).ToArray()).ToHashSet();
        var apart = Enumerable.Range(0, basis.DofCount).Select(k => right.Contains(k / basis.Components) ? 0.01 * (1 + (k % basis.Components)) : 0).ToArray();
        Assert.All(joint.Openings(apart), o =>
        {
            Assert.Equal(0.01, o.X, 1e-14);
            Assert.Equal(basis.Components switch { 1 => 0, 2 => 0.02, _ => Math.Sqrt(0.0013) }, Math.Sqrt((o.Y * o.Y) + (o.Z * o.Z)), 1e-14);
        });
    }

    // In series with the interface, the modulus of a bar is E/(1 + E/(K L)): 2 % less for K = 50 E/L. Under shear and pressure the same.
    [Theory]
    [MemberData(nameof(Elements))]
    public void A_stiff_interface_adds_its_compliance_and_no_more(string name, int degree)
    {
        const double young = 3;
        var basis = Basis.Vector(Halves(name), degree);
        var joint = new CohesiveInterface(basis, "joint");
        var stiffness = Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(young, 0)));
        foreach (var times in new[] { 50.0, 5000 })
        {
            foreach (var way in new[] { 1e-3, -1e-3 })
            {
                var body = new Body(basis, stiffness, joint, new EffectiveOpening(TractionCurve.Bilinear(times * young, 1, 1)), Ldl);
                body.Step(new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Vec3.Zero).Fix(basis, basis.NodesOn("right"), x => new Vec3(way, 0, 0)));
                var force = FixedOrderSum.Of([.. basis.NodesOn("right").Select(n => body.Force[basis.Dof(n, 0)])]);
                Assert.Equal(young * way / (1 + (1 / times)), force, 1e-9);
                Assert.All(joint.Openings(body.U), o => Assert.True((o - new Vec3(force / (times * young), 0, 0)).Norm < 1e-12));
            }
        }
    }

    // A bar pulled apart: all the work there was is G_c times the area, whatever the law, the cells, and the way.
    [Theory]
    [InlineData("line", "bilinear")]
    [InlineData("quadrilaterals", "exponential")]
    [InlineData("triangles of order 2", "table")]
    [InlineData("tetrahedra", "bilinear")]
    [InlineData("hexahedra", "mixed")]
    public void A_bar_pulled_apart_has_used_up_the_toughness_times_its_area(string name, string kind)
    {
        const double toughness = 0.4;
        ICohesiveLaw law = kind switch
        {
            "bilinear" => new EffectiveOpening(TractionCurve.Bilinear(500, 1, toughness)),
            "exponential" => new EffectiveOpening(TractionCurve.Exponential(1, toughness)),
            "table" => new EffectiveOpening(TractionCurve.Table([0, 0.002, 0.1, 0.702], [0, 1, 1, 0])),
            _ => new MixedModeDamage(500, (1, 2), (toughness, 2), 2),
        };
        var basis = Basis.Vector(Halves(name), 1);
        var joint = new CohesiveInterface(basis, "joint");
        var body = new Body(basis, Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(10, 0))), joint, law, kind == "mixed" ? Lu : Ldl);
        var peak = 0.0;
        void Pull(double length)
        {
            body.Step(new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Vec3.Zero).Fix(basis, basis.NodesOn("right"), x => new Vec3(length, 0, 0)));
            peak = Math.Max(peak, FixedOrderSum.Of([.. basis.NodesOn("right").Select(n => body.Force[basis.Dof(n, 0)])]));
        }

        var last = kind == "exponential" ? 2 : 0.85;
        for (var length = 0.01; length < last; length += 0.01)
        {
            Pull(length);
            if (length is > 0.299 and < 0.301)
            {
                // Back and forth on the way.
                Pull(0.05);
                Pull(length);
            }
        }

        Assert.Equal(1, peak, 0.02);
        Assert.Equal(toughness, body.Work, 0.005 * toughness);
        Assert.Equal(toughness, body.Dissipated, 1e-4);
    }

    // A soft bar snaps back as it breaks; the arc follows it to the end. λ is the stress.
    [Fact]
    public void A_soft_bar_snaps_back_and_has_used_up_the_same()
    {
        const double toughness = 0.2;
        var basis = Basis.Vector(Halves("line"), 1);
        var joint = new CohesiveInterface(basis, "joint");
        var curve = TractionCurve.Exponential(1, toughness);
        var law = new EffectiveOpening(curve);
        var body = new Body(basis, Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(1, 0))), joint, law, Ldl);
        var (end, load) = (basis.NodesOn("right")[0], new double[basis.DofCount]);
        load[end] = 1;
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0);
        var (point, work, furthest, opening) = (new PathPoint(new double[basis.DofCount], 0), 0.0, 0.0, 0.0);
        while (opening < 0.6)
        {
            var next = EquilibriumPath.ByArc(point, constraints, body.System, load, 0.02);
            work += 0.5 * (next.Factor + point.Factor) * (next.Displacement[end] - point.Displacement[end]);
            body.Accept(next.Displacement);
            furthest = Math.Max(furthest, next.Displacement[end]);
            point = next;

            // The stress is that of the law at the opening, and the bar is as long as both say.
            opening = joint.Openings(point.Displacement)[0].X;
            Assert.Equal(curve.At(opening).Traction, point.Factor, 1e-8);
            Assert.Equal(point.Factor + opening, point.Displacement[end], 1e-8);
        }

        Assert.True(point.Displacement[end] < 0.6 * furthest, $"{point.Displacement[end]} {furthest}");
        Assert.Equal(toughness, work, 0.01 * toughness);
        Assert.Equal(toughness, body.Dissipated, 0.03 * toughness);
    }

    // A double cantilever beam: arms of height 1, a crack of 10. By beam theory, with I = h³/12 and any length of the crack, P = √(G_c E I)/a and Δ = ⅔ a² √(G_c/E I),
    // so that P² Δ = ⅔ G_c^{3/2} (E I)^{1/2} as the crack goes on, also where a is longer by what the root gives way. After: Williams, Compos. Sci. Technol. 35, 367 (1989).
    private const double Toughness = 1e-3, Strength = 0.1, BeamModulus = 100;

    private static List<(double Width, double Force, double Tip, double Work, double Stored, double Dissipated)> Beam(double cell, double stiffness, double last, double step)
    {
        // Cells of 1 but where the crack goes on.
        const int crack = 10, even = 6;
        var fine = (int)Math.Round(even / cell);
        var mesh = StructuredMesh.Rectangle(crack + fine + 2, 2, crack + fine + 2, 2)
            .Moved(x => new(x.X <= crack ? x.X : x.X <= crack + fine ? crack + (cell * (x.X - crack)) : x.X - fine + even, x.Y, 0))
            .WithInnerBoundary("crack", x => x.Y == 1 && x.X <= crack).WithInnerBoundary("joint", x => x.Y == 1 && x.X >= crack);
        var basis = Basis.Vector(MeshCut.Along(MeshCut.Along(mesh, "crack"), "joint"), 2);
        var joint = new CohesiveInterface(basis, "joint");
        var law = new EffectiveOpening(TractionCurve.Bilinear(stiffness, Strength, Toughness));
        var body = new Body(basis, Assembly.Matrix(basis, Elasticity.Stiffness(Elasticity.PlaneStress(Tangent6.Isotropic(BeamModulus, 0.3)))), joint, law, Ldl);
        int Middle(double y) => basis.NodesWhere(x => x == new Vec3(0, y, 0)).Single();
        var (lower, upper) = (basis.Dof(Middle(0.5), 1), basis.Dof(Middle(1.5), 1));
        List<(double, double, double, double, double, double)> course = [];
        Body Opened(Body opening, double width)
        {
            opening.Step(new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("right"), x => Vec3.Zero).Fix(lower, -0.5 * width).Fix(upper, 0.5 * width), 1e-8);
            return opening;
        }

        for (var width = step; width <= last + (0.5 * step); width += step)
        {
            LoadSteps.Follow(body, width - step, width, step, Opened, step / 16);
            var (openings, broken) = (joint.Openings(body.U), 2 * Toughness / Strength);
            double tip = crack;
            for (var n = 0; n + 1 < openings.Length; n++)
            {
                if (openings[n].X >= broken && openings[n + 1].X < broken)
                {
                    tip = joint.Points[n].X + ((joint.Points[n + 1].X - joint.Points[n].X) * (openings[n].X - broken) / (openings[n].X - openings[n + 1].X));
                }
            }

            course.Add((width, body.Force[upper], tip, body.Work, body.Stored, body.Dissipated));
        }

        return course;
    }

    [Fact]
    public void A_double_cantilever_beam_opens_by_beam_theory_and_uses_up_the_toughness()
    {
        var course = Beam(0.3, 50 * BeamModulus, 1.6, 0.1);
        var theory = 2.0 / 3 * Math.Pow(Toughness, 1.5) * Math.Sqrt(BeamModulus / 12);
        var growing = course.Where(c => c.Tip > 10.2).ToArray();
        Assert.True(growing.Length >= 7);
        Assert.All(growing, c => Assert.Equal(theory, c.Force * c.Force * c.Width, 0.02 * theory));

        // Before, as long as nothing opens: Δ = 8 (a + χ h)³ P/(E h³) with Williams' χ = √(E/(11 G) (3 − 2 (Γ/(1 + Γ))²)), Γ = 1.18 E/G.
        const double ratio = 2.6, gamma = 1.18 * ratio;
        var root = Math.Sqrt(ratio / 11 * (3 - (2 * Math.Pow(gamma / (1 + gamma), 2))));
        Assert.Equal(8 * Math.Pow(10 + root, 3) / BeamModulus, course[0].Width / course[0].Force, 0.03 * 8 * Math.Pow(10 + root, 3) / BeamModulus);

        // The balance of energy, and G_c times the length by which the crack went on.
        var (first, last) = (growing[0], growing[^1]);
        Assert.All(course, c => Assert.Equal(c.Work, c.Stored + c.Dissipated, 0.01 * c.Work));
        Assert.True(last.Tip > first.Tip + 2);
        Assert.Equal(Toughness, (last.Dissipated - first.Dissipated) / (last.Tip - first.Tip), 0.01 * Toughness);
        Assert.Equal(Toughness, (last.Work - last.Stored - first.Work + first.Stored) / (last.Tip - first.Tip), 0.01 * Toughness);
    }

    // The zone of the law is √√(E G_c h³/σ²) = 1.8 long: four cells and more.
    [Fact]
    public void The_beam_is_the_same_on_a_finer_mesh_and_with_a_stiffer_interface()
    {
        var coarse = Beam(0.4, 50 * BeamModulus, 1.2, 0.2);
        var fine = Beam(0.2, 50 * BeamModulus, 1.2, 0.2);
        var stiff = Beam(0.2, 500 * BeamModulus, 1.2, 0.2);
        for (var n = 0; n < coarse.Count; n++)
        {
            Assert.Equal(fine[n].Force, coarse[n].Force, 0.01 * fine[n].Force);
            Assert.Equal(fine[n].Dissipated, coarse[n].Dissipated, 0.01 * (fine[n].Dissipated + fine[n].Stored));
            Assert.Equal(stiff[n].Force, fine[n].Force, 0.01 * stiff[n].Force);
        }

        Assert.True(fine[^1].Tip > 10.8);
    }

    // A long crack in a large plate that yields in a strip ahead: ρ = π/8 (K/σ_y)² = 0.392699, and the tip opens by K²/(E σ_y). Far away the field is that of K with
    // the tip at ρ/3: the stress ahead, 2σ_y/π arctan √(ρ/s) at s beyond the strip, is K/√(2π(s + ⅔ρ)) but for terms of (ρ/s)^{5/2}.
    // After: Dugdale, J. Mech. Phys. Solids 8, 100 (1960); Rice, J. Appl. Mech. 35, 379 (1968).
    [Fact]
    public void The_strip_of_Dugdale_has_its_length()
    {
        const double h = 0.01, far = 8;
        double[] Graded(int even, int before)
        {
            // Even parts from −before·h on, then each longer by a quarter than the last, to both sides.
            List<double> places = [.. Enumerable.Range(-before, even + 1).Select(n => n * h)];
            for (var d = 1.25 * h; places[^1] < far; d *= 1.25)
            {
                places.Add(Math.Min(far, places[^1] + d));
            }

            for (var d = 1.25 * h; places[0] > -far; d *= 1.25)
            {
                places.Insert(0, Math.Max(-far, places[0] - d));
            }

            return [.. places];
        }

        var (x, y) = (Graded(65, 10), Graded(4, 2));
        var mesh = StructuredMesh.Rectangle(x.Length - 1, y.Length - 1, x.Length - 1, y.Length - 1).Moved(p => new(x[(int)p.X], y[(int)p.Y], 0));
        mesh = mesh.WithInnerBoundary("crack", p => p.Y == 0 && p.X <= 0).WithInnerBoundary("strip", p => p.Y == 0 && p.X >= 0);
        var basis = Basis.Vector(MeshCut.Along(MeshCut.Along(mesh, "crack"), "strip"), 1);
        var joint = new CohesiveInterface(basis, "strip");
        var law = new EffectiveOpening(TractionCurve.Constant(50 / h, 1));
        var body = new Body(basis, Assembly.Matrix(basis, Elasticity.Stiffness(Elasticity.PlaneStress(Tangent6.Isotropic(1, 0.3)))), joint, law, Ldl);
        body.Step(CrackTests.Given(basis, new CrackField(new(0.392699 / 3, 0, 0), new(1, 0, 0), 1, 0, 1, 0.3, isPlaneStress: true), "left", "right", "bottom", "top"), 1e-7);

        var points = joint.Points.ToArray().Zip(joint.Openings(body.U), (at, o) => (at.X, Opening: o.X)).OrderBy(p => p.X).ToArray();
        var yields = points.Count(p => p.Opening >= h / 50);
        Assert.All(points[..yields], p => Assert.True(p.Opening >= h / 50));
        Assert.Equal(0.392699, 0.5 * (points[yields - 1].X + points[yields].X), 0.03 * 0.392699);
        Assert.Equal(1, points[0].Opening + (points[0].X * (points[0].Opening - points[1].Opening) / (points[1].X - points[0].X)), 0.03);
    }

    [Fact]
    public void What_is_no_interface_is_refused()
    {
        var mesh = Halves("quadrilaterals");
        var basis = Basis.Vector(mesh, 1);
        Assert.Contains("nothing opposite lies on facet", Assert.Throws<ScaleModelException>(() => new CohesiveInterface(basis, "joint", "left")).Message, StringComparison.Ordinal);
        Assert.Contains("no boundary 'left.opposite'", Assert.Throws<ScaleModelException>(() => new CohesiveInterface(basis, "left")).Message, StringComparison.Ordinal);
        var half = mesh.WithBoundary("half", mesh.Boundary("joint").Take(1));
        Assert.Contains("3 lie opposite", Assert.Throws<ScaleModelException>(() => new CohesiveInterface(Basis.Vector(half, 1), "half", "joint.opposite")).Message, StringComparison.Ordinal);
        var joint = new CohesiveInterface(basis, "joint");
        var law = new EffectiveOpening(TractionCurve.Constant(1, 1));
        Assert.Contains("1 for each of 6 points", Assert.Throws<ScaleModelException>(() => joint.Respond(law, new double[basis.DofCount], new double[5])).Message, StringComparison.Ordinal);
        Assert.Throws<ScaleModelException>(() => joint.Dissipated(law, new double[7]));
        Assert.Throws<ArgumentException>(() => joint.Openings(new double[3]));
        var response = joint.Respond(law, new double[basis.DofCount], joint.InitialState(law));
        Assert.Throws<ArgumentOutOfRangeException>(() => response.With(new double[basis.DofCount - 1], response.Stiffness));
    }

    // Facets are told apart by their size, not by meters.
    [Fact]
    public void A_bar_may_be_as_small_as_it_likes()
    {
        var mesh = MeshCut.Along(StructuredMesh.Interval(1e-7, 3).WithInnerBoundary("joint", x => true), "joint");
        var basis = Basis.Vector(mesh, 1);
        var joint = new CohesiveInterface(basis, "joint");
        Assert.Equal(2, joint.Points.Length);
        var u = new double[basis.DofCount];
        for (var c = 0; c < 3; c++)
        {
            foreach (var n in basis.CellNodes(c))
            {
                u[n] = 1e-9 * c * c;
            }
        }

        var openings = joint.Openings(u);
        Assert.Equal(1e-9, openings[0].X, 1e-20);
        Assert.Equal(3e-9, openings[1].X, 1e-20);
    }
}
