using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// From forms to numbers: K_ab = a(N_b, N_a), f_a = l(N_a), and integrals of fields. Sums are done in an order that depends on the mesh alone, so any
/// number of threads gives the same bits.
/// </summary>
public static class Assembly
{
    /// <summary>The matrix of a bilinear form.</summary>
    /// <param name="basis">The functions; the pattern of the matrix is found once for a basis and shared by all its matrices.</param>
    /// <param name="form">The form.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Basis and form do not fit, the form is not linear or not finite, or a cell is turned inside out.</exception>
    public static CsrMatrix Matrix(Basis basis, BilinearForm form, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        var matrix = basis.Pattern.Matrix();
        AddMatrix(matrix, basis, form, domain, loop);
        return matrix;
    }

    /// <summary>Adds the matrix of a bilinear form to another of the same basis.</summary>
    /// <param name="to">The matrix that is added to.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="form">The form.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Basis and form do not fit, the form is not linear or not finite, or a cell is turned inside out.</exception>
    public static void AddMatrix(CsrMatrix to, Basis basis, BilinearForm form, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(basis);
        if (!basis.Pattern.Fits(to))
        {
            throw new ArgumentException("The matrix has not the pattern of the basis; Assembly.Matrix makes one that has.", nameof(to));
        }

        Add(basis, form, domain, loop, (local, padded, nodes, slots) => Scatter(local, padded, basis.Components, nodes, slots, basis.Pattern.RowStart, to.Values));
    }

    /// <summary>The matrix of a bilinear form by blocks of the components of two nodes, which multigrid takes: the same numbers as those of <see cref="Matrix(Basis, BilinearForm, Domain, ChunkedLoop)"/>.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="form">The form.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Basis and form do not fit, the form is not linear or not finite, or a cell is turned inside out.</exception>
    public static BcsrMatrix Blocks(Basis basis, BilinearForm form, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        var blocks = basis.Pattern.Blocks();
        AddBlocks(blocks, basis, form, domain, loop);
        return blocks;
    }

    /// <summary>Adds the matrix of a bilinear form to another by blocks, of the same basis.</summary>
    /// <param name="to">The matrix that is added to.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="form">The form.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Basis and form do not fit, the form is not linear or not finite, or a cell is turned inside out.</exception>
    public static void AddBlocks(BcsrMatrix to, Basis basis, BilinearForm form, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(basis);
        if (!basis.Pattern.Fits(to))
        {
            throw new ArgumentException("The matrix has not the pattern of the basis; Assembly.Blocks makes one that has.", nameof(to));
        }

        Add(basis, form, domain, loop, (local, padded, nodes, slots) => ScatterBlocks(local, padded, basis.Components, nodes, slots, basis.Pattern.RowStart, to.Values));
    }

    private delegate void CellSink(double[] local, int padded, ReadOnlySpan<int> nodes, ReadOnlySpan<ushort> slots);

    private static void Add(Basis basis, BilinearForm form, Domain? domain, ChunkedLoop? loop, CellSink sink)
    {
        ArgumentNullException.ThrowIfNull(form);
        basis.Require(form.IsScalar ? 1 : basis.Mesh.Dimension);
        var pattern = basis.Pattern;
        var (d, slots) = (basis.Mesh.Dimension, 1 + (basis.Mesh.Dimension * (form.UsesMean ? 2 : 1)));
        foreach (var group in IntegrationPlan.Of(basis, domain ?? Domain.Body))
        {
            if (form.UsesMean && group.Table.IsFacet)
            {
                throw new ScaleModelException("A form that uses means over cells has no integral over facets.");
            }

            RequireLinear(basis, group, form.Lifted);
            group.Run(loop ?? ChunkedLoop.Serial, chunk =>
            {
                var points = new CellPoints(basis.Mesh, group.Table, slots);
                var kernel = new MatrixKernel(points, basis.Components, form.IsUniform);
                if (form.IsUniform)
                {
                    form.Coefficients(default, d, slots, kernel.Coefficients(0));
                }

                foreach (var cell in group.CellsOf(chunk))
                {
                    points.Move(group.Block, cell);
                    for (var q = 0; !form.IsUniform && q < group.Table.Count; q++)
                    {
                        form.Coefficients(points.Point(q), d, slots, kernel.Coefficients(q));
                    }

                    kernel.Compute(points);
                    sink(kernel.Matrix, group.Table.Padded, basis.CellNodes(points.Cell), pattern.Slots(points.Cell));
                }
            });
        }
    }

    /// <summary>
    /// The matrix of a form between two bases of one mesh, B_ab = b(N_b, M_a): a column for each trial function N_b, a row for each test function M_a. Quadrature is
    /// that of the basis with the higher degree of the two.
    /// </summary>
    /// <param name="trial">The trial functions.</param>
    /// <param name="test">The test functions.</param>
    /// <param name="form">The form.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">The bases have two meshes or do not fit the form, the form is not linear or not finite, or a cell is turned inside out.</exception>
    public static CsrMatrix Matrix(Basis trial, Basis test, MixedForm form, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(trial);
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(form);
        if (trial.Mesh != test.Mesh)
        {
            throw new ScaleModelException("A form between two bases asks for one mesh; these have two. Are they made of the same Mesh object?");
        }

        trial.Require(form.TrialIsScalar ? 1 : trial.Mesh.Dimension);
        test.Require(form.TestIsScalar ? 1 : test.Mesh.Dimension);
        var degree = Math.Max(trial.QuadratureDegree, test.QuadratureDegree);
        (trial, test) = (trial.WithQuadrature(degree), test.WithQuadrature(degree));
        var pattern = new NodePattern(test, trial);
        var matrix = pattern.Matrix();

        // Chunks of one color have no test function in common, and so no row.
        foreach (var (rows, columns) in IntegrationPlan.Of(test, domain ?? Domain.Body).Zip(IntegrationPlan.Of(trial, domain ?? Domain.Body)))
        {
            RequireLinear(test, rows, form.Law);
            rows.Run(loop ?? ChunkedLoop.Serial, chunk =>
            {
                var kernel = new MixedKernel(trial, columns.Table, test, rows.Table, form);
                foreach (var cell in rows.CellsOf(chunk))
                {
                    kernel.Compute(rows.Block, cell);
                    kernel.AddTo(matrix.Values, pattern.RowStart, pattern.Slots(kernel.Cell));
                }
            });
        }

        return matrix;
    }

    /// <summary>The vector of a linear form, one number a dof.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="form">The form.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Basis and form do not fit, the integral over a cell is not finite, or a cell is turned inside out.</exception>
    public static double[] Vector(Basis basis, LinearForm form, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(form);
        basis.Require(form.IsScalar ? 1 : basis.Mesh.Dimension);
        return form.OfScalar is { } scalar
            ? VectorOf(basis, false, (x, _) => scalar(x).Lifted, null, domain, loop)
            : VectorOf(basis, false, (x, _) => form.OfVector!(x), null, domain, loop);
    }

    /// <summary>The vector of a form that depends on a scalar field too, r_a = ∫ s(x, u, ∇u) N_a + F(x, u, ∇u)·∇N_a: the residual of a problem that need not be linear.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field u.</param>
    /// <param name="density">(s, F) of the place and (u, ∇u). Several threads may call it at once.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <remarks>Numbers that are not finite are handed on: they tell a search that it went too far.</remarks>
    /// <exception cref="ScaleModelException">Basis and form do not fit, or a cell is turned inside out.</exception>
    /// <exception cref="ArgumentException">There are not as many numbers as dofs.</exception>
    public static double[] Residual(Basis basis, double[] dofs, Func<QuadraturePoint, ScalarJet, ScalarJet> density, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(dofs);
        ArgumentNullException.ThrowIfNull(density);
        basis.Require(1);
        basis.RequireDofs(dofs.Length);
        return VectorOf(basis, false, (x, u) => density(x, u.First).Lifted, dofs, domain, loop);
    }

    /// <summary>The same for a vector field.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field u.</param>
    /// <param name="density">(s, F, M) of the place and (u, ∇u, ⟨∇u⟩). Several threads may call it at once.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <param name="usesMean">Whether mean gradients are read and returned; they are over cells, so the domain has cells.</param>
    /// <exception cref="ScaleModelException">Basis and form do not fit, means are asked for over facets, or a cell is turned inside out.</exception>
    /// <exception cref="ArgumentException">There are not as many numbers as dofs.</exception>
    public static double[] Residual(Basis basis, double[] dofs, Func<QuadraturePoint, VectorJet, VectorJet> density, Domain? domain = null, ChunkedLoop? loop = null, bool usesMean = false)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(dofs);
        ArgumentNullException.ThrowIfNull(density);
        basis.Require(basis.Mesh.Dimension);
        basis.RequireDofs(dofs.Length);
        return VectorOf(basis, usesMean, density, dofs, domain, loop);
    }

    /// <summary>∫ f(x) over a domain.</summary>
    /// <param name="basis">Tells the mesh and the quadrature.</param>
    /// <param name="density">f. Several threads may call it at once.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static double Integral(Basis basis, Func<QuadraturePoint, double> density, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(density);
        return IntegralOf(basis, [], (x, _) => density(x), domain, loop);
    }

    /// <summary>∫ f(x, u, ∇u) over a domain, of a scalar field.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field u.</param>
    /// <param name="density">f. Several threads may call it at once.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static double Integral(Basis basis, double[] dofs, Func<QuadraturePoint, ScalarJet, double> density, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(dofs);
        ArgumentNullException.ThrowIfNull(density);
        basis.Require(1);
        basis.RequireDofs(dofs.Length);
        return IntegralOf(basis, dofs, (x, u) => density(x, u.First), domain, loop);
    }

    /// <summary>∫ f(x, u, ∇u) over a domain, of a vector field; without mean gradients.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field u.</param>
    /// <param name="density">f. Several threads may call it at once.</param>
    /// <param name="domain">What the integral runs over; all cells if null.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static double Integral(Basis basis, double[] dofs, Func<QuadraturePoint, VectorJet, double> density, Domain? domain = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(dofs);
        ArgumentNullException.ThrowIfNull(density);
        basis.Require(basis.Mesh.Dimension);
        basis.RequireDofs(dofs.Length);
        return IntegralOf(basis, dofs, density, domain, loop);
    }

    /// <summary>The error ‖u − u*‖ in L2 and |u − u*| in H1 (of the gradient alone), of a scalar field.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field u.</param>
    /// <param name="exact">u* and ∇u* at a place.</param>
    public static (double L2, double H1) Error(Basis basis, double[] dofs, Func<Vec3, ScalarJet> exact)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(exact);

        // A rule that is not that of the assembly, at whose points the gradients would be better than elsewhere.
        var finer = Basis.Scalar(basis.Mesh, basis.Degree, (2 * basis.Degree) + 3);
        return (
            Math.Sqrt(Integral(finer, dofs, (QuadraturePoint x, ScalarJet u) => Square(u.Value - exact(x.Position).Value))),
            Math.Sqrt(Integral(finer, dofs, (QuadraturePoint x, ScalarJet u) => (u.Gradient - exact(x.Position).Gradient).NormSquared)));
    }

    /// <summary>The same of a vector field.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field u.</param>
    /// <param name="exact">u* and ∇u* at a place.</param>
    public static (double L2, double H1) Error(Basis basis, double[] dofs, Func<Vec3, VectorJet> exact)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(exact);
        var finer = Basis.Vector(basis.Mesh, basis.Degree, (2 * basis.Degree) + 3);
        return (
            Math.Sqrt(Integral(finer, dofs, (QuadraturePoint x, VectorJet u) => (u.Value - exact(x.Position).Value).NormSquared)),
            Math.Sqrt(Integral(finer, dofs, (QuadraturePoint x, VectorJet u) =>
            {
                var difference = u.Gradient - exact(x.Position).Gradient;
                return Matrix3.Contract(difference, difference);
            })));
    }

    private static double Square(double x) => x * x;

    private static void RequireLinear(Basis basis, IntegrationGroup group, Func<QuadraturePoint, VectorJet, VectorJet> law)
    {
        if (group.Cells.Length > 0)
        {
            var points = new CellPoints(basis.Mesh, group.Table, 1 + basis.Mesh.Dimension);
            points.Move(group.Block, group.Cells[0]);
            BilinearForm.RequireLinear(points.Point(0), law);
        }
    }

    // Row a of the nodes has C rows of dofs, which begin at C² times its start; in each, node b has C numbers side by side.
    private static void Scatter(
        double[] local, int padded, int components, ReadOnlySpan<int> nodes, ReadOnlySpan<ushort> slots, int[] rowStart, Span<double> values)
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(local);
        ref var to = ref MemoryMarshal.GetReference(values);
        var size = padded * padded;
        for (var a = 0; a < nodes.Length; a++)
        {
            var start = rowStart[nodes[a]];
            var length = components * (rowStart[nodes[a] + 1] - start);
            start *= components * components;
            for (var b = 0; b < nodes.Length; b++)
            {
                var at = start + (components * slots[(a * nodes.Length) + b]);
                var k = (a * padded) + b;
                if (components == 3)
                {
                    // The common case without loops.
                    for (var i = 0; i < 3; i++, at += length, k += 3 * size)
                    {
                        ref var row = ref Unsafe.Add(ref to, at);
                        row += Unsafe.Add(ref from, k);
                        Unsafe.Add(ref row, 1) += Unsafe.Add(ref from, k + size);
                        Unsafe.Add(ref row, 2) += Unsafe.Add(ref from, k + (2 * size));
                    }

                    continue;
                }

                for (var i = 0; i < components; i++)
                {
                    for (var j = 0; j < components; j++)
                    {
                        Unsafe.Add(ref to, at + j) += Unsafe.Add(ref from, k);
                        k += size;
                    }

                    at += length;
                }
            }
        }
    }

    // The block of nodes a and b has C × C numbers side by side, column by column.
    private static void ScatterBlocks(
        double[] local, int padded, int components, ReadOnlySpan<int> nodes, ReadOnlySpan<ushort> slots, int[] rowStart, Span<double> values)
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(local);
        ref var to = ref MemoryMarshal.GetReference(values);
        var size = padded * padded;
        for (var a = 0; a < nodes.Length; a++)
        {
            for (var b = 0; b < nodes.Length; b++)
            {
                ref var block = ref Unsafe.Add(ref to, components * components * (rowStart[nodes[a]] + slots[(a * nodes.Length) + b]));
                ref var k = ref Unsafe.Add(ref from, (a * padded) + b);
                if (components == 3)
                {
                    // The common case without loops.
                    for (var j = 0; j < 3; j++, block = ref Unsafe.Add(ref block, 3), k = ref Unsafe.Add(ref k, size))
                    {
                        block += k;
                        Unsafe.Add(ref block, 1) += Unsafe.Add(ref k, 3 * size);
                        Unsafe.Add(ref block, 2) += Unsafe.Add(ref k, 6 * size);
                    }

                    continue;
                }

                for (var i = 0; i < components; i++)
                {
                    for (var j = 0; j < components; j++)
                    {
                        Unsafe.Add(ref block, (j * components) + i) += Unsafe.Add(ref k, ((i * components) + j) * size);
                    }
                }
            }
        }
    }

    private static double[] VectorOf(
        Basis basis, bool usesMean, Func<QuadraturePoint, VectorJet, VectorJet> density, double[]? dofs, Domain? domain, ChunkedLoop? loop)
    {
        var result = new double[basis.DofCount];
        var (d, components) = (basis.Mesh.Dimension, basis.Components);
        foreach (var group in IntegrationPlan.Of(basis, domain ?? Domain.Body))
        {
            if (usesMean && group.Table.IsFacet)
            {
                throw new ScaleModelException("A form that uses means over cells has no integral over facets.");
            }

            group.Run(loop ?? ChunkedLoop.Serial, chunk =>
            {
                var points = new CellPoints(basis.Mesh, group.Table, 1 + (usesMean ? 2 * d : d));
                var local = new double[components * group.Table.Functions];
                foreach (var cell in group.CellsOf(chunk))
                {
                    points.Move(group.Block, cell);
                    var nodes = basis.CellNodes(points.Cell);
                    Array.Clear(local);
                    for (var q = 0; q < group.Table.Count; q++)
                    {
                        var answer = density(points.Point(q), dofs is null ? default : points.Jet(q, dofs, nodes, components));
                        for (var i = 0; i < components; i++)
                        {
                            for (var k = 0; k < points.Slots; k++)
                            {
                                // Without a field most forms have either a source or a flux.
                                var factor = points.Weights[q] * (k == 0 ? answer.Value[i] : k <= d ? answer.Gradient[i, k - 1] : answer.MeanGradient[i, k - d - 1]);
                                if (factor != 0)
                                {
                                    var functions = points.Functions.AsSpan(((q * points.Slots) + k) * group.Table.Padded, nodes.Length);
                                    for (var a = 0; a < functions.Length; a++)
                                    {
                                        local[(components * a) + i] += factor * functions[a];
                                    }
                                }
                            }
                        }
                    }

                    if (dofs is null)
                    {
                        points.RequireFinite(local);
                    }

                    for (var a = 0; a < nodes.Length; a++)
                    {
                        for (var i = 0; i < components; i++)
                        {
                            result[(components * nodes[a]) + i] += local[(components * a) + i];
                        }
                    }
                }
            });
        }

        return result;
    }

    private static double IntegralOf(Basis basis, double[] dofs, Func<QuadraturePoint, VectorJet, double> density, Domain? domain, ChunkedLoop? loop)
    {
        ArgumentNullException.ThrowIfNull(basis);
        List<double> sums = [];
        foreach (var group in IntegrationPlan.Of(basis, domain ?? Domain.Body))
        {
            var parts = new double[group.ChunkCount];
            (loop ?? ChunkedLoop.Serial).Run(group.ChunkCount, 1, (_, first, last) =>
            {
                for (var chunk = first; chunk < last; chunk++)
                {
                    var points = new CellPoints(basis.Mesh, group.Table, 1 + basis.Mesh.Dimension);
                    foreach (var cell in group.CellsOf(chunk))
                    {
                        points.Move(group.Block, cell);
                        var nodes = basis.CellNodes(points.Cell);
                        for (var q = 0; q < group.Table.Count; q++)
                        {
                            parts[chunk] += points.Weights[q] * density(points.Point(q), dofs.Length > 0 ? points.Jet(q, dofs, nodes, basis.Components) : default);
                        }
                    }
                }
            });
            sums.AddRange(parts);
        }

        return FixedOrderSum.Of([.. sums]);
    }
}
