using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Homogenization;

/// <summary>Volume elements under the three conditions at their faces: means, work, order of stiffnesses, known composites.</summary>
public sealed class RepresentativeVolumeElementTests
{
    private static readonly Tangent6 _stiff = Tangent6.Isotropic(10, 0.3);
    private static readonly Tangent6 _soft = Tangent6.Isotropic(1, 0.3);

    /// <summary>A box of unlike edges, one half of whose cells, by chance, is stiff.</summary>
    internal static Mesh Random(int dimension, int n, ulong seed, double fraction = 0.5, bool isCube = false)
    {
        var mesh = dimension == 2 ? StructuredMesh.Rectangle(isCube ? 1 : 1.5, 1, n, n) : StructuredMesh.Box(isCube ? new(1, 1, 1) : new(1.5, 1, 0.8), n, n, n);
        var chance = new Philox(seed, 0);
        var order = Enumerable.Range(0, mesh.CellCount).OrderBy(c => chance.Uniform(0, 0, c)).ToArray();
        var count = (int)Math.Round(fraction * mesh.CellCount);
        return mesh.WithRegion("stiff", order[..count]).WithRegion("soft", order[count..]);
    }

    private static readonly J2Plasticity _metal = new(5, 0.3, 0.01, 0.3, 0.2);

    private static RepresentativeVolumeElement Elastic(Mesh mesh, int degree, BoundaryCondition condition) =>
        new(mesh, degree, Phases.ByRegion<IConstitutiveLaw>(mesh, ("stiff", new ElasticLaw(_stiff)), ("soft", new ElasticLaw(_soft))), condition);

    internal static RepresentativeVolumeElement Metal(Mesh mesh, int degree, BoundaryCondition condition, ChunkedLoop? loop = null) =>
        new(mesh, degree, Phases.ByRegion<IConstitutiveLaw>(mesh, ("stiff", new ElasticLaw(_stiff)), ("soft", _metal)), condition, loop: loop);

    // Strains that are not all but zero, which would leave nothing to compare.
    private static Gen<double[]> Strains(double most) => Gen.Double[-most, most].Array[6].Where(e => e.Take(3).Max(Math.Abs) > 0.1 * most);

    private static SymTensor3 Strain(int dimension, double[] e) => dimension == 3 ? new(e[0], e[1], e[2], e[3], e[4], e[5]) : new(e[0], e[1], 0, 0, 0, e[2]);

    // (1/V) Σ f⊗x over the nodes on the faces.
    private static SymTensor3 StressOfFaces(RepresentativeVolumeElement element, double[] force)
    {
        var sum = default(Matrix3);
        var basis = element.Basis;
        foreach (var n in basis.NodesOnSurface())
        {
            sum += Matrix3.Dyad(new(force[basis.Dof(n, 0)], force[basis.Dof(n, 1)], basis.Components == 3 ? force[basis.Dof(n, 2)] : 0), basis.Nodes[n]);
        }

        return 1 / element.Volume * SymTensor3.SymmetricPart(sum);
    }

    private static SymTensor3 Mean(RepresentativeVolumeElement element, double[] u, Func<QuadraturePoint, VectorJet, SymTensor3> of)
    {
        var parts = Enumerable.Range(0, 6).Select(i => Assembly.Integral(element.Basis, u, (QuadraturePoint x, VectorJet v) => of(x, v)[i]) / element.Volume).ToArray();
        return SymTensor3.FromVoigtStress(parts);
    }

    // Of a plane element stresses across the plane do no work and are left out.
    private static SymTensor3 InPlane(int dimension, SymTensor3 s) => dimension == 3 ? s : s with { ZZ = 0 };

    [Theory]
    [InlineData(2, 1, BoundaryCondition.Kinematic)]
    [InlineData(2, 1, BoundaryCondition.Periodic)]
    [InlineData(2, 1, BoundaryCondition.Static)]
    [InlineData(2, 2, BoundaryCondition.Kinematic)]
    [InlineData(2, 2, BoundaryCondition.Periodic)]
    [InlineData(2, 2, BoundaryCondition.Static)]
    [InlineData(3, 1, BoundaryCondition.Kinematic)]
    [InlineData(3, 1, BoundaryCondition.Periodic)]
    [InlineData(3, 1, BoundaryCondition.Static)]
    public void Means_are_those_of_the_faces_and_the_work_is_that_of_the_means(int dimension, int degree, BoundaryCondition condition)
    {
        var mesh = Random(dimension, 3, 5);
        var element = Elastic(mesh, degree, condition);
        var stiffness = element.EffectiveStiffness();
        Strains(0.01).Sample(e =>
        {
            var strain = Strain(dimension, e);
            var answer = element.Solve(strain, new double[element.StateSize]);
            var u = answer.State[..element.Basis.DofCount];
            var cells = mesh.Region("stiff").ToHashSet();
            SymTensor3 Stress(QuadraturePoint x, VectorJet v) => InPlane(dimension, (cells.Contains(x.Cell) ? _stiff : _soft).Stress(v.Strain));
            var (meanStrain, meanStress) = (Mean(element, u, (_, v) => v.Strain), Mean(element, u, Stress));
            var work = Assembly.Integral(element.Basis, u, (QuadraturePoint x, VectorJet v) => SymTensor3.Contract(Stress(x, v), v.Strain)) / element.Volume;

            var small = 1e-12 * meanStress.Norm;
            Assert.True((meanStrain - strain).Norm < 1e-12 * strain.Norm);
            Assert.True((meanStress - answer.Stress).Norm < small);
            Assert.True((StressOfFaces(element, answer.Force) - answer.Stress).Norm < small);
            Assert.True((stiffness.Stress(strain) - answer.Stress).Norm < small);
            Assert.Equal(1, work / SymTensor3.Contract(meanStress, meanStrain), 1e-12);
        }, iter: 5, threads: 1);
    }

    [Theory]
    [InlineData(2, BoundaryCondition.Kinematic)]
    [InlineData(2, BoundaryCondition.Periodic)]
    [InlineData(2, BoundaryCondition.Static)]
    [InlineData(3, BoundaryCondition.Periodic)]
    public void The_work_of_a_plastic_element_is_that_of_the_means(int dimension, BoundaryCondition condition)
    {
        var mesh = Random(dimension, 3, 6);
        var element = Metal(mesh, 1, condition);
        var cells = mesh.Region("stiff").ToHashSet();
        Strains(0.02).Sample(e =>
        {
            var answer = element.Solve(Strain(dimension, e), new double[element.StateSize]);
            Assert.Contains(answer.State[element.Basis.DofCount..], s => s != 0);

            // The laws are asked anew at all points.
            SymTensor3 Stress(QuadraturePoint x, VectorJet v) =>
                InPlane(dimension, cells.Contains(x.Cell) ? _stiff.Stress(v.Strain) : _metal.Respond(v.Strain, new double[13], new double[13], out _));
            var u = answer.State[..element.Basis.DofCount];
            var work = Assembly.Integral(element.Basis, u, (QuadraturePoint x, VectorJet v) => SymTensor3.Contract(Stress(x, v), v.Strain)) / element.Volume;
            Assert.Equal(1, work / SymTensor3.Contract(answer.Stress, Strain(dimension, e)), 1e-10);
            Assert.True((Mean(element, u, Stress) - answer.Stress).Norm < 1e-10 * answer.Stress.Norm);
            Assert.True((StressOfFaces(element, answer.Force) - answer.Stress).Norm < 1e-10 * answer.Stress.Norm);
        }, iter: 3, threads: 1);
    }

    private static Matrix<double> InPlane(Tangent6 c, int dimension)
    {
        int[] of = dimension == 3 ? [0, 1, 2, 3, 4, 5] : [0, 1, 5];
        return Matrix<double>.Build.Dense(of.Length, of.Length, (i, j) => c[of[i], of[j]]);
    }

    /// <summary>That B − A has no negative eigenvalue, but some above zero.</summary>
    private static void RequireOrder(Matrix<double> a, Matrix<double> b)
    {
        var eigen = (b - a).Evd(Symmetricity.Symmetric).EigenValues.Select(x => x.Real).ToArray();
        Assert.True(eigen.Min() > -1e-12 * b.L2Norm(), string.Join(" ", eigen));
        Assert.True(eigen.Max() > 1e-3 * b.L2Norm(), string.Join(" ", eigen));
    }

    [Theory]
    [InlineData(2, 4, 2)]
    [InlineData(2, 5, 1)]
    [InlineData(3, 3, 1)]
    public void Stiffnesses_are_ordered_by_the_conditions_between_Reuss_and_Voigt(int dimension, int n, int degree)
    {
        for (var seed = 0UL; seed < 3; seed++)
        {
            var mesh = Random(dimension, n, seed);
            var fraction = (double)mesh.Region("stiff").Length / mesh.CellCount;
            var (a, b, c) = (Elastic(mesh, degree, BoundaryCondition.Static), Elastic(mesh, degree, BoundaryCondition.Periodic), Elastic(mesh, degree, BoundaryCondition.Kinematic));

            // In the plane Voigt's and Reuss' bounds are of the stiffness of plane strain.
            var stiff = InPlane(_stiff, dimension);
            var soft = InPlane(_soft, dimension);
            Matrix<double>[] rising =
            [
                ((fraction * stiff.Inverse()) + ((1 - fraction) * soft.Inverse())).Inverse(),
                InPlane(a.EffectiveStiffness(), dimension), InPlane(b.EffectiveStiffness(), dimension), InPlane(c.EffectiveStiffness(), dimension),
                (fraction * stiff) + ((1 - fraction) * soft),
            ];
            for (var k = 0; k + 1 < rising.Length; k++)
            {
                RequireOrder(rising[k], rising[k + 1]);
            }
        }
    }

    [Theory]
    [InlineData(BoundaryCondition.Kinematic)]
    [InlineData(BoundaryCondition.Periodic)]
    [InlineData(BoundaryCondition.Static)]
    public void A_homogeneous_element_has_the_stiffness_of_its_phase(BoundaryCondition condition)
    {
        var c = Elasticity.Orthotropic(new(10, 5, 3), (0.3, 0.2, 0.25), (2, 1.5, 1)).Rotated(Matrix3.FromColumns(new(0.6, 0, 0.8), new(0, 1, 0), new(-0.8, 0, 0.6)));
        foreach (var mesh in new[]
        {
            StructuredMesh.Box(new(1, 2, 1.5), 2, 2, 3), StructuredMesh.Box(new(1, 1, 1), 2, 2, 2, CellShape.Tetrahedron),
            StructuredMesh.Rectangle(2, 1, 3, 2), StructuredMesh.Rectangle(1, 1, 2, 2, CellShape.Triangle), StructuredMesh.Rectangle(1, 1, 45, 45),
        })
        {
            foreach (var degree in new[] { 1, 2 })
            {
                var found = new RepresentativeVolumeElement(mesh, degree, Phases.Uniform<IConstitutiveLaw>(mesh, new ElasticLaw(c)), condition).EffectiveStiffness();
                var off = (InPlane(found, mesh.Dimension) - InPlane(c, mesh.Dimension)).L2Norm();
                Assert.True(off < 1e-12 * 10, $"{off}");
            }
        }

        // Plane stress.
        var square = StructuredMesh.Rectangle(2, 1, 3, 2);
        var plane = new RepresentativeVolumeElement(square, 1, Phases.Uniform<IConstitutiveLaw>(square, StressFreeLaw.Plane(new ElasticLaw(c))), condition).EffectiveStiffness();
        Assert.True((InPlane(plane, 2) - InPlane(Elasticity.PlaneStress(c), 2)).L2Norm() < 1e-11);
    }

    // Layers at right angles to z: with ⟨·⟩ over the thickness, C33 = 1/⟨1/c33⟩, C13 = C33 ⟨c13/c33⟩, C44 = 1/⟨1/c44⟩, C66 = ⟨c66⟩, C11 = ⟨c11 − c13²/c33⟩ + C13²/C33,
    // C12 likewise. After: Milton, "The Theory of Composites" (2002), section 9.2.
    [Theory]
    [InlineData(CellShape.Hexahedron, 1, 2)]
    [InlineData(CellShape.Hexahedron, 2, 2)]
    [InlineData(CellShape.Tetrahedron, 1, 2)]
    [InlineData(CellShape.Hexahedron, 1, 10)]      // By multigrid.
    public void A_laminate_has_the_stiffness_of_theory(CellShape shape, int degree, int n)
    {
        var mesh = StructuredMesh.Box(new(1, 1, 1), n, n, 2 * n, shape).WithRegion("stiff", x => x.Z < 0.5).WithRegion("soft", x => x.Z > 0.5);
        var found = Elastic(mesh, degree, BoundaryCondition.Periodic).EffectiveStiffness();
        static double Mean(Func<Tangent6, double> of) => 0.5 * (of(_stiff) + of(_soft));
        var c33 = 1 / Mean(c => 1 / c[2, 2]);
        var c13 = c33 * Mean(c => c[0, 2] / c[2, 2]);
        var c11 = Mean(c => c[0, 0] - (c[0, 2] * c[0, 2] / c[2, 2])) + (c13 * c13 / c33);
        var c12 = Mean(c => c[0, 1] - (c[0, 2] * c[0, 2] / c[2, 2])) + (c13 * c13 / c33);
        var (c44, c66) = (1 / Mean(c => 1 / c[3, 3]), Mean(c => c[5, 5]));
        Assert.Equal([2.447552, 1.048951, 6.493506, 2.262737, 0.699301, 2.115385], new[] { c33, c13, c11, c12, c44, c66 }.Select(x => Math.Round(x, 6)));
        double[] expected =
        [
            c11, c12, c13, 0, 0, 0, c12, c11, c13, 0, 0, 0, c13, c13, c33, 0, 0, 0,
            0, 0, 0, c44, 0, 0, 0, 0, 0, 0, c44, 0, 0, 0, 0, 0, 0, c66,
        ];
        Assert.All(Enumerable.Range(0, 36), n => Assert.Equal(expected[n], found.Entries[n], 1e-10));
    }

    // Hashin, Shtrikman, J. Mech. Phys. Solids 11 (1963) 127: cubes of two kinds by chance, half of each.
    [Fact]
    public void A_random_composite_of_halves_lies_within_the_bounds_of_Hashin_and_Shtrikman()
    {
        var c = Elastic(Random(3, 6, 1, isCube: true), 2, BoundaryCondition.Periodic).EffectiveStiffness();
        (double, double) Moduli(Tangent6 t) => (t.BulkModulus, t[3, 3]);
        var (stiff, soft) = (Moduli(_stiff), Moduli(_soft));
        Assert.InRange(
            c.BulkModulus, EffectiveBounds.HashinShtrikmanBulk(soft, stiff.Item1, 0.5), EffectiveBounds.HashinShtrikmanBulk(stiff, soft.Item1, 0.5));

        // The shear moduli in all directions: half of the eigenvalues that belong to strains without change of volume, by an orthonormal frame of these.
        SymTensor3[] frame =
        [
            Math.Sqrt(0.5) * new SymTensor3(1, -1, 0, 0, 0, 0), Math.Sqrt(1 / 6.0) * new SymTensor3(1, 1, -2, 0, 0, 0), Math.Sqrt(0.5) * new SymTensor3(0, 0, 0, 1, 0, 0),
            Math.Sqrt(0.5) * new SymTensor3(0, 0, 0, 0, 1, 0), Math.Sqrt(0.5) * new SymTensor3(0, 0, 0, 0, 0, 1),
        ];
        var shear = Matrix<double>.Build.Dense(5, 5, (i, j) => 0.5 * SymTensor3.Contract(frame[i], c.Stress(frame[j]))).Evd(Symmetricity.Symmetric).EigenValues.Select(x => x.Real).ToArray();
        Assert.All(shear, mu => Assert.InRange(
            mu, EffectiveBounds.HashinShtrikmanShear(soft, stiff.Item2, 0.5), EffectiveBounds.HashinShtrikmanShear(stiff, soft.Item2, 0.5)));
    }

    // A plate with a square hole, and a cube with one of its shape: pores count in the volume, and bear nothing.
    [Theory]
    [InlineData(2, BoundaryCondition.Kinematic)]
    [InlineData(2, BoundaryCondition.Periodic)]
    [InlineData(2, BoundaryCondition.Static)]
    [InlineData(3, BoundaryCondition.Kinematic)]
    [InlineData(3, BoundaryCondition.Periodic)]
    [InlineData(3, BoundaryCondition.Static)]
    public void Pores_belong_to_the_volume(int dimension, BoundaryCondition condition)
    {
        var (full, degree) = dimension == 2 ? (StructuredMesh.Rectangle(1, 1, 8, 8), 2) : (StructuredMesh.Box(new(1, 1, 1), 4, 4, 4), 1);
        bool IsHole(Vec3 x) => Enumerable.Range(0, dimension).All(axis => Math.Abs(x[axis] - 0.5) < 0.25);
        var mesh = StructuredMesh.Kept(full, x => !IsHole(x));
        var element = new RepresentativeVolumeElement(mesh, degree, Phases.Uniform<IConstitutiveLaw>(mesh, new ElasticLaw(_stiff)), condition);
        Assert.Equal(1, element.Volume, 1e-14);

        // The same by a phase that is all but nothing.
        var filled = full.WithRegion("hole", IsHole).WithRegion("rest", x => !IsHole(x));
        var almost = new RepresentativeVolumeElement(
            filled, degree, Phases.ByRegion<IConstitutiveLaw>(filled, ("hole", new ElasticLaw(1e-9 * _stiff)), ("rest", new ElasticLaw(_stiff))), condition);
        var (a, b) = (InPlane(element.EffectiveStiffness(), dimension), InPlane(almost.EffectiveStiffness(), dimension));
        Assert.True((a - b).L2Norm() < 1e-6 * a.L2Norm());
        Assert.True(a[0, 0] < (dimension == 2 ? 0.7 : 0.85) * _stiff[0, 0]);
    }

    [Fact]
    public void Meshes_that_do_not_suit_the_condition_are_refused()
    {
        string Fault(Mesh mesh, BoundaryCondition condition, int degree = 2) => Assert.Throws<ScaleModelException>(
            () => new RepresentativeVolumeElement(mesh, degree, Phases.Uniform<IConstitutiveLaw>(mesh, new ElasticLaw(_soft)), condition)).Message;
        var notched = StructuredMesh.Kept(StructuredMesh.Rectangle(1, 1, 4, 4), x => x.X > 0.25 || Math.Abs(x.Y - 0.4) > 0.2);
        Assert.Contains("whose faces no pore reaches", Fault(notched, BoundaryCondition.Static), StringComparison.Ordinal);
        Assert.Contains("has no periodic image", Fault(StructuredMesh.Rectangle(1, 1, 2, 2).Moved(x => x == new Vec3(0, 0.5, 0) ? new(0, 0.6, 0) : x), BoundaryCondition.Periodic), StringComparison.Ordinal);
        Assert.Contains("no facet of this mesh lies on the face x = 2", Fault(StructuredMesh.QuarterRing(1, 2, 2, 2), BoundaryCondition.Kinematic), StringComparison.Ordinal);
        Assert.Contains("There is no boundary condition 7", Fault(StructuredMesh.Rectangle(1, 1, 2, 2), (BoundaryCondition)7), StringComparison.Ordinal);
        var square = StructuredMesh.Rectangle(1, 1, 2, 2);
        foreach (var tolerance in new[] { 0, double.NaN, 1 })
        {
            Assert.Contains("The tolerance is", Assert.Throws<ScaleModelException>(
                () => new RepresentativeVolumeElement(square, 1, Phases.Uniform<IConstitutiveLaw>(square, new ElasticLaw(_soft)), tolerance: tolerance)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("has degree 2", Fault(StructuredMesh.PlateWithHole(0.2, 1, 2, 2), BoundaryCondition.Kinematic, 1), StringComparison.Ordinal);
        Assert.Contains("in the plane or in space", Fault(StructuredMesh.Interval(1, 2), BoundaryCondition.Kinematic), StringComparison.Ordinal);
        var plane = Elastic(Random(2, 2, 1), 1, BoundaryCondition.Periodic);
        Assert.Contains("strains in its plane", Assert.Throws<ScaleModelException>(() => plane.Solve(new(0, 0, 0.1, 0, 0, 0), new double[plane.StateSize])).Message, StringComparison.Ordinal);
    }

    // A mesh from a file may be off by roundings of the numbers in it.
    [Theory]
    [InlineData(BoundaryCondition.Kinematic)]
    [InlineData(BoundaryCondition.Periodic)]
    [InlineData(BoundaryCondition.Static)]
    public void Faces_are_flat_to_a_millionth(BoundaryCondition condition)
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 4, 4).Moved(x => x == new Vec3(1, 0.5, 0) ? new(1 + 1e-8, 0.5, 0) : x);
        var found = new RepresentativeVolumeElement(mesh, 1, Phases.Uniform<IConstitutiveLaw>(mesh, new ElasticLaw(_stiff)), condition).EffectiveStiffness();
        Assert.True((InPlane(found, 2) - InPlane(_stiff, 2)).L2Norm() < 1e-7 * 10);
    }

    // A metal that does not harden flows on under a stress that stays: no tangent. So do one beyond its table, and a part that hangs on nothing.
    [Fact]
    public void What_a_material_has_no_answer_to_is_a_fault_of_the_model()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 2);
        foreach (var law in new[] { new J2Plasticity(200, 0.3, 1), new J2Plasticity(200, 0.3, HardeningCurve.Table([0, 0.001], [1, 1.1])) })
        {
            var element = new RepresentativeVolumeElement(mesh, 1, Phases.Uniform<IConstitutiveLaw>(mesh, law));
            Assert.Contains("has no answer to the mean strain", Assert.Throws<ScaleModelException>(
                () => element.Respond(new(0, 0, 0, 0, 0, 0.02), new double[element.StateSize], new double[element.StateSize], out _)).Message, StringComparison.Ordinal);
        }

        var loose = StructuredMesh.Kept(StructuredMesh.Rectangle(1, 1, 5, 5), x => Math.Max(Math.Abs(x.X - 0.5), Math.Abs(x.Y - 0.5)) is < 0.1 or > 0.3);
        foreach (var condition in Enum.GetValues<BoundaryCondition>())
        {
            var element = new RepresentativeVolumeElement(loose, 1, Phases.Uniform<IConstitutiveLaw>(loose, new ElasticLaw(_soft)), condition);
            Assert.Contains("has no answer", Assert.Throws<ScaleModelException>(element.EffectiveStiffness).Message, StringComparison.Ordinal);
        }
    }

    // Fibers that swell: the mean stress of a body held still is that of the concentration theorem, σ̄ = −⟨Aᵀ C ε*⟩, which Hill's lemma gives.
    [Fact]
    public void A_phase_that_swells_presses_as_its_share_of_strain_tells()
    {
        var mesh = Random(2, 4, 3);
        var swelling = new SymTensor3(0.01, 0.01, 0.01, 0, 0, 0);
        var element = Elastic(mesh, 1, BoundaryCondition.Periodic);
        var warm = new RepresentativeVolumeElement(mesh, 1, Phases.ByRegion<IConstitutiveLaw>(
            mesh, ("stiff", new EigenstrainLaw(new ElasticLaw(_stiff), swelling)), ("soft", new ElasticLaw(_soft))));
        var found = warm.Solve(SymTensor3.Zero, new double[warm.StateSize]).Stress;
        foreach (var i in new[] { 0, 1, 5 })
        {
            var unit = new double[6];
            unit[i] = 1;
            var u = element.Solve(SymTensor3.FromVoigtStrain(unit), new double[element.StateSize]).State[..element.Basis.DofCount];
            var expected = -Assembly.Integral(element.Basis, u, (QuadraturePoint _, VectorJet v) => SymTensor3.Contract(v.Strain, _stiff.Stress(swelling)), Domain.Region("stiff")) / element.Volume;
            Assert.Equal(expected, found[i], 1e-13);
        }
    }
}
