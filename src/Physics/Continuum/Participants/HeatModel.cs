using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>
/// A body that conducts heat as a participant: c ∂T/∂t = ∇·(k ∇T) + q in two or three dimensions, of finite elements. Temperatures, fluxes and heat come in
/// and go out through its surfaces by ports with the surfaces' names.
/// </summary>
/// <remarks>
/// A step solves r(T₊) = M (c₀ T₊ − c₁ T + c₂ T₋)/Δt + K (θ T₊ + (1 − θ) T) − f = 0 at the nodes where no temperature is given. There r is the heat that holds
/// it, in W, which flows in: Σ_a r_a is exact in the sense that 1ᵀM (T₊ − T)/Δt = Σ f + Σ r for backward Euler and Crank–Nicolson, since 1ᵀK = 0. Surfaces that exchange heat
/// with what is outside have f_a = ∫ h N_a (T∞ − T), T and T∞ at the time of K T. BDF2 with steps of
/// any length: c₀ = (1 + 2ω)/(1 + ω), c₁ = c₀ + c₂, c₂ = ω²/(1 + ω), ω = Δt/Δt₋. After: Hairer, Nørsett, Wanner, "Solving Ordinary Differential Equations I", 2nd
/// ed. (1993), section III.5; heat from residuals after: Wheeler, SIAM J. Numer. Anal. 10 (1973) 764.
/// </remarks>
public sealed class HeatModel : IViewable
{
    private static readonly Quantity _perVolume = new("q", Unit.Parse("W/m^3"));
    private static readonly Port<double> _source = Port.In<double>("source", _perVolume) with { Optional = true };
    private static readonly Port<double> _field = Port.Out<double>("temperature", Quantities.Temperature);
    private static readonly Port<double> _energy = Port.Out<double>("energy", Quantities.Energy);
    private static readonly Port<double> _defect = Port.Out<double>("energy-defect", new("ΔE/E", Unit.One));

    private readonly string _scheme;
    private readonly double? _longestStep;
    private readonly double _start;
    private readonly Basis _basis;
    private readonly double[] _conductivity;                                // Of each cell.
    private readonly ImmutableArray<MeshField> _regions;
    private readonly CsrMatrix _capacity;
    private readonly CsrMatrix _conduction;                                 // K, and ∫ h N_a N_b of the surfaces that exchange heat.
    private readonly double[] _weights;                                     // ∫ c N_a, whose product with the temperature is the energy.
    private readonly double[] _constant;                                    // What sources of the settings give each node, W.
    private readonly BodyPoints _body;
    private readonly ImmutableArray<SurfacePorts> _surfaces;
    private readonly double[] _given;                                       // What the settings hold, above the start, where they do.
    private readonly Constraints _fixed;
    private readonly bool[] _isFixed;
    private (double Step, double Before, ChangeSolver Solver)? _ready;      // Of the last step; a function of its length and the one before.
    private double[] _excess = [];                                          // T − T at the start: what does not change in it is free of rounding.
    private double[] _before = [];
    private double _stepBefore;                                             // 0 at the beginning.
    private double _entered;                                                // Heat that came in so far, J.
    private double _moved;                                                  // The sum of its magnitudes, J.

    private HeatModel(ModelSettings given, MeshReader reader)
    {
        var settings = new BodySettings(given, reader);
        (_scheme, _start) = (given.Choice("scheme"), given.Number("initial-temperature"));
        _longestStep = given.Has("step") ? given.Number("step") : null;
        var (conductivity, capacity, source) = (settings.PerRegion("conductivity", above: 0), settings.PerRegion("capacity", above: 0), settings.PerRegion("constant-source"));
        var temperatures = settings.Valued("fixed-temperature", "fixed-temperatures");
        var fluxes = settings.Valued("constant-flux", "constant-fluxes");
        var (temperatureIn, fluxIn, heatIn) = (settings.Surfaces("temperature-in"), settings.Surfaces("flux-in"), settings.Surfaces("heat-in"));
        var (films, ambientIn) = (settings.Valued("film", "film-coefficients"), settings.Surfaces("ambient-in"));
        var ambients = settings.Valued("film", "ambient-temperatures", except: "ambient-in");
        var (temperatureOut, fluxOut, heatOut) = (settings.Surfaces("temperature-out"), settings.Surfaces("flux-out"), settings.Surfaces("heat-out"));
        foreach (var name in temperatureIn)
        {
            settings.Require(temperatures.All(t => t.Surface != name), $"'temperature-in' and 'fixed-temperature' both name '{name}'");
        }

        settings.Require(_scheme != "crank-nicolson" || fluxOut.IsEmpty, $"'scheme' is crank-nicolson, which knows the heat of a step and no flux at its end; take 'heat-out' instead of 'flux-out', or another scheme");
        foreach (var name in ambientIn)
        {
            settings.Require(given.Texts("film").Contains(name), $"'ambient-in' names '{name}', and 'film' does not; it takes 'film' and 'film-coefficients' to exchange heat with what is outside");
        }

        foreach (var (surface, values) in films)
        {
            settings.Require(values[0] > 0, $"'film-coefficients' gives '{surface}' {values[0]}; allowed is above 0");
        }

        settings.Require(_scheme != "steady" || !temperatures.IsEmpty || !temperatureIn.IsEmpty || !films.IsEmpty, $"'scheme' is steady, and no surface has a temperature; name one by 'fixed-temperature', 'temperature-in' or 'film'");
        settings.RequireSound();

        var (t, basis) = (settings.Thickness, Basis.Scalar(settings.Mesh, settings.Degree));
        (_basis, _conductivity, _regions) = (basis, Array.ConvertAll(settings.RegionOf, r => conductivity[r]), settings.RegionFields);
        double Of(double[] values, QuadraturePoint x) => t * values[settings.RegionOf[x.Cell]];
        _capacity = Assembly.Matrix(basis, BilinearForm.Scalar((x, u) => ScalarJet.Source(Of(capacity, x) * u.Value)));
        _conduction = ChangeSolver.Sum(
            [(1, Assembly.Matrix(basis, Heat.Conduction(x => Of(conductivity, x)))), .. films.Select(f => (1.0, Assembly.Matrix(basis, Heat.Robin(t * f.Values[0]), Domain.Boundary(f.Surface))))]);
        _constant = Assembly.Vector(basis, LinearForm.Scalar(x => ScalarJet.Source(Of(source, x))));
        _weights = new double[basis.DofCount];
        _capacity.Multiply([.. Enumerable.Repeat(1.0, basis.DofCount)], _weights);
        _body = BodyPoints.OfBody(basis, t);
        _surfaces =
        [
            .. fluxes.Select(f => f.Surface).Concat(films.Select(f => f.Surface)).Concat(temperatureIn).Concat(fluxIn).Concat(heatIn).Concat(temperatureOut).Concat(fluxOut).Concat(heatOut).Distinct().Select(name =>
            {
                Port<double>? Of(ImmutableArray<string> names, Func<string, Quantity, Port<double>> make, string what, Quantity quantity) => names.Contains(name) ? make($"{what}-{name}", quantity) : null;
                var points = BodyPoints.OfSurface(basis, t, name);
                var flux = fluxes.Where(f => f.Surface == name).Sum(f => f.Values[0]);
                return new SurfacePorts(
                    name, points, points.Shares([.. points.Nodes.Select(_ => flux)], 1),
                    films.Where(f => f.Surface == name).Sum(f => f.Values[0]), ambients.Where(a => a.Surface == name).Sum(a => a.Values[0]),
                    Of(ambientIn, Port.In<double>, "ambient-in", Quantities.Temperature), Of(temperatureIn, Port.In<double>, "temperature-in", Quantities.Temperature), Of(fluxIn, Port.In<double>, "flux-in", Quantities.HeatFlux), Of(heatIn, Port.In<double>, "heat-in", Quantities.HeatPower),
                    Of(temperatureOut, Port.Out<double>, "temperature-out", Quantities.Temperature), Of(fluxOut, Port.Out<double>, "flux-out", Quantities.HeatFlux), Of(heatOut, Port.Out<double>, "heat-out", Quantities.HeatPower));
            }),
        ];

        // Where surfaces meet, settings come before ports, and what is named first before what is named later.
        _given = new double[basis.DofCount];
        _fixed = new(basis.DofCount);
        foreach (var (surface, values) in temperatures)
        {
            foreach (var node in basis.NodesOn(surface).Where(n => !_fixed.Contains(n)))
            {
                _given[node] = values[0] - _start;
                _fixed.Fix(node, 0);
            }
        }

        foreach (var name in temperatureIn)
        {
            var surface = _surfaces.Single(s => s.Name == name);
            surface.Holds = [.. Enumerable.Range(0, surface.Points.Nodes.Length).Where(n => !_fixed.Contains(surface.Points.Nodes[n]))];
            foreach (var n in surface.Holds)
            {
                _fixed.Fix(surface.Points.Nodes[n], 0);
            }
        }

        _isFixed = [.. Enumerable.Range(0, _given.Length).Select(_fixed.Contains)];
        Description = new(
        [
            new(_source, basis.NodeCount, _body.Cloud), new(_field, basis.NodeCount, _body.Cloud), new(_energy, 1), new(_defect, 1),
            .. _surfaces.SelectMany(s => s.All.Select(port => new PortLayout(port, s.Points.Nodes.Length, s.Points.Cloud))),
        ]);
        Begin();
    }

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <summary>The model for experiments.</summary>
    /// <param name="reader">Reads meshes from files.</param>
    public static ModelEntry Entry(MeshReader reader) => new("heat", "A body that conducts heat, of 2-D or 3-D finite elements, from a file of Gmsh or a rectangle or box; steady or not",
        [
            .. BodySettings.OfShape,
            Setting.Numbers("conductivity", "W/m K^-1", "k of each region", [1]),
            Setting.Numbers("capacity", "J/m^3 K^-1", "c of each region: the heat that warms a volume, density times specific heat", [1]),
            Setting.Choice("scheme", "no time at all, or the scheme of the steps", ["steady", "backward-euler", "crank-nicolson", "bdf2"], "backward-euler"),
            Setting.Positive("step", "s", "longest time step; a window has a whole number of equal steps; without it one") with { Optional = true },
            Setting.Number("initial-temperature", "K", "temperature at the start, and that from which energy counts", 0),
            Setting.Numbers("constant-source", "W/m^3", "what sources in each region give", [0]),
            Setting.Texts("fixed-temperature", "surfaces that are held at a temperature", []),
            Setting.Numbers("fixed-temperatures", "K", "their temperatures, one for all or one each", []),
            Setting.Texts("constant-flux", "surfaces with a constant flux", []),
            Setting.Numbers("constant-fluxes", "W/m^2", "the fluxes, above zero into the body; one for all or one each", []),
            Setting.Texts("film", "surfaces that exchange heat with what is outside, h (T∞ − T) into the body", []),
            Setting.Numbers("film-coefficients", "W/m^2 K^-1", "their film coefficients h, one for all or one each", []),
            Setting.Numbers("ambient-temperatures", "K", "the temperatures T∞ outside, one for all of 'film' that are not in 'ambient-in', or one each", []),
            Setting.Texts("ambient-in", "surfaces of 'film' whose temperature outside comes by a port 'ambient-in-NAME', K", []),
            Setting.Texts("temperature-in", "surfaces whose temperature comes by a port 'temperature-in-NAME', K", []),
            Setting.Texts("flux-in", "surfaces with a port 'flux-in-NAME': the flux into the body, W/m²", []),
            Setting.Texts("heat-in", "surfaces with a port 'heat-in-NAME': the heat into the body at each node, W", []),
            Setting.Texts("temperature-out", "surfaces with a port 'temperature-out-NAME', K", []),
            Setting.Texts("flux-out", "surfaces with a port 'flux-out-NAME': the flux out of the body, W/m²", []),
            Setting.Texts("heat-out", "surfaces with a port 'heat-out-NAME': the heat out of the body at each node, W", []),
        ],
        settings => new HeatModel(settings, reader));

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Begin();
        foreach (var surface in _surfaces)
        {
            Write(outputs, 0, surface, new double[surface.Points.Nodes.Length]);
        }

        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        var steps = WindowSteps.Of(window.Length, _longestStep);
        var from = window.Start;
        for (var s = 0; s < steps; s++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var to = window.EndOfStep(s, steps);
            try
            {
                Step(inputs, outputs, from, to, window.Length / steps);
            }
            catch (ScaleModelException fault) when (fault.InnerException is InvalidOperationException)
            {
                throw new ScaleModelException($"The temperatures cannot be solved for: {fault.Message}", fault);
            }

            from = to;
            context.Report((s + 1.0) / steps);
        }

        Write(outputs, window.End);
    }

    /// <inheritdoc/>
    public MeshView View()
    {
        // The flux in the middle of each cell, −k ∇T.
        var flux = new Vec3[_conductivity.Length];
        for (var c = 0; c < flux.Length; c++)
        {
            flux[c] = -_conductivity[c] * _basis.ScalarAt(_excess, c, _basis.Mesh.Geometry(c).Cell.Middle).Gradient;
        }

        return new(_basis, [new("temperature", 1, Array.ConvertAll(_excess, t => _start + t))], [MeshField.Of("flux", flux), .. _regions]);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        BodyState.Field(archive, "excess", ref _excess, _weights.Length);
        BodyState.Field(archive, "excess-before", ref _before, _weights.Length);
        archive.Value("step-before", ref _stepBefore);
        archive.Value("entered", ref _entered);
        archive.Value("moved", ref _moved);
    }

    private void Begin()
    {
        (_excess, _before, _stepBefore, _entered, _moved) = (new double[_weights.Length], new double[_weights.Length], 0, 0, 0);
    }

    private void Step(PortReader inputs, PortWriter outputs, double from, double to, double step)
    {
        var isSteady = _scheme == "steady";
        var theta = _scheme == "crank-nicolson" ? 0.5 : 1;
        var omega = _scheme == "bdf2" && _stepBefore > 0 ? step / _stepBefore : 0;
        var (c0, c2) = isSteady ? (0.0, 0.0) : ((1 + (2 * omega)) / (1 + omega), omega * omega / (1 + omega));

        // An instant, as the scheme takes it: at the new time, or the mean of both.
        double[] Instant(Port<double> port)
        {
            var values = inputs.Read(port, to).ToArray();
            if (theta != 1)
            {
                var old = inputs.Read(port, from);
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (theta * values[i]) + ((1 - theta) * old[i]);
                }
            }

            return values;
        }

        var load = (double[])_constant.Clone();
        if (inputs.IsConnected(_source))
        {
            Add(load, _body, _body.Shares(Instant(_source), 1));
        }

        var ofSurface = new double[_surfaces.Length][];
        var next = (double[])_excess.Clone();
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = _isFixed[i] ? _given[i] : next[i];
        }

        foreach (var (s, surface) in _surfaces.Index())
        {
            ofSurface[s] = [.. surface.Constant];
            if (surface.FluxIn is { } flux)
            {
                Add(ofSurface[s], surface.Points.Shares(Instant(flux), 1));
            }

            if (surface.HeatIn is { } heat)
            {
                Add(ofSurface[s], inputs.Over(heat, from, to));
            }

            if (surface.TemperatureIn is { } port)
            {
                var values = inputs.Read(port, to);
                foreach (var n in surface.Holds)
                {
                    next[surface.Points.Nodes[n]] = values[n] - _start;
                }
            }

            if (surface.Film > 0)
            {
                var outside = surface.AmbientIn is { } ambient ? Instant(ambient) : [.. surface.Points.Nodes.Select(_ => surface.Ambient)];
                Add(ofSurface[s], surface.Points.Shares([.. outside.Select(x => surface.Film * (x - _start))], 1));
            }

            Add(load, surface.Points, ofSurface[s]);
        }

        if (_ready is not { } ready || ready.Step != step || ready.Before != (omega > 0 ? _stepBefore : 0))
        {
            ready = (step, omega > 0 ? _stepBefore : 0, new ChangeSolver(ChangeSolver.Sum((c0 / step, _capacity), (theta, _conduction)), _fixed, null));
            _ready = ready;
        }

        var change = ready.Solver.Solve([.. Residual(next).Select(r => -r)]);
        for (var i = 0; i < next.Length; i++)
        {
            next[i] += change[i];
        }

        // Where a temperature is given the residual is heat that flows in; elsewhere it is round-off.
        var held = Residual(next);
        for (var i = 0; i < held.Length; i++)
        {
            held[i] = _isFixed[i] ? held[i] : 0;
        }

        foreach (var (s, surface) in _surfaces.Index())
        {
            if (surface.Film > 0)
            {
                // h T∞ is among the loads; h T was in the matrix.
                var mean = Mean(next);
                var back = surface.Points.Shares([.. surface.Points.Nodes.Select(node => -surface.Film * mean[node])], 1);
                Add(load, surface.Points, back);
                Add(ofSurface[s], back);
            }

            Write(outputs, to, surface, [.. surface.Points.Nodes.Select((node, n) => -held[node] - ofSurface[s][n])], next);
        }

        _entered += step * (FixedOrderSum.Of(load) + FixedOrderSum.Of(held));
        _moved += step * FixedOrderSum.Of([.. load.Zip(held, (f, r) => Math.Abs(f) + Math.Abs(r))]);
        (_before, _excess, _stepBefore) = (_excess, next, step);

        // At the time at which heat flows.
        double[] Mean(double[] now) => theta == 1 ? now : [.. now.Zip(_excess, (later, earlier) => (theta * later) + ((1 - theta) * earlier))];

        double[] Residual(double[] now)
        {
            var (rate, result, flow) = (new double[now.Length], new double[now.Length], new double[now.Length]);
            for (var i = 0; i < now.Length; i++)
            {
                // As differences: what is left where nothing changes is zero.
                rate[i] = ((c0 * (now[i] - _excess[i])) - (c2 * (_excess[i] - _before[i]))) / step;
            }

            _capacity.Multiply(rate, result);
            _conduction.Multiply(Mean(now), flow);
            for (var i = 0; i < now.Length; i++)
            {
                result[i] += flow[i] - load[i];
            }

            return result;
        }
    }

    private void Write(PortWriter outputs, double time, SurfacePorts surface, double[] heatOut, double[]? excess = null)
    {
        var nodes = surface.Points.Nodes;
        if (surface.TemperatureOut is { } port)
        {
            var to = outputs.Write(port, time);
            for (var n = 0; n < to.Length; n++)
            {
                to[n] = _start + (excess ?? _excess)[nodes[n]];
            }
        }

        if (surface.HeatOut is { } heat)
        {
            heatOut.CopyTo(outputs.Write(heat, time));
        }

        if (surface.FluxOut is { } flux)
        {
            surface.Points.Density(heatOut, 1).CopyTo(outputs.Write(flux, time));
        }
    }

    private void Write(PortWriter outputs, double time)
    {
        var field = outputs.Write(_field, time);
        for (var n = 0; n < field.Length; n++)
        {
            field[n] = _start + _excess[n];
        }

        var energy = FixedOrderSum.Dot(_weights, _excess);
        outputs.Write(_energy, time, energy);
        var size = Math.Max(Math.Abs(energy), _moved);
        outputs.Write(_defect, time, _scheme == "steady" || size == 0 ? 0 : Math.Abs(energy - _entered) / size);
    }

    private static void Add(double[] to, ReadOnlySpan<double> values)
    {
        for (var n = 0; n < values.Length; n++)
        {
            to[n] += values[n];
        }
    }

    private static void Add(double[] to, BodyPoints at, double[] values)
    {
        for (var n = 0; n < values.Length; n++)
        {
            to[at.Nodes[n]] += values[n];
        }
    }

    /// <summary>A surface with its ports, the heat that settings give its nodes, W, its film coefficient h (0 if it exchanges no heat), and T∞ of the settings.</summary>
    private sealed record SurfacePorts(
        string Name, BodyPoints Points, double[] Constant, double Film, double Ambient, Port<double>? AmbientIn, Port<double>? TemperatureIn, Port<double>? FluxIn, Port<double>? HeatIn, Port<double>? TemperatureOut, Port<double>? FluxOut, Port<double>? HeatOut)
    {
        /// <summary>The nodes of the surface that take their temperature from the port.</summary>
        public ImmutableArray<int> Holds { get; set; } = [];

        public IEnumerable<Port> All => new Port?[] { AmbientIn, TemperatureIn, FluxIn, HeatIn, TemperatureOut, FluxOut, HeatOut }.OfType<Port>();
    }
}
