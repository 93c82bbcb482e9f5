using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>What the coarse level has to know of the physics of a body.</summary>
/// <param name="Components">Numbers a node.</param>
/// <param name="Value">What is corrected.</param>
/// <param name="Defect">What is out of balance.</param>
/// <param name="Matrices">Those of the cells of a part alone, and the functions that they belong to.</param>
/// <param name="Factors">Of each of these matrices in A, of the length of a step, s.</param>
/// <param name="IsHeld">Whether a component is given on all of a surface.</param>
internal sealed record CoarsePhysics(
    int Components, Quantity Value, Quantity Defect, Func<int, (Basis Basis, ImmutableArray<CsrMatrix> Matrices)> Matrices, Func<double, ImmutableArray<double>> Factors,
    Func<string, int, bool> IsHeld);

/// <summary>
/// The coarse level of a body in sub-domains: from what is out of balance between all of them it finds what corrects it at large, so that news of far away
/// does not have to pass from neighbor to neighbor.
/// </summary>
/// <remarks>
/// With the functions of the coarse grid as columns of P, at the nodes of the body: (Pᵀ A P) e = Pᵀ Σ_i d_i, of which each sub-domain gives Pᵀ d_i and adds P e to
/// what it tells the others. Pᵀ A P = Σ_i P_iᵀ A_i P_i is made part by part, of no more than the cells of one at a time. After: Dolean, Jolivet, Nataf, "An Introduction to Domain Decomposition Methods" (SIAM, 2015), chapter 4.
/// </remarks>
/// <typeparam name="T">A value at a node: a number, or a vector of which the first components are the body's.</typeparam>
internal sealed class CoarseLevelModel<T> : IScaleModel where T : unmanaged
{
    private readonly GridDivision _division;
    private readonly CoarsePhysics _physics;
    private readonly Port<T> _correction;
    private readonly ImmutableArray<(Port<T> Port, ImmutableArray<int> Nodes)> _defects;
    private readonly Lazy<ImmutableArray<CsrMatrix>> _matrices;
    private readonly Constraints _held;
    private (double Step, ChangeSolver Solver)? _ready;         // Of the last length of step.

    public CoarseLevelModel(GridDivision division, CoarsePhysics physics)
    {
        (_division, _physics) = (division, physics);
        _correction = Port.Out<T>(SubdomainPorts<T>.Correction, physics.Value);
        _defects = [.. Enumerable.Range(0, division.Count).Select(i => (Port.In<T>(DefectPort(i), physics.Defect), division.CoarseNodesOf(division.Own(i))))];
        ImmutableArray<int> all = [.. Enumerable.Range(0, division.CoarseCount)];
        Description = new([new(_correction, all.Length, division.CoarsePlaces(all)), .. _defects.Select(d => new PortLayout(d.Port, d.Nodes.Length, division.CoarsePlaces(d.Nodes)))]);
        _held = new(physics.Components * division.CoarseCount);
        foreach (var (lower, upper) in division.Grid.Surfaces)
        {
            foreach (var surface in (string[])[lower, upper])
            {
                for (var dof = 0; dof < _held.DofCount; dof++)
                {
                    if (physics.IsHeld(surface, dof % physics.Components) && division.IsCoarseNodeOn(dof / physics.Components, surface))
                    {
                        _held.Fix(dof, 0);
                    }
                }
            }
        }

        _matrices = new(Project);
    }

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <summary>The name of the in-port for the defect of a sub-domain.</summary>
    public static string DefectPort(int part) => string.Create(CultureInfo.InvariantCulture, $"defect-{part}");

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) => outputs.Write(_correction, 0);

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var (window, components, stride) = (context.Window, _physics.Components, Unsafe.SizeOf<T>() / sizeof(double));
        var defect = new double[_held.DofCount];
        foreach (var (port, nodes) in _defects)
        {
            var values = MemoryMarshal.Cast<T, double>(inputs.Read(port, window.End));
            for (var n = 0; n < nodes.Length; n++)
            {
                for (var c = 0; c < components; c++)
                {
                    defect[(components * nodes[n]) + c] += values[(stride * n) + c];
                }
            }
        }

        double[] correction;
        try
        {
            if (_ready is not { } ready || ready.Step != window.Length)
            {
                var factors = _physics.Factors(window.Length);
                ready = (window.Length, new ChangeSolver(ChangeSolver.Sum([.. factors.Zip(_matrices.Value)]), _held, null));
                _ready = ready;
            }

            correction = ready.Solver.Solve(defect);
        }
        catch (ScaleModelException fault) when (fault.InnerException is InvalidOperationException)
        {
            throw new ScaleModelException($"The coarse level cannot be solved for: {fault.Message} A body that has no memory has to be held somewhere.", fault);
        }

        var to = MemoryMarshal.Cast<T, double>(outputs.Write(_correction, window.End));
        for (var n = 0; n < _division.CoarseCount; n++)
        {
            correction.AsSpan(components * n, components).CopyTo(to[(stride * n)..]);
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) => _ = archive.Version(1);

    // Σ P_iᵀ A_i P_i of each matrix, all with one pattern.
    private ImmutableArray<CsrMatrix> Project()
    {
        var size = _held.DofCount;
        List<CsrBuilder> sums = [];
        for (var part = 0; part < _division.Count; part++)
        {
            var nodes = _defects[part].Nodes;
            var (basis, matrices) = _physics.Matrices(part);
            var functions = _division.CoarseFunctions(_division.NumbersOf(basis), nodes, _physics.Components);
            int Dof(int local) => (_physics.Components * nodes[local / _physics.Components]) + (local % _physics.Components);
            for (var m = 0; m < matrices.Length; m++)
            {
                var reduced = Constraints.Reduced(matrices[m], functions);
                if (sums.Count == m)
                {
                    sums.Add(new(size, size));
                }

                for (var row = 0; row < reduced.RowCount; row++)
                {
                    for (var k = reduced.RowStart[row]; k < reduced.RowStart[row + 1]; k++)
                    {
                        sums[m].Add(Dof(row), Dof(reduced.Columns[k]), reduced.Values[k]);
                    }
                }
            }
        }

        return [.. sums.Select(s => s.ToMatrix())];
    }
}
