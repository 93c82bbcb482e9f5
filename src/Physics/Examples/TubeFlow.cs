using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// Flow without friction and compression through a tube whose cross section a(z, t) is given: ∂a/∂t + ∂(ua)/∂z = 0 and
/// ∂(ua)/∂t + ∂(u²a)/∂z + a ∂p/∂z = 0, with p the pressure over the density. The inflow pulsates, u = u₀ (1 + A sin² πt/T);
/// waves leave at the outlet without coming back.
/// </summary>
/// <remarks>
/// Finite volumes on N equal cells with u and p in their middles, momentum upwind, central fluxes with the pressure stabilized by
/// α ∂²p/∂z², α = a₀ / (u₀ + Δz/Δt), implicit Euler, Newton's method. After: Degroote, Bruggeman, Haelterman, Vierendeels,
/// Comput. Struct. 86 (2008) 2224, section 2; the "elastic tube 1-D" of the preCICE tutorials.
/// </remarks>
public sealed class TubeFlow : IScaleModel
{
    private static readonly Port<double> AreaIn = Port.In<double>("area", TubeWall.Area);
    private static readonly Port<double> PressureOut = Port.Out<double>("pressure", TubeWall.Pressure);
    private static readonly Port<double> InletOut = Port.Out<double>("inlet-pressure", TubeWall.Pressure);
    private static readonly Port<double> OutletOut = Port.Out<double>("outlet-velocity", Quantities.Velocity);
    private static readonly Port<double> ImbalanceOut = Port.Out<double>("imbalance", new("δV/V", Unit.One));

    private const int NewtonMaximum = 30;
    private const double NewtonLimit = 1e-13;

    private readonly int _cells;
    private readonly double _dz;
    private readonly double _restArea;
    private readonly double _pulse;
    private readonly double _inflow;
    private readonly double _amplitude;
    private readonly double _period;
    private readonly int _substeps;
    private double[] _u;
    private double[] _p;
    private double[] _a;
    private double _gained;     // What came in and did not go out so far, m³.

    private TubeFlow(ModelSettings settings)
    {
        _cells = settings.Integer("cells");
        _dz = settings.Number("length") / _cells;
        _restArea = settings.Number("area");
        _pulse = settings.Number("pulse-speed");
        _inflow = settings.Number("inflow");
        _amplitude = settings.Number("amplitude");
        _period = settings.Number("period");
        _substeps = settings.Integer("substeps");
        (_u, _p, _a) = (new double[_cells + 2], new double[_cells + 2], new double[_cells + 2]);
        var nodes = Nodes(_cells, settings.Number("length"));
        Description = new(new(AreaIn, nodes.Count, nodes), new(PressureOut, nodes.Count, nodes), new(InletOut, 1), new(OutletOut, 1), new(ImbalanceOut, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("tube-flow", "Pulsating flow through a tube of given, changing cross section",
        [
            Setting.Integer("cells", "cells along the tube", 50, 4, 100_000),
            Setting.Positive("length", "m", "length of the tube", 10),
            Setting.Positive("area", "m^2", "cross section a₀ at the start", 1),
            Setting.Positive("pulse-speed", "m/s", "speed c of pulses in the tube at rest, for the outlet; that of the wall"),
            Setting.Positive("inflow", "m/s", "velocity u₀ of the inflow at the start", 10),
            Setting.Number("amplitude", "1", "pulsation A of the inflow", 0.3, 0, 10),
            Setting.Positive("period", "s", "period T of the pulsation", 1),
            Setting.Integer("substeps", "steps of implicit Euler per window", 1, 1, 1_000_000),
        ],
        settings => new TubeFlow(settings));

    /// <summary>
    /// Ports on cells + 2 nodes, the inlet, the middles of the cells and the outlet: <c>area</c> (in), <c>pressure</c> over the
    /// density (out). <c>inlet-pressure</c> and <c>outlet-velocity</c> are single numbers; <c>imbalance</c> is by how much
    /// the volume in the tube differs from what was there, came in and went out, over the volume at the start.
    /// </summary>
    public ModelDescription Description { get; }

    internal static PointCloud Nodes(int cells, double length)
    {
        var z = new double[cells + 2];
        for (var i = 1; i <= cells; i++)
        {
            z[i] = length * (i - 0.5) / cells;
        }

        z[^1] = length;
        return PointCloud.OnLine(z, joined: true);
    }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Array.Fill(_u, _inflow);
        Array.Fill(_p, 0);
        Array.Fill(_a, _restArea);
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        for (var step = 0; step < _substeps; step++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var end = context.Window.EndOfStep(step, _substeps);
            Step(inputs.Read(AreaIn, end), end, context.Window.Length / _substeps);
            Write(outputs, end);
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(2);
        archive.Field("velocity", ref _u);
        archive.Field("pressure", ref _p);
        archive.Field("area", ref _a);
        archive.Value("gained", ref _gained);
    }

    private void Write(PortWriter outputs, double time)
    {
        _p.CopyTo(outputs.Write(PressureOut, time));
        outputs.Write(InletOut, time, _p[0]);
        outputs.Write(OutletOut, time, _u[^1]);
        var start = _restArea * _cells * _dz;
        outputs.Write(ImbalanceOut, time, ((_dz * FixedOrderSum.Of(_a.AsSpan(1, _cells))) - start - _gained) / start);
    }

    // The sum of the continuity equations, over which the fluxes between cells cancel: Δz Σ (aᵢ − aᵢ⁰) = Δt (F₀ + α (p₀ − p₁) − F_N − α (p_N − p_N+1)),
    // with the flux F₀ into the first cell and F_N out of the last.
    private double NetInflow(double dt)
    {
        double Flux(int left)
        {
            var alpha = _restArea / (_inflow + (_dz / dt));
            return ((_a[left] + _a[left + 1]) / 2 * (_u[left] + _u[left + 1]) / 2) + (alpha * (_p[left] - _p[left + 1]));
        }

        return dt * (Flux(0) - Flux(_cells));
    }

    private void Step(ReadOnlySpan<double> area, double time, double dt)
    {
        foreach (var a in area)
        {
            if (!(a > 0) || !double.IsFinite(a))
            {
                throw new ScaleModelException(FormattableString.Invariant($"The port 'area' holds {a} m² at t = {time:g6} s; cross sections are positive. The iteration with the wall probably diverges."));
            }
        }

        // Unknowns 2i and 2i + 1 are u and p of node i; the conditions at both ends reach two nodes inward, five unknowns away.
        var (u, p) = ((double[])_u.Clone(), (double[])_p.Clone());
        var matrix = new BandedLu(2 * (_cells + 2), 5);
        var right = new double[2 * (_cells + 2)];
        for (var iteration = 0; iteration < NewtonMaximum; iteration++)
        {
            Assemble(matrix, right, u, p, area, time, dt);
            try
            {
                matrix.Solve(right);
            }
            catch (ArithmeticException fault)
            {
                throw new ScaleModelException(FormattableString.Invariant($"The flow at t = {time:g6} s has no solution. {fault.Message} The iteration with the wall probably diverges."), fault);
            }

            var (change, size) = (0.0, 0.0);
            for (var i = 0; i < u.Length; i++)
            {
                u[i] -= right[2 * i];
                p[i] -= right[(2 * i) + 1];
                change = Math.Max(change, Math.Max(Math.Abs(right[2 * i]) / _inflow, Math.Abs(right[(2 * i) + 1]) / (_inflow * _inflow)));
                size = Math.Max(size, Math.Max(Math.Abs(u[i]) / _inflow, Math.Abs(p[i]) / (_inflow * _inflow)));
            }

            if (change <= NewtonLimit * (1 + size))
            {
                (_u, _p) = (u, p);
                area.CopyTo(_a);
                _gained += NetInflow(dt);
                return;
            }
        }

        throw new ScaleModelException(FormattableString.Invariant($"Newton's method finds no flow at t = {time:g6} s in {NewtonMaximum} iterations. The cross section probably changes too much in a step of {dt:g3} s: the iteration with the wall diverges, or the step is too long."));
    }

    // With m = Δz/Δt, a± = (aᵢ + aᵢ±₁)/2 and F± = a± (uᵢ + uᵢ±₁)/2, for the cells i = 1 … N:
    //   continuity  m (aᵢ − aᵢ⁰) + F₊ − F₋ − α (pᵢ₊₁ − 2pᵢ + pᵢ₋₁) = 0
    //   momentum    m (uᵢaᵢ − uᵢ⁰aᵢ⁰) + uᵢF₊ − uᵢ₋₁F₋ + ½ [a₊ (pᵢ₊₁ − pᵢ) + a₋ (pᵢ − pᵢ₋₁)] = 0
    // Inlet: u is given, p continues the two cells behind it. Outlet: u continues; the invariant u + 4 √(c² − p/2) of the
    // waves that would come back stays as it is: √(c² − p/2) = w, w = √(c² − p⁰/2) − (u − u⁰)/4.
    private void Assemble(BandedLu matrix, double[] right, double[] u, double[] p, ReadOnlySpan<double> a, double time, double dt)
    {
        var m = _dz / dt;
        var alpha = _restArea / (_inflow + m);
        var last = _cells + 1;

        var sine = Math.Sin(Math.PI * time / _period);
        right[0] = u[0] - (_inflow * (1 + (_amplitude * sine * sine)));
        matrix.Add(0, 0, 1);
        right[1] = p[0] - (2 * p[1]) + p[2];
        matrix.Add(1, 1, 1);
        matrix.Add(1, 3, -2);
        matrix.Add(1, 5, 1);

        for (var i = 1; i <= _cells; i++)
        {
            var (behind, ahead) = ((a[i - 1] + a[i]) / 2, (a[i] + a[i + 1]) / 2);
            var (inward, outward) = (behind * (u[i - 1] + u[i]) / 2, ahead * (u[i] + u[i + 1]) / 2);
            var (uAt, pAt) = (2 * i, (2 * i) + 1);

            right[uAt] = (m * ((u[i] * a[i]) - (_u[i] * _a[i]))) + (u[i] * outward) - (u[i - 1] * inward)
                + (((ahead * (p[i + 1] - p[i])) + (behind * (p[i] - p[i - 1]))) / 2);
            matrix.Add(uAt, uAt - 2, -inward - (u[i - 1] * behind / 2));
            matrix.Add(uAt, uAt, (m * a[i]) + outward + (u[i] * ahead / 2) - (u[i - 1] * behind / 2));
            matrix.Add(uAt, uAt + 2, u[i] * ahead / 2);
            matrix.Add(uAt, pAt - 2, -behind / 2);
            matrix.Add(uAt, pAt, (behind - ahead) / 2);
            matrix.Add(uAt, pAt + 2, ahead / 2);

            right[pAt] = (m * (a[i] - _a[i])) + outward - inward - (alpha * (p[i + 1] - (2 * p[i]) + p[i - 1]));
            matrix.Add(pAt, uAt - 2, -behind / 2);
            matrix.Add(pAt, uAt, (ahead - behind) / 2);
            matrix.Add(pAt, uAt + 2, ahead / 2);
            matrix.Add(pAt, pAt - 2, -alpha);
            matrix.Add(pAt, pAt, 2 * alpha);
            matrix.Add(pAt, pAt + 2, -alpha);
        }

        var (uOut, pOut) = (2 * last, (2 * last) + 1);
        right[uOut] = u[last] - (2 * u[last - 1]) + u[last - 2];
        matrix.Add(uOut, uOut, 1);
        matrix.Add(uOut, uOut - 2, -2);
        matrix.Add(uOut, uOut - 4, 1);

        var squared = (_pulse * _pulse) - (_p[last] / 2);
        if (!(squared > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The pressure over the density at the outlet is {_p[last]:g6} m²/s² before t = {time:g6} s; below {2 * _pulse * _pulse:g6} is allowed."));
        }

        var w = Math.Sqrt(squared) - ((u[last] - _u[last]) / 4);
        right[pOut] = p[last] - (2 * ((_pulse * _pulse) - (w * w)));
        matrix.Add(pOut, pOut, 1);
        matrix.Add(pOut, uOut, -w);
    }
}
