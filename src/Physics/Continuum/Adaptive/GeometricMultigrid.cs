using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// Multigrid on the levels of a forest, for a symmetric positive definite system on an adaptive mesh, scalar or vector, degree 1 or 2: one V-cycle, itself symmetric positive
/// definite, for <see cref="ConjugateGradient"/>. A coarser level has all siblings merged that balance allows, so it covers the whole body, has hanging nodes of its own, and a
/// part of the unknowns; functions of degree 2 go to those of degree 1 on the same mesh first. Each level is smoothed on all its unknowns, by Chebyshev polynomials with the
/// diagonal blocks. Usable by one caller at a time; a cycle allocates nothing; the same bits on any number of threads.
/// </summary>
/// <remarks>
/// Coarse functions are fine functions, hanging nodes included: P takes the values of the coarse functions at the fine nodes, and coarse matrices are Pᵀ A P. Cycles compute in
/// single precision. Coarsening of the whole mesh after: Becker, Braack, Richter, Lect. Notes Comput. Sci. Eng. 35 (2004) 33; Munch, Heister, Prieto Saavedra,
/// Kronbichler, ACM Trans. Parallel Comput. 10 (2023) 3. Ties that are not those of hanging nodes (periodicity) are kept on the finest level only.
/// </remarks>
public sealed class GeometricMultigrid : IPreconditioner
{
    // Coarsening by 2 in each direction leaves less to the smoother than aggregation does.
    private static readonly AmgOptions _defaults = new() { SmoothedRange = 8 };
    private readonly AdaptiveMesh _mesh;
    private readonly Basis _basis;
    private readonly bool[] _isGiven;
    private readonly AmgCycle<float> _cycle;

    /// <summary>The preconditioner of a system.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions.</param>
    /// <param name="system">The system, with the ties of <see cref="AdaptiveMesh.Constrain"/>. Not kept.</param>
    /// <param name="coarser">
    /// That of the round before, of the same kind of functions on a mesh from which this one was cut, and of the same problem: its levels serve as the coarser ones, so that nothing
    /// is to be made but this level. What is given must be given there as well, and options are those of the coarser levels for them. Null to merge the cells of this mesh.
    /// </param>
    /// <param name="options">Degree and range of the smoother, and when a level is solved directly; strengths and precision are not looked at. A range of 8 if null.</param>
    /// <param name="loop">The threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">The two meshes do not grow from the same roots, or the functions are of another kind.</exception>
    /// <exception cref="ArgumentException">The basis is not of the mesh or not of the system, or a diagonal block is not positive definite.</exception>
    public GeometricMultigrid(AdaptiveMesh mesh, Basis basis, BlockSystem system, GeometricMultigrid? coarser = null, AmgOptions? options = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(system);
        mesh.RequireMine(basis);
        basis.RequireDofs(system.Matrix.RowCount);
        if (coarser is not null && (coarser._basis.Degree != basis.Degree || coarser._basis.Components != basis.Components))
        {
            throw new ScaleModelException(
                $"The coarser functions are of degree {coarser._basis.Degree} with {coarser._basis.Components} components, these of degree {basis.Degree} with {basis.Components}; levels that go on have the same.");
        }

        options = (options ?? _defaults).Validated();
        loop ??= ChunkedLoop.Serial;
        (_mesh, _basis) = (mesh, basis);
        _isGiven = new bool[basis.DofCount];
        for (var i = 0; i < _isGiven.Length; i++)
        {
            _isGiven[i] = system.IsConstrained(i);
        }

        _cycle = new(options, loop, coarser?._cycle);
        List<AmgLevel> levels = [AmgPreconditioner.SizeOf(system.Matrix.Storage)];
        if (coarser is not null)
        {
            _cycle.Add(system.Matrix.Storage, DiagonalBlocks.Inverse(system.Matrix.Storage, 0, loop));
            var p = Prolongator.OfNodes(Between(coarser._mesh, coarser._basis, mesh, basis), basis.Components, _isGiven, coarser._isGiven);
            _cycle.Join(p, p.Transpose());
            _cycle.Continue();
            Levels = [.. levels, .. coarser.Levels];
            return;
        }

        // What hangs or is given on a coarser level has a diagonal of the size of the others, or it would be all that estimates of the largest eigenvalue see.
        var (a, fine, fineBasis, isGiven) = (system.Matrix.Storage, mesh, basis, _isGiven);
        var alone = Enumerable.Range(0, basis.DofCount).Max(i => system.Matrix[i, i]);
        while (levels[^1].Unknowns > options.CoarsestUnknowns && levels.Count < options.MaxLevels)
        {
            var next = fineBasis.Degree == 2 ? fine : fine.Merged();
            if (ReferenceEquals(next, fine) && fineBasis.Degree == 1)
            {
                break;
            }

            var nextBasis = basis.Components == 1 ? Basis.Scalar(next.Mesh, 1) : Basis.Vector(next.Mesh, 1);
            var nodes = Between(next, nextBasis, fine, fineBasis);
            var isNextGiven = GivenBelow(nodes, basis.Components, isGiven);
            var p = Prolongator.OfNodes(nodes, basis.Components, isGiven, isNextGiven);
            var transposed = p.Transpose();
            _cycle.Add(a, DiagonalBlocks.Inverse(a, levels.Count - 1, loop));
            _cycle.Join(p, transposed);
            a = Galerkin.Product(a, p, transposed, loop, alone);
            (fine, fineBasis, isGiven) = (next, nextBasis, isNextGiven);
            levels.Add(AmgPreconditioner.SizeOf(a));
        }

        _cycle.End(a);
        Levels = levels;
    }

    /// <summary>The levels, from the finest to the one that is solved directly.</summary>
    public IReadOnlyList<AmgLevel> Levels { get; }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, _isGiven.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, _isGiven.Length);
        _cycle.Apply(r, z);
    }

    // The values of the coarse functions at the fine nodes, by the coarse nodes that do not hang: T C.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static CsrMatrix Between(AdaptiveMesh coarse, Basis coarseBasis, AdaptiveMesh fine, Basis fineBasis)
    {
        var values = new MeshTransfer(coarse, fine).Interpolation(coarseBasis, fineBasis);
        var ties = coarse.Constrain(Basis.Scalar(coarse.Mesh, coarseBasis.Degree)).KeptDirections().Map;
        var (start, columns, factors) = (new int[values.RowCount + 1], new List<int>(values.EntryCount), new List<double>(values.EntryCount));
        Span<(int Column, double Factor)> row = new (int, double)[27 * 27];
        var isTied = new bool[values.ColumnCount];
        for (var j = 0; j < isTied.Length; j++)
        {
            isTied[j] = !(ties.RowStart[j + 1] - ties.RowStart[j] == 1 && ties.Columns[ties.RowStart[j]] == j);
        }

        for (var i = 0; i < values.RowCount; i++)
        {
            var (first, length) = (values.RowStart[i], values.RowStart[i + 1] - values.RowStart[i]);
            var isPlain = true;
            foreach (var j in values.Columns.Slice(first, length))
            {
                isPlain &= !isTied[j];
            }

            if (isPlain)
            {
                columns.AddRange(values.Columns.Slice(first, length));
                factors.AddRange(values.Values.Slice(first, length));
                start[i + 1] = columns.Count;
                continue;
            }

            var count = 0;
            for (var k = values.RowStart[i]; k < values.RowStart[i + 1]; k++)
            {
                var j = values.Columns[k];
                for (var s = ties.RowStart[j]; s < ties.RowStart[j + 1]; s++)
                {
                    // In order by insertion: a row has few entries.
                    var (column, factor, at) = (ties.Columns[s], values.Values[k] * ties.Values[s], count);
                    while (at > 0 && row[at - 1].Column > column)
                    {
                        at--;
                    }

                    if (at > 0 && row[at - 1].Column == column)
                    {
                        row[at - 1].Factor += factor;
                        continue;
                    }

                    row[at..count].CopyTo(row[(at + 1)..]);
                    row[at] = (column, factor);
                    count++;
                }
            }

            foreach (var (column, factor) in row[..count])
            {
                columns.Add(column);
                factors.Add(factor);
            }

            start[i + 1] = columns.Count;
        }

        return new(values.ColumnCount, start, [.. columns], [.. factors]);
    }

    // A coarse unknown is given where the fine one at its place is. Those that no fine one asks for hang: they are no unknowns of this level, nor rows of the next interpolation.
    private static bool[] GivenBelow(CsrMatrix nodes, int components, bool[] isGiven)
    {
        var result = new bool[nodes.ColumnCount * components];
        Array.Fill(result, true);
        foreach (var column in nodes.Columns)
        {
            result.AsSpan(components * column, components).Clear();
        }

        for (var i = 0; i < nodes.RowCount; i++)
        {
            if (nodes.RowStart[i + 1] - nodes.RowStart[i] == 1 && nodes.Values[nodes.RowStart[i]] == 1)
            {
                for (var c = 0; c < components; c++)
                {
                    result[(components * nodes.Columns[nodes.RowStart[i]]) + c] |= isGiven[(components * i) + c];
                }
            }
        }

        return result;
    }
}
