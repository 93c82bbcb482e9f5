using System.Collections.Concurrent;
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
/// run in the order of cells, so that the bits do not depend on the number of threads. Functions that are passed may be called from several threads at once.
/// <see cref="ElasticErrorEstimator"/> has the same for displacements.
/// </remarks>
public static class ErrorEstimator
{
    private const int Chunk = 1024;

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
    /// <param name="loop">The threads; one if null.</param>
    public static double[] Kelly(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Func<QuadraturePoint, double>? conductivity = null,
        IReadOnlyDictionary<string, Func<QuadraturePoint, double>>? inflow = null, ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs);
        return OfJumps(mesh, basis, Jumps(mesh, basis, dofs, conductivity, inflow, loop ?? ChunkedLoop.Serial));
    }

    /// <summary>η_K² = (h_K² ∫_K (f + ∇·(k∇u_h))²/k + ½ h_K Σ_F ∫_F [[k ∂ₙu_h]]²/k) / (4 (4p² − 1)), the residual for degree p, with the edge of a cell as h_K.</summary>
    /// <remarks>
    /// The factor is that of one dimension, where the residual tells the error of a polynomial of degree p + 1 exactly: ‖e'‖² = h² ‖r‖² / (4 (4p² − 1)). With it the estimate is near the error,
    /// within a factor of two on the problems of the tests; bounds from above hold up to another factor that depends on the shapes of cells.
    /// ∇·(k ∇u_h) is the divergence of the flux's interpolation by the functions, which is exact for constant k in parallelograms.
    /// The residual, and its weights h² and h/2, after: Verfürth, J. Comput. Appl. Math. 50 (1994) 67; the factor by integration of Legendre's polynomials.
    /// </remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h.</param>
    /// <param name="source">f.</param>
    /// <param name="conductivity">k; 1 if null.</param>
    /// <param name="inflow">φ by the names of boundaries; where none is given, values are.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static double[] Residual(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Func<Vec3, double> source, Func<QuadraturePoint, double>? conductivity = null,
        IReadOnlyDictionary<string, Func<QuadraturePoint, double>>? inflow = null, ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs);
        ArgumentNullException.ThrowIfNull(source);
        loop ??= ChunkedLoop.Serial;
        return OfResidual(
            mesh, basis, Jumps(mesh, basis, dofs, conductivity, inflow, loop), loop,
            (atNodes, a) => Matrix3.FromRows((conductivity?.Invoke(atNodes.Point(a)) ?? 1) * atNodes.Gradient(a, dofs, basis.CellNodes(atNodes.Cell)), Vec3.Zero, Vec3.Zero),
            (points, q, divergence) =>
            {
                var defect = source(points.Places[q]) + divergence.X;
                return defect * defect / (conductivity?.Invoke(points.Point(q)) ?? 1);
            });
    }

    /// <summary>η_K² = ∫_K k |G − ∇u_h|², G the recovered gradient.</summary>
    /// <remarks>After: Zienkiewicz, Zhu, Int. J. Numer. Meth. Eng. 33 (1992) 1331 and 1365.</remarks>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">u_h.</param>
    /// <param name="conductivity">k, without jumps between cells: the recovered gradient has none; 1 if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static double[] Recovery(AdaptiveMesh mesh, Basis basis, double[] dofs, Func<QuadraturePoint, double>? conductivity = null, ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs);
        loop ??= ChunkedLoop.Serial;
        var result = new double[mesh.Forest.Count];
        var recovered = new RecoveredGradient(mesh, basis, dofs, loop);
        ForEach(mesh, basis, loop, (points, shapes) =>
        {
            Span<Vec3> g = stackalloc Vec3[points.Weights.Length], gradients = stackalloc Vec3[points.Weights.Length];
            recovered.At(points, shapes, g);
            points.Gradients(dofs, basis.CellNodes(points.Cell), gradients);
            var sum = 0.0;
            for (var q = 0; q < g.Length; q++)
            {
                var difference = g[q] - gradients[q];
                sum += points.Weights[q] * (conductivity?.Invoke(points.Point(q)) ?? 1) * difference.NormSquared;
            }

            result[points.Cell] = sum;
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
    /// <param name="loop">The threads; one if null.</param>
    public static double[] Goal(AdaptiveMesh mesh, Basis basis, double[] dofs, double[] dual, Func<QuadraturePoint, double>? conductivity = null, ChunkedLoop? loop = null)
    {
        Require(mesh, basis, dofs);
        ArgumentNullException.ThrowIfNull(dual);
        basis.RequireDofs(dual.Length);
        var result = new double[mesh.Forest.Count];
        loop ??= ChunkedLoop.Serial;
        var (primalG, dualG) = (new RecoveredGradient(mesh, basis, dofs, loop), new RecoveredGradient(mesh, basis, dual, loop));
        ForEach(mesh, basis, loop, (points, shapes) =>
        {
            Span<Vec3> primal = stackalloc Vec3[points.Weights.Length], weights = stackalloc Vec3[points.Weights.Length];
            primalG.At(points, shapes, primal);
            dualG.At(points, shapes, weights);
            var nodes = basis.CellNodes(points.Cell);
            for (var q = 0; q < primal.Length; q++)
            {
                var (first, second) = (primal[q] - points.Gradient(q, dofs, nodes), weights[q] - points.Gradient(q, dual, nodes));
                result[points.Cell] += points.Weights[q] * (conductivity?.Invoke(points.Point(q)) ?? 1) * Vec3.Dot(first, second);
            }
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

    /// <summary>η_K of the jumps Σ_F ∫_F of each cell, by Kelly's factors.</summary>
    internal static double[] OfJumps(AdaptiveMesh mesh, Basis basis, double[] jumps)
    {
        for (var c = 0; c < jumps.Length; c++)
        {
            jumps[c] = Math.Sqrt(Diameter(mesh.Mesh, c) * jumps[c] / (basis.Degree == 1 ? 24 : 4));
        }

        return jumps;
    }

    /// <summary>η_K of the jumps and of what is left inside of cells.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="jumps">Σ_F ∫_F of each cell; overwritten and returned.</param>
    /// <param name="loop">The threads.</param>
    /// <param name="flux">The flux at a node of the cell, a row a component.</param>
    /// <param name="square">The square of the defect at a quadrature point, of the divergence of the flux's interpolation.</param>
    internal static double[] OfResidual(
        AdaptiveMesh mesh, Basis basis, double[] jumps, ChunkedLoop loop, Func<CellPoints, int, Matrix3> flux, Func<CellPoints, int, Vec3, double> square)
    {
        var (d, block) = (mesh.Mesh.Dimension, mesh.Mesh.Blocks[0]);
        var element = Lagrange.Of(block.Shape, basis.Degree);
        var (table, nodes) = (basis.Table(0, -1), new PointTable(block.Geometry, element, element.Nodes.AsSpan()));
        var factor = 1.0 / (4 * ((4 * basis.Degree * basis.Degree) - 1));
        loop.Run(jumps.Length, Chunk, (_, first, past) =>
        {
            var (points, atNodes) = (new CellPoints(mesh.Mesh, table, 1 + d), new CellPoints(mesh.Mesh, nodes, 1 + d));
            var fluxes = new Matrix3[element.Nodes.Length];
            for (var c = first; c < past; c++)
            {
                points.Move(0, c);
                atNodes.Move(0, c);
                for (var a = 0; a < fluxes.Length; a++)
                {
                    fluxes[a] = flux(atNodes, a);
                }

                var (sum, volume) = (0.0, 0.0);
                for (var q = 0; q < table.Count; q++)
                {
                    var divergence = Vec3.Zero;
                    for (var k = 0; k < d; k++)
                    {
                        for (var a = 0; a < fluxes.Length; a++)
                        {
                            divergence += points.Functions[(((q * points.Slots) + 1 + k) * table.Padded) + a] * fluxes[a].Column(k);
                        }
                    }

                    sum += points.Weights[q] * square(points, q, divergence);
                    volume += points.Weights[q];
                }

                var edge = Math.Pow(volume, 1.0 / d);
                jumps[c] = Math.Sqrt(factor * ((edge * edge * sum) + (0.5 * edge * jumps[c])));
            }
        });
        return jumps;
    }

    /// <summary>Calls a body for all cells, with their quadrature points and the functions of degree 1 there, as <see cref="RecoveredGradient.At"/> takes them; several threads work on different cells.</summary>
    internal static void ForEach(AdaptiveMesh mesh, Basis basis, ChunkedLoop loop, Action<CellPoints, double[]> body)
    {
        // Where G is good, G − ∇u_h is near a polynomial of degree p: its square is integrated exactly.
        var block = mesh.Mesh.Blocks[0];
        var table = new PointTable(block.Geometry, Lagrange.Of(block.Shape, basis.Degree), -1, (2 * basis.Degree) + 1);
        var linear = Lagrange.Of(block.Shape, 1);
        var rule = Quadrature.Of(block.Shape, (2 * basis.Degree) + 1);
        var (values, gradients) = (new double[linear.Nodes.Length], new Vec3[linear.Nodes.Length]);
        var padded = (rule.Points.Length + 3) / 4 * 4;
        var shapes = new double[values.Length * padded];
        for (var q = 0; q < rule.Points.Length; q++)
        {
            linear.Evaluate(rule.Points[q], values, gradients);
            for (var n = 0; n < values.Length; n++)
            {
                shapes[(n * padded) + q] = values[n];
            }
        }

        loop.Run(mesh.Forest.Count, Chunk, (_, first, past) =>
        {
            var points = new CellPoints(mesh.Mesh, table, 1 + mesh.Mesh.Dimension);
            for (var c = first; c < past; c++)
            {
                points.Move(0, c);
                body(points, shapes);
            }
        });
    }

    /// <summary>Σ_F ∫_F of each cell: of facets inside for both of their cells, of those with given fluxes twice, as no cell shares them.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="given">The names of boundaries with given fluxes.</param>
    /// <param name="loop">The threads.</param>
    /// <param name="inside">The square of the jump at a point that is seen from both sides.</param>
    /// <param name="outside">The square of the defect at a point of a named boundary.</param>
    internal static double[] Jumps(
        AdaptiveMesh mesh, Basis basis, IEnumerable<string> given, ChunkedLoop loop, Func<CellPoints, CellPoints, int, double> inside, Func<string, CellPoints, int, double> outside)
    {
        // Each facet is integrated from one of its cells; the sums of cells then run in the order of cells.
        var (count, facets) = (mesh.Forest.Count, mesh.Mesh.Blocks[0].Geometry.Cell.Facets.Length);
        var (others, sums) = (new int[count * facets], new double[count * facets]);
        var idle = new ConcurrentBag<FacetPairs>();
        loop.Run(count, Chunk, (_, first, past) =>
        {
            if (!idle.TryTake(out var pairs))
            {
                pairs = new(mesh, basis);
            }

            others.AsSpan(first * facets, (past - first) * facets).Fill(-1);
            pairs.ForEach(first, past, (facet, here, there) =>
            {
                var sum = 0.0;
                for (var q = 0; q < here.Weights.Length; q++)
                {
                    sum += here.Weights[q] * inside(here, there, q);
                }

                (others[(here.Cell * facets) + facet], sums[(here.Cell * facets) + facet]) = (there.Cell, sum);
            });
            idle.Add(pairs);
        });
        var result = new double[count];
        for (var n = 0; n < others.Length; n++)
        {
            if (others[n] >= 0)
            {
                result[n / facets] += sums[n];
                result[others[n]] += sums[n];
            }
        }

        foreach (var name in given)
        {
            foreach (var facet in mesh.Mesh.Boundary(name))
            {
                var points = new CellPoints(mesh.Mesh, basis.Table(0, facet.Local), 1 + mesh.Mesh.Dimension);
                points.Move(0, facet.Cell);
                for (var q = 0; q < points.Weights.Length; q++)
                {
                    result[facet.Cell] += 2 * points.Weights[q] * outside(name, points, q);
                }
            }
        }

        return result;
    }

    // Σ_F ∫_F [[k ∂ₙu]]²/k for each cell.
    private static double[] Jumps(
        AdaptiveMesh mesh, Basis basis, double[] dofs, Func<QuadraturePoint, double>? conductivity, IReadOnlyDictionary<string, Func<QuadraturePoint, double>>? inflow, ChunkedLoop loop) =>
        Jumps(
            mesh, basis, inflow?.Keys ?? [], loop,
            (here, there, q) =>
            {
                var (k, l) = conductivity is null ? (1, 1) : (conductivity(here.Point(q)), conductivity(there.Point(q)));
                var jump = Vec3.Dot(here.Normals[q], (k * here.Gradient(q, dofs, basis.CellNodes(here.Cell))) - (l * there.Gradient(q, dofs, basis.CellNodes(there.Cell))));
                return jump * jump * 2 / (k + l);
            },
            (name, points, q) =>
            {
                var k = conductivity?.Invoke(points.Point(q)) ?? 1;
                var defect = (k * Vec3.Dot(points.Normals[q], points.Gradient(q, dofs, basis.CellNodes(points.Cell)))) - inflow![name](points.Point(q));
                return defect * defect / k;
            });

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
