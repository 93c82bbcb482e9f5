using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// How large the error of displacements of finite elements is in each cell, for −∇·σ = f, σ = C : ε(u), with given displacements on a part of the surface and given tractions
/// σ n = t on the rest. Estimates stand for the energy norm √∫ ε(u − u_h) : C : ε(u − u_h); each returns one number a cell, and the square root of the sum of
/// the squares is the whole. C is one for the body; in two dimensions for plane strain, or of <see cref="Elasticity.PlaneStress"/>.
/// </summary>
/// <remarks>
/// Kelly and the residual do not look at boundaries for which no traction is named: displacements are taken as given there, in all components. Where by symmetry one component alone is
/// given, the traction of the others is not looked at. Bits do not depend on the number of threads; functions that are passed may be called from several threads at once.
/// </remarks>
public static class ElasticErrorEstimator
{
    /// <summary>η_K² = c h_K Σ_F ∫_F [[σ_h n]]·A(n)⁻¹ [[σ_h n]], with h_K and c of <see cref="ErrorEstimator.Kelly"/>: jumps of the tractions over facets, and their defect where they are given.</summary>
    /// <remarks>
    /// A(n) = n·C·n is the acoustic tensor: as displacements do not jump, a jump of the traction is that of the normal derivative, [[∂ₙu]] = A⁻¹ [[σ n]] (Hadamard), and the
    /// expression its energy. For a conductivity it is that of the scalar estimator. After: Kelly, Gago, Zienkiewicz, Babuška, Int. J. Numer. Meth. Eng. 19 (1983) 1593.
    /// </remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h, m.</param>
    /// <param name="stiffness">C, Pa.</param>
    /// <param name="traction">t by the names of boundaries, Pa; none if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">The basis is for a scalar field, or C has no inverse acoustic tensor.</exception>
    public static double[] Kelly(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Tangent6 stiffness, IReadOnlyDictionary<string, Func<QuadraturePoint, Vec3>>? traction = null, ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs, stiffness);
        return ErrorEstimator.OfJumps(mesh, basis, Jumps(mesh, basis, dofs, stiffness, traction, loop ?? ChunkedLoop.Serial));
    }

    /// <summary>η_K² = (h_K² ∫_K |f + ∇·σ_h|²/(2μ) + ½ h_K Σ_F ∫_F [[σ_h n]]·A(n)⁻¹ [[σ_h n]]) / (4 (4p² − 1)), as <see cref="ErrorEstimator.Residual"/>, with 1/(2μ) between the 1/μ of shear and the 1/(λ + 2μ) of compression along a line; μ is the mean shear modulus of the planes of the axes.</summary>
    /// <remarks>∇·σ_h is the divergence of the stress's interpolation by the functions, exact in parallelograms. After: Verfürth, Comput. Methods Appl. Mech. Eng. 176 (1999) 419.</remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h, m.</param>
    /// <param name="stiffness">C, Pa.</param>
    /// <param name="force">f, N/m³.</param>
    /// <param name="traction">t by the names of boundaries, Pa; none if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">The basis is for a scalar field, or C has no inverse acoustic tensor.</exception>
    public static double[] Residual(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Tangent6 stiffness, Func<Vec3, Vec3> force, IReadOnlyDictionary<string, Func<QuadraturePoint, Vec3>>? traction = null,
        ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs, stiffness);
        ArgumentNullException.ThrowIfNull(force);
        loop ??= ChunkedLoop.Serial;
        var shear = mesh.Mesh.Dimension == 2 ? stiffness[5, 5] : (stiffness[3, 3] + stiffness[4, 4] + stiffness[5, 5]) / 3;
        return ErrorEstimator.OfResidual(
            mesh, basis, Jumps(mesh, basis, dofs, stiffness, traction, loop), loop, (atNodes, a) => Stress(atNodes, a, dofs, basis, stiffness).ToMatrix(),
            (points, q, divergence) => InPlane(force(points.Places[q]) + divergence, mesh.Mesh.Dimension).NormSquared / (2 * shear));
    }

    /// <summary>η_K² = ∫_K (σ* − σ_h) : C⁻¹ : (σ* − σ_h), σ* = C : ε* with the recovered strain.</summary>
    /// <remarks>As C is one for the body, the stress of the recovered strain is the recovered stress. After: Zienkiewicz, Zhu, Int. J. Numer. Meth. Eng. 33 (1992) 1331 and 1365.</remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h, m.</param>
    /// <param name="stiffness">C, Pa.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">The basis is for a scalar field.</exception>
    public static double[] Recovery(AdaptiveMesh mesh, Basis basis, double[] dofs, Tangent6 stiffness, ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs, stiffness);
        loop ??= ChunkedLoop.Serial;
        var d = mesh.Mesh.Dimension;
        var scalar = Basis.Scalar(mesh.Mesh, basis.Degree);
        RecoveredGradient[] recovered = [.. Enumerable.Range(0, d).Select(i => new RecoveredGradient(mesh, scalar, [.. Enumerable.Range(0, basis.NodeCount).Select(n => dofs[(d * n) + i])], loop))];
        var result = new double[mesh.Forest.Count];
        ErrorEstimator.ForEach(mesh, basis, loop, (points, shapes) =>
        {
            var count = points.Weights.Length;
            Span<Vec3> rows = stackalloc Vec3[3 * count];
            for (var i = 0; i < d; i++)
            {
                recovered[i].At(points, shapes, rows[(i * count)..]);
            }

            for (var q = 0; q < count; q++)
            {
                var difference = SymTensor3.SymmetricPart(
                    Matrix3.FromRows(rows[q], rows[count + q], rows[(2 * count) + q]) - points.Jet(q, dofs, basis.CellNodes(points.Cell), d).Gradient);

                // (σ* − σ_h) : C⁻¹ : (σ* − σ_h) = (ε* − ε_h) : C : (ε* − ε_h).
                result[points.Cell] += points.Weights[q] * SymTensor3.Contract(difference, stiffness.Stress(difference));
            }
        });
        for (var c = 0; c < result.Length; c++)
        {
            result[c] = Math.Sqrt(Math.Max(0, result[c]));
        }

        return result;
    }

    private static void Require(AdaptiveMesh mesh, Basis basis, double[] dofs, Tangent6 stiffness)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(dofs);
        ArgumentNullException.ThrowIfNull(stiffness);
        mesh.RequireMine(basis);
        basis.Require(mesh.Mesh.Dimension);
        basis.RequireDofs(dofs.Length);
    }

    private static SymTensor3 Stress(CellPoints points, int q, double[] dofs, Basis basis, Tangent6 stiffness) =>
        stiffness.Stress(points.Jet(q, dofs, basis.CellNodes(points.Cell), basis.Components).Strain);

    private static Vec3 InPlane(Vec3 v, int dimension) => dimension == 2 ? v with { Z = 0 } : v;

    private static double[] Jumps(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Tangent6 stiffness, IReadOnlyDictionary<string, Func<QuadraturePoint, Vec3>>? traction, ChunkedLoop loop)
    {
        var d = mesh.Mesh.Dimension;
        double Energy(Vec3 jump, Vec3 normal)
        {
            jump = InPlane(jump, d);
            return Vec3.Dot(jump, Acoustic(stiffness, normal, d).Inverse() * jump);
        }

        return ErrorEstimator.Jumps(
            mesh, basis, traction?.Keys ?? [], loop,
            (here, there, q) => Energy((Stress(here, q, dofs, basis, stiffness) - Stress(there, q, dofs, basis, stiffness)) * here.Normals[q], here.Normals[q]),
            (name, points, q) => Energy((Stress(points, q, dofs, basis, stiffness) * points.Normals[q]) - traction![name](points.Point(q)), points.Normals[q]));
    }

    // A_ik = n_j C_ijkl n_l: its column k is the traction of the strain sym(e_k ⊗ n). In the plane the third axis stands for itself.
    private static Matrix3 Acoustic(Tangent6 stiffness, Vec3 n, int dimension)
    {
        Vec3 Column(Vec3 axis) => InPlane(stiffness.Stress(SymTensor3.SymmetricPart(Matrix3.Dyad(axis, n))) * n, dimension);
        return Matrix3.FromColumns(Column(new(1, 0, 0)), Column(new(0, 1, 0)), dimension == 2 ? new(0, 0, 1) : Column(new(0, 0, 1)));
    }
}
