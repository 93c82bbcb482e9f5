using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// One of two fields on [0, 1] that are at rest at every load: −((1 + a v²) u′)′ = λ s + c v with u(0) = u(1) = 0, where v is the
/// other field and the load λ grows with time, λ = t / 1 s. A window is a load step; iterating it is the Picard iteration.
/// </summary>
/// <remarks>
/// Central differences on n cells, a conductivity at each cell that is the mean of those at its ends. Each field by itself is linear; the two
/// together are not, for a ≠ 0. For a = 0, s = s₁ for one field and 0 for the other, both have closed solutions: u + v and u − v
/// obey equations of their own. Everything but the load is dimensionless.
/// </remarks>
public sealed class SteadyField : IScaleModel
{
    private static readonly Quantity Value = new("u", Unit.One);
    private static readonly Port<double> OtherIn = Port.In<double>("other", Value);
    private static readonly Port<double> ValueOut = Port.Out<double>("value", Value);
    private static readonly Port<double> MiddleOut = Port.Out<double>("middle", Value);

    private readonly int _cells;
    private readonly double _source;
    private readonly double _exchange;
    private readonly double _nonlinearity;

    private SteadyField(ModelSettings settings)
    {
        _cells = settings.Integer("cells");
        if (_cells % 2 != 0)
        {
            throw new ScaleModelException($"The field has {_cells} cells; an even number is needed, for 'middle' is the value of the node at ½.");
        }

        _source = settings.Number("source");
        _exchange = settings.Number("exchange");
        _nonlinearity = settings.Number("nonlinearity");
        var x = new double[_cells + 1];
        for (var i = 0; i <= _cells; i++)
        {
            x[i] = (double)i / _cells;
        }

        var nodes = PointCloud.OnLine(x, joined: true);
        Description = new(new(OtherIn, _cells + 1, nodes), new(ValueOut, _cells + 1, nodes), new(MiddleOut, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("steady-field", "One of two fields at rest on a line, each in the other's source and conductivity",
        [
            Setting.Integer("cells", "cells of equal length, an even number", 32, 2, 100_000),
            Setting.Number("source", "1", "source s of the field at unit load", 0),
            Setting.Number("exchange", "1", "factor c of the other field in the source", 1),
            Setting.Number("nonlinearity", "1", "factor a of the squared other field in the conductivity", 0, 0),
        ],
        settings => new SteadyField(settings));

    /// <summary>
    /// Ports of cells + 1 nodes from x = 0 to 1: <c>other</c> (in), the other field, and <c>value</c> (out), this one. <c>middle</c> is
    /// this field's value at x = ½.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        outputs.Write(ValueOut, 0).Clear();     // Without a load both fields vanish.
        outputs.Write(MiddleOut, 0, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var load = context.Window.End;
        var other = inputs.Read(OtherIn, load);
        Finite.Require(other, OtherIn.Name, load);

        // −k₋ uᵢ₋₁ + (k₋ + k₊) uᵢ − k₊ uᵢ₊₁ = h² (λ s + c vᵢ), with k± = 1 + a (vᵢ² + vᵢ±₁²) / 2.
        var h = 1.0 / _cells;
        var unknowns = _cells - 1;
        var lower = new double[2 * unknowns];
        var solution = new double[unknowns];
        for (var row = 0; row < unknowns; row++)
        {
            var (left, right) = (Conductivity(other, row), Conductivity(other, row + 1));
            lower[2 * row] = row > 0 ? -left : 0;
            lower[(2 * row) + 1] = left + right;
            solution[row] = h * h * ((load * _source) + (_exchange * other[row + 1]));
        }

        new BandedCholesky(unknowns, 1, lower).Solve(solution);
        var value = outputs.Write(ValueOut, load);
        (value[0], value[^1]) = (0, 0);
        solution.CopyTo(value[1..^1]);
        outputs.Write(MiddleOut, load, solution[(_cells / 2) - 1]);
    }

    /// <summary>A field at rest has no memory: nothing but the version.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
    }

    // Of the cell between the nodes `cell` and `cell` + 1.
    private double Conductivity(ReadOnlySpan<double> other, int cell) =>
        1 + (0.5 * _nonlinearity * ((other[cell] * other[cell]) + (other[cell + 1] * other[cell + 1])));
}
