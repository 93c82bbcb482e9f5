using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// One of the two species of Schnakenberg's reaction on the line [0, L], through whose ends nothing passes: the activator,
/// ∂u/∂t = D ∂²u/∂x² + κ (a − u + u² v), or the substrate, ∂v/∂t = D ∂²v/∂x² + κ (b − u² v). Each takes the concentration of the other as it
/// develops in the window.
/// </summary>
/// <remarks>
/// Finite volumes in space and the trapezoidal rule in time:
/// <code>
/// (uⁿ⁺¹ − uⁿ) / Δt = ½ (D δ²uⁿ⁺¹ + R(uⁿ⁺¹, vⁿ⁺¹)) + ½ (D δ²uⁿ + R(uⁿ, vⁿ)),      δ²uᵢ = (uᵢ₋₁ − 2 uᵢ + uᵢ₊₁) / h²
/// </code>
/// solved by Newton's method (one step for the substrate, whose equation is linear). It starts at the steady state u = a + b,
/// v = b / (a + b)², disturbed by ε cos(m π x / L); where the substrate spreads fast enough, the disturbance grows and becomes a pattern.
/// Source: J. Schnakenberg, J. Theor. Biol. 81 (1979) 389; the growth of modes: J. D. Murray, "Mathematical Biology II", 3rd ed. (2003),
/// section 2.3.
/// </remarks>
public sealed class ReactingSpecies : IScaleModel
{
    private const int MostNewtonSteps = 50;

    private static readonly Quantity Concentration = new("c", Unit.One);
    private static readonly Quantity Content = new("∫ c dx", Unit.Parse("m"));
    private static readonly Port<double> OtherIn = Port.In<double>("other", Concentration);
    private static readonly Port<double> OwnOut = Port.Out<double>("concentration", Concentration);
    private static readonly Port<double> AmplitudeOut = Port.Out<double>("amplitude", Concentration);
    private static readonly Port<double> ContentOut = Port.Out<double>("content", Content);
    private static readonly Port<double> TurnedOverOut = Port.Out<double>("turned-over", Content);
    private static readonly Port<double> ImbalanceOut = Port.Out<double>("imbalance", Concentration);

    private readonly bool _isActivator;
    private readonly int _cells;
    private readonly double _cell;
    private readonly double _diffusivity;
    private readonly double _feed;
    private readonly double _rate;
    private readonly int _mode;
    private readonly int _substeps;
    private readonly double _startContent;
    private double[] _own;
    private double _turnedOver;     // ∫∫ κ u² v dx dt so far: what became of the substrate, and became activator.
    private double _gained;         // ∫∫ R dx dt so far.

    private ReactingSpecies(ModelSettings settings)
    {
        _isActivator = settings.Text("species") == "activator";
        _cells = settings.Integer("cells");
        var length = settings.Number("length");
        _cell = length / _cells;
        _diffusivity = settings.Number("diffusivity");
        var (a, b) = (settings.Number("activator-feed"), settings.Number("substrate-feed"));
        _feed = _isActivator ? a : b;
        _rate = settings.Number("rate");
        _mode = settings.Integer("mode");
        if (_mode >= _cells)
        {
            throw new ScaleModelException($"The mode {_mode} of the disturbance is too short for {_cells} cells; at most {_cells - 1} is allowed.");
        }

        _substeps = settings.Integer("substeps");
        var rest = _isActivator ? a + b : b / ((a + b) * (a + b));
        var (x, disturbance) = (new double[_cells], settings.Number("disturbance"));
        _own = new double[_cells];
        for (var i = 0; i < _cells; i++)
        {
            x[i] = (i + 0.5) * _cell;
            _own[i] = rest + (disturbance * Wave(i));
        }

        _startContent = _cell * FixedOrderSum.Of(_own);
        var middles = PointCloud.OnLine(x, joined: true);
        Description = new(new(OtherIn, _cells, middles), new(OwnOut, _cells, middles), new(AmplitudeOut, 1), new(ContentOut, 1), new(TurnedOverOut, 1), new(ImbalanceOut, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("reacting-species", "One of the two species of Schnakenberg's reaction, which diffuse and react on a line",
        [
            Setting.Choice("species", "which of the two", ["activator", "substrate"]),
            Setting.Integer("cells", "cells of equal length", 64, 2, 1_000_000),
            Setting.Positive("length", "m", "length L of the line"),
            Setting.Positive("diffusivity", "m^2/s", "diffusivity D of the species"),
            Setting.Positive("activator-feed", "1", "feed a of the activator", 0.1),
            Setting.Positive("substrate-feed", "1", "feed b of the substrate", 0.9),
            Setting.Positive("rate", "1/s", "rate κ of the reaction", 1),
            Setting.Integer("mode", "half waves m of the disturbance on the line", 1, 1, 1_000_000),
            Setting.Number("disturbance", "1", "amplitude ε of the disturbance at the start", 0),
            Setting.Integer("substeps", "steps in a window", 1, 1, 1_000_000),
        ],
        settings => new ReactingSpecies(settings));

    /// <summary>
    /// Ports on the middles of the cells: <c>other</c> (in) and <c>concentration</c> (out). <c>amplitude</c> is that of the mode m in the
    /// concentration, <c>content</c> its integral over the line, <c>turned-over</c> how much substrate has become activator so far, and
    /// <c>imbalance</c> by what the content differs from what was there, came and went, over the content at the start.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var time = context.Window.Start;
        var before = inputs.Read(OtherIn, time).ToArray();
        for (var step = 0; step < _substeps; step++)
        {
            var end = context.Window.EndOfStep(step, _substeps);
            var after = inputs.Read(OtherIn, end);
            Finite.Require(after, OtherIn.Name, end);
            Step(end - time, before, after, end);
            after.CopyTo(before);
            time = end;
            Write(outputs, time);
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Field("concentration", ref _own);
        archive.Value("turned over", ref _turnedOver);
        archive.Value("gained", ref _gained);
    }

    private void Step(double length, ReadOnlySpan<double> before, ReadOnlySpan<double> after, double end)
    {
        // The half of the step that is known: uⁿ + ½ Δt (D δ²uⁿ + R(uⁿ, vⁿ)).
        var known = new double[_cells];
        for (var i = 0; i < _cells; i++)
        {
            known[i] = _own[i] + (length / 2 * (Spread(_own, i) + Gain(_own[i], before[i])));
        }

        var (turnedBefore, gainedBefore) = Totals(_own, before);
        var next = (double[])_own.Clone();
        var lu = new BandedLu(_cells, 1);
        var change = new double[_cells];
        var last = double.PositiveInfinity;
        for (var newton = 0; ; newton++)
        {
            // F(u) = u − ½ Δt (D δ²u + R(u, v)) − known = 0.
            for (var i = 0; i < _cells; i++)
            {
                change[i] = known[i] - next[i] + (length / 2 * (Spread(next, i) + Gain(next[i], after[i])));
            }

            var wall = length / 2 * _diffusivity / (_cell * _cell);
            for (var i = 0; i < _cells; i++)
            {
                var neighbors = (i > 0 ? 1 : 0) + (i < _cells - 1 ? 1 : 0);
                lu.Add(i, i, 1 + (wall * neighbors) - (length / 2 * GainSlope(next[i], after[i])));
                if (i > 0)
                {
                    lu.Add(i, i - 1, -wall);
                    lu.Add(i - 1, i, -wall);
                }
            }

            lu.Solve(change);
            var (largest, scale) = (0.0, 0.0);
            for (var i = 0; i < _cells; i++)
            {
                next[i] += change[i];
                largest = Math.Max(largest, Math.Abs(change[i]));
                scale = Math.Max(scale, Math.Abs(next[i]));
            }

            if (!double.IsFinite(largest) || newton == MostNewtonSteps)
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"The concentration at t = {end:g6} s was not found in {newton} steps of Newton's method; the last changed it by {largest:g3}. A shorter window or more substeps help where the reaction is fast."));
            }

            // Or as far as round-off lets it: where diffusion is fast, that is not quite as far.
            if (largest <= 1e-14 * scale || (largest <= 1e-10 * scale && largest >= last))
            {
                break;
            }

            last = largest;
        }

        _own = next;
        var (turnedAfter, gainedAfter) = Totals(_own, after);
        _turnedOver += length / 2 * (turnedBefore + turnedAfter);
        _gained += length / 2 * (gainedBefore + gainedAfter);
    }

    private double Spread(ReadOnlySpan<double> c, int i)
    {
        var flux = (i > 0 ? c[i - 1] - c[i] : 0) + (i < c.Length - 1 ? c[i + 1] - c[i] : 0);
        return _diffusivity * flux / (_cell * _cell);
    }

    private double TurnOver(double own, double other) => _rate * (_isActivator ? own * own * other : other * other * own);

    private double Gain(double own, double other) =>
        _isActivator ? (_rate * (_feed - own)) + TurnOver(own, other) : (_rate * _feed) - TurnOver(own, other);

    private double GainSlope(double own, double other) => _rate * (_isActivator ? (2 * own * other) - 1 : -(other * other));

    private (double TurnedOver, double Gained) Totals(ReadOnlySpan<double> own, ReadOnlySpan<double> other)
    {
        Span<double> cells = new double[_cells];
        for (var i = 0; i < _cells; i++)
        {
            cells[i] = TurnOver(own[i], other[i]);
        }

        var turnedOver = _cell * FixedOrderSum.Of(cells);
        for (var i = 0; i < _cells; i++)
        {
            cells[i] = Gain(own[i], other[i]);
        }

        return (turnedOver, _cell * FixedOrderSum.Of(cells));
    }

    // cos(m π x / L) at the middle of a cell: a mode of δ² with closed ends, exactly.
    private double Wave(int cell) => Math.Cos(_mode * Math.PI * (cell + 0.5) / _cells);

    private void Write(PortWriter outputs, double time)
    {
        _own.CopyTo(outputs.Write(OwnOut, time));
        Span<double> product = new double[_cells];
        for (var i = 0; i < _cells; i++)
        {
            product[i] = _own[i] * Wave(i);
        }

        var content = _cell * FixedOrderSum.Of(_own);
        outputs.Write(AmplitudeOut, time, 2 * FixedOrderSum.Of(product) / _cells);
        outputs.Write(ContentOut, time, content);
        outputs.Write(TurnedOverOut, time, _turnedOver);
        outputs.Write(ImbalanceOut, time, (content - _startContent - _gained) / _startContent);
    }
}
