using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// How large the error of a scalar field of finite elements is in each cell, for −∇·(k ∇u) = f with given values on a part of the surface and a given flux k ∂ₙu = φ
/// on the rest. Estimates stand for the energy norm √∫ k |∇(u − u_h)|²; each returns one number a cell, and the square root of the sum of the squares is
/// the whole.
/// </summary>
/// <remarks>
/// Kelly and the residual bound the error up to factors that depend on the shapes of cells. Recovery approaches the true error as smooth solutions are refined. Sums
/// run in the order of cells.
/// </remarks>
public static class ErrorEstimator
{
    /// <summary>η_K² = c h_K Σ_F ∫_F [[k ∂ₙu_h]]²/k, h_K the diameter of the cell: jumps of the flux over facets, and its defect where it is given; c = 1/24 for degree 1, 1/4 for degree 2.</summary>
    /// <remarks>
    /// The factors are those of deal.II, 1/24 and 1/(2 p); the division by k makes it an estimate of the energy norm. Elements of degree 2 have most of their error inside
    /// of cells, not at facets (Yu, Math. Numer. Sinica 13 (1991) 89), so that for them the residual, or recovery, marks better. The defect at the surface is taken twice, as there is no cell that shares it.
    /// After: Kelly, Gago, Zienkiewicz, Babuška, Int. J. Numer. Meth. Eng. 19 (1983) 1593.
    /// </remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h.</param>
    /// <param name="conductivity">k; 1 if null.</param>
    /// <param name="inflow">φ by the names of boundaries; where none is given, values are.</param>
    public static double[] Kelly(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Func<QuadraturePoint, double>? conductivity = null,
        IReadOnlyDictionary<string, Func<QuadraturePoint, double>>? inflow = null)
    {
        Require(mesh, basis, dofs);
        var jumps = Jumps(mesh, basis, dofs, conductivity, inflow);
        for (var c = 0; c < jumps.Length; c++)
        {
            jumps[c] = Math.Sqrt(Diameter(mesh.Mesh, c) * jumps[c] / (basis.Degree == 1 ? 24 : 4));
        }

        return jumps;
    }

    /// <summary>η_K² = h_K² ∫_K (f + ∇·(k∇u_h))²/k + ½ h_K Σ_F ∫_F [[k ∂ₙu_h]]²/k, the residual, with the edge of a cell as h_K.</summary>
    /// <remarks>
    /// ∇·(k ∇u_h) is the divergence of the flux's interpolation by the functions, which is exact for constant k in parallelograms. An upper bound up to
    /// a factor; on smooth problems it is a few times the error. After: Verfürth, J. Comput. Appl. Math. 50 (1994) 67.
    /// </remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h.</param>
    /// <param name="source">f.</param>
    /// <param name="conductivity">k; 1 if null.</param>
    /// <param name="inflow">φ by the names of boundaries; where none is given, values are.</param>
    public static double[] Residual(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Func<Vec3, double> source, Func<QuadraturePoint, double>? conductivity = null,
        IReadOnlyDictionary<string, Func<QuadraturePoint, double>>? inflow = null)
    {
        Require(mesh, basis, dofs);
        ArgumentNullException.ThrowIfNull(source);
        var result = Jumps(mesh, basis, dofs, conductivity, inflow);
        var (d, block) = (mesh.Mesh.Dimension, mesh.Mesh.Blocks[0]);
        var element = Lagrange.Of(block.Shape, basis.Degree);
        var points = new CellPoints(mesh.Mesh, basis.Table(0, -1), 1 + d);
        var atNodes = new CellPoints(mesh.Mesh, new PointTable(block.Geometry, element, element.Nodes.AsSpan()), 1 + d);
        var flux = new Vec3[element.Nodes.Length];
        for (var c = 0; c < result.Length; c++)
        {
            points.Move(0, c);
            atNodes.Move(0, c);
            for (var a = 0; a < flux.Length; a++)
            {
                flux[a] = (conductivity?.Invoke(atNodes.Point(a)) ?? 1) * atNodes.Gradient(a, dofs, basis.CellNodes(c));
            }

            var (sum, volume) = (0.0, 0.0);
            for (var q = 0; q < points.Table.Count; q++)
            {
                var defect = source(points.Places[q]);
                for (var k = 0; k < d; k++)
                {
                    for (var a = 0; a < flux.Length; a++)
                    {
                        defect += points.Functions[(((q * points.Slots) + 1 + k) * points.Table.Padded) + a] * flux[a][k];
                    }
                }

                sum += points.Weights[q] * defect * defect / (conductivity?.Invoke(points.Point(q)) ?? 1);
                volume += points.Weights[q];
            }

            var edge = Math.Pow(volume, 1.0 / d);
            result[c] = Math.Sqrt((edge * edge * sum) + (0.5 * edge * result[c]));
        }

        return result;
    }

    /// <summary>η_K² = ∫_K k |G − ∇u_h|², G the recovered gradient.</summary>
    /// <remarks>After: Zienkiewicz, Zhu, Int. J. Numer. Meth. Eng. 33 (1992) 1331 and 1365.</remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h.</param>
    /// <param name="conductivity">k, without jumps between cells: the recovered gradient has none; 1 if null.</param>
    public static double[] Recovery(AdaptiveMesh mesh, Basis basis, double[] dofs, Func<QuadraturePoint, double>? conductivity = null)
    {
        Require(mesh, basis, dofs);
        var result = new double[mesh.Forest.Count];
        var recovered = new RecoveredGradient(mesh, basis, dofs);
        ForEach(mesh, basis, (points, q, shape) =>
        {
            var difference = recovered.At(points.Cell, shape, points.Places[q]) - points.Gradient(q, dofs, basis.CellNodes(points.Cell));
            result[points.Cell] += points.Weights[q] * (conductivity?.Invoke(points.Point(q)) ?? 1) * difference.NormSquared;
        });
        for (var c = 0; c < result.Length; c++)
        {
            result[c] = Math.Sqrt(result[c]);
        }

        return result;
    }

    /// <summary>
    /// The error of a linear functional J(u), cell by cell with its sign: J(u) − J(u_h) = a(u − u_h, z − z_h) ≈ Σ_K ∫_K k (G(u_h) − ∇u_h)·(G(z_h) − ∇z_h), where z is
    /// the dual solution, a(v, z) = J(v), and both gradients of errors are recovered.
    /// </summary>
    /// <remarks>
    /// The sum estimates the error of J and may be added to J(u_h). Marks go by magnitudes. After: Becker, Rannacher, Acta Numerica 10 (2001) 1; with recovery
    /// for the weights: Korotov, J. Comput. Appl. Math. 191 (2006) 216.
    /// </remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h.</param>
    /// <param name="dual">z_h, of the same functions, zero where values are given.</param>
    /// <param name="conductivity">k, without jumps between cells; 1 if null.</param>
    public static double[] Goal(AdaptiveMesh mesh, Basis basis, double[] dofs, double[] dual, Func<QuadraturePoint, double>? conductivity = null)
    {
        Require(mesh, basis, dofs);
        ArgumentNullException.ThrowIfNull(dual);
        basis.RequireDofs(dual.Length);
        var result = new double[mesh.Forest.Count];
        var (primalG, dualG) = (new RecoveredGradient(mesh, basis, dofs), new RecoveredGradient(mesh, basis, dual));
        ForEach(mesh, basis, (points, q, shape) =>
        {
            var nodes = basis.CellNodes(points.Cell);
            var first = primalG.At(points.Cell, shape, points.Places[q]) - points.Gradient(q, dofs, nodes);
            var second = dualG.At(points.Cell, shape, points.Places[q]) - points.Gradient(q, dual, nodes);
            result[points.Cell] += points.Weights[q] * (conductivity?.Invoke(points.Point(q)) ?? 1) * Vec3.Dot(first, second);
        });
        return result;
    }

    /// <summary>√Σ η_K².</summary>
    public static double Total(ReadOnlySpan<double> indicators) => FixedOrderSum.Norm(indicators);

    private static void Require(AdaptiveMesh mesh, Basis basis, double[] dofs)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(dofs);
        mesh.RequireMine(basis);
        basis.Require(1);
        basis.RequireDofs(dofs.Length);
    }

    // A rule one degree better than that of assembly: G is of higher degree than ∇u_h.
    private static void ForEach(AdaptiveMesh mesh, Basis basis, Action<CellPoints, int, double[]> body)
    {
        var block = mesh.Mesh.Blocks[0];
        var table = new PointTable(block.Geometry, Lagrange.Of(block.Shape, basis.Degree), -1, (2 * basis.Degree) + 3);
        var (points, linear) = (new CellPoints(mesh.Mesh, table, 1 + mesh.Mesh.Dimension), Lagrange.Of(block.Shape, 1));
        var rule = Quadrature.Of(block.Shape, (2 * basis.Degree) + 3);
        var gradients = new Vec3[linear.Nodes.Length];
        double[][] shapes = [.. rule.Points.Select(x =>
        {
            var values = new double[linear.Nodes.Length];
            linear.Evaluate(x, values, gradients);
            return values;
        })];
        for (var c = 0; c < mesh.Forest.Count; c++)
        {
            points.Move(0, c);
            for (var q = 0; q < shapes.Length; q++)
            {
                body(points, q, shapes[q]);
            }
        }
    }

    // Σ_F ∫_F [[k ∂ₙu]]²/k for each cell.
    private static double[] Jumps(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Func<QuadraturePoint, double>? conductivity, IReadOnlyDictionary<string, Func<QuadraturePoint, double>>? inflow)
    {
        var result = new double[mesh.Forest.Count];
        new FacetPairs(mesh, basis).ForEach((here, there) =>
        {
            var own = basis.CellNodes(here.Cell);
            var other = basis.CellNodes(there.Cell);
            var sum = 0.0;
            for (var q = 0; q < here.Weights.Length; q++)
            {
                var (k, l) = conductivity is null ? (1, 1) : (conductivity(here.Point(q)), conductivity(there.Point(q)));
                var jump = Vec3.Dot(here.Normals[q], (k * here.Gradient(q, dofs, own)) - (l * there.Gradient(q, dofs, other)));
                sum += here.Weights[q] * jump * jump * 2 / (k + l);
            }

            result[here.Cell] += sum;
            result[there.Cell] += sum;
        });
        foreach (var (name, given) in inflow ?? ImmutableDictionary<string, Func<QuadraturePoint, double>>.Empty)
        {
            foreach (var facet in mesh.Mesh.Boundary(name))
            {
                var points = new CellPoints(mesh.Mesh, basis.Table(0, facet.Local), 1 + mesh.Mesh.Dimension);
                points.Move(0, facet.Cell);
                for (var q = 0; q < points.Weights.Length; q++)
                {
                    var k = conductivity?.Invoke(points.Point(q)) ?? 1;
                    var defect = (k * Vec3.Dot(points.Normals[q], points.Gradient(q, dofs, basis.CellNodes(facet.Cell)))) - given(points.Point(q));
                    result[facet.Cell] += 2 * points.Weights[q] * defect * defect / k;
                }
            }
        }

        return result;
    }

    // The longest distance between vertices.
    private static double Diameter(Mesh mesh, int cell)
    {
        var vertices = mesh.Vertices(cell);
        var longest = 0.0;
        for (var a = 0; a < vertices.Length; a++)
        {
            for (var b = 0; b < a; b++)
            {
                longest = Math.Max(longest, (mesh.Points[vertices[a]] - mesh.Points[vertices[b]]).NormSquared);
            }
        }

        return Math.Sqrt(longest);
    }
}
