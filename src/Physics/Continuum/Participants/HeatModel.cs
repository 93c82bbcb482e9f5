using System.Collections.Immutable;
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
    private static readonly Quantity _imbalance = new("r", Unit.Parse("W"), Nature.Extensive);

    private readonly string _scheme;
    private readonly double? _longestStep;
    private readonly double _start;
    private readonly HeatIntegrals _integrals;
    private readonly double[] _conductivity;                                // Of each cell.
    private readonly ImmutableArray<MeshField> _regions;
    private readonly double[] _weights;                                     // ∫ c N_a, whose product with the temperature is the energy.
    private readonly ImmutableArray<SurfacePorts> _surfaces;
    private readonly double[] _given;                                       // What the settings hold, above the start, where they do.
    private readonly Constraints _fixed;
    private readonly bool[] _isFixed;
    private readonly OwnPart? _own;                                         // Of a sub-domain.
    private readonly SubdomainPorts<double>? _edge;
    private readonly bool[] _isOnEdge = [];                                 // Where other sub-domains say the temperature.
    private (double Step, double Before, ChangeSolver Solver)? _ready;      // Of the last step; a function of its length and the one before.
    private double[] _excess = [];                                          // T − T at the start: what does not change in it is free of rounding.
    private double[] _before = [];
    private double _stepBefore;                                             // 0 at the beginning.
    private double _entered;                                                // Heat that came in so far, J.
    private double _moved;                                                  // The sum of its magnitudes, J.

    private HeatModel(ModelSettings given, MeshReader reader, Subdomain? subdomain = null)
    {
        var settings = new HeatSettings(given, reader, subdomain?.Division.Reach(subdomain.Part));
        (_scheme, _start, _longestStep) = (settings.Scheme, settings.Start, settings.LongestStep);
        (_conductivity, _regions) = (Array.ConvertAll(settings.Body.RegionOf, r => settings.Conductivity[r]), settings.Body.RegionFields);
        _integrals = new(settings);
        _weights = WeightsOf(_integrals);
        _surfaces =
        [
            .. settings.ActiveSurfaces.Select(name =>
            {
                Port<double>? Of(string key, Func<string, Quantity, Port<double>> make, Quantity quantity) =>
                    (key == "ambient-in" ? settings.AmbientIn : settings.Surfaces[key]).Contains(name) ? make($"{key}-{name}", quantity) : null;
                var points = _integrals.Surfaces[name];
                var flux = settings.Fluxes.Where(f => f.Surface == name).Sum(f => f.Values[0]);
                return new SurfacePorts(
                    name, points, flux, points.Shares([.. points.Nodes.Select(_ => flux)], 1),
                    settings.Films.Where(f => f.Surface == name).Sum(f => f.Values[0]), settings.Ambients.Where(a => a.Surface == name).Sum(a => a.Values[0]),
                    Of("ambient-in", Port.In<double>, Quantities.Temperature), Of("temperature-in", Port.In<double>, Quantities.Temperature), Of("flux-in", Port.In<double>, Quantities.HeatFlux), Of("heat-in", Port.In<double>, Quantities.HeatPower),
                    Of("temperature-out", Port.Out<double>, Quantities.Temperature), Of("flux-out", Port.Out<double>, Quantities.HeatFlux), Of("heat-out", Port.Out<double>, Quantities.HeatPower));
            }),
        ];
        var basis = _integrals.Basis;

        // Where surfaces meet, settings come before ports, and what is named first before what is named later.
        _given = new double[basis.DofCount];
        _fixed = new(basis.DofCount);
        foreach (var (surface, values) in settings.Temperatures)
        {
            foreach (var node in basis.NodesOn(surface).Where(n => !_fixed.Contains(n)))
            {
                _given[node] = values[0] - _start;
                _fixed.Fix(node, 0);
            }
        }

        foreach (var name in settings.Surfaces["temperature-in"])
        {
            var surface = _surfaces.Single(s => s.Name == name);
            surface.Holds = [.. Enumerable.Range(0, surface.Points.Nodes.Length).Where(n => !_fixed.Contains(surface.Points.Nodes[n]))];
            foreach (var n in surface.Holds)
            {
                _fixed.Fix(surface.Points.Nodes[n], 0);
            }
        }

        if (subdomain is not null)
        {
            _own = new(new HeatSettings(given, reader, subdomain.Division.Own(subdomain.Part)), _integrals, subdomain.Division);
            _edge = new(subdomain, basis, _own.Integrals.Basis, 1, Quantities.Temperature, _imbalance, []);
            _isOnEdge = new bool[basis.DofCount];
            foreach (var node in _edge.EdgeNodes.Where(n => !_fixed.Contains(n)))
            {
                _isOnEdge[node] = true;
                _fixed.Fix(node, 0);
            }
        }

        _isFixed = [.. Enumerable.Range(0, _given.Length).Select(_fixed.Contains)];
        var cloud = _integrals.Points.Cloud;
        Description = new(
        [
            new(_source, basis.NodeCount, cloud), new(_field, basis.NodeCount, cloud), new(_energy, 1), new(_defect, 1),
            .. _surfaces.SelectMany(s => s.All.Select(port => new PortLayout(port, s.Points.Nodes.Length, s.Points.Cloud))), .. _edge?.Layouts ?? [],
        ])
        {
            Phases = _edge is { HasCoarse: true } ? [SubdomainPorts.Solve, SubdomainPorts.Correct] : [],
        };
        Begin();
    }

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <summary>The model for experiments.</summary>
    /// <param name="reader">Reads meshes from files.</param>
    public static ModelEntry Entry(MeshReader reader) => new ModelEntry("heat", "A body that conducts heat, of 2-D or 3-D finite elements, from a file of Gmsh or a rectangle or box; steady or not, as a whole or in sub-domains",
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
        settings => new HeatModel(settings, reader)) with { Divide = (settings, asked) => Divided(settings, reader, asked) };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Begin();
        foreach (var surface in _surfaces)
        {
            Write(outputs, 0, surface, new double[surface.Points.Nodes.Length]);
        }

        _edge?.WriteDefect(outputs, 0, []);
        _edge?.WriteTraces(outputs, 0, dof => _start + _excess[dof], null);
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        if (context.Phase == SubdomainPorts.Correct)
        {
            Show(inputs, outputs, window.End);
            return;
        }

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

        if (context.Phase is null)
        {
            Show(inputs, outputs, window.End);
        }
    }

    // What is written at the end of a window, or when the correction of the coarse level is known.
    private void Show(PortReader inputs, PortWriter outputs, double time)
    {
        if (_edge is not null)
        {
            _edge.WriteTraces(outputs, time, dof => _start + _excess[dof], inputs);
            foreach (var surface in _surfaces)
            {
                Write(outputs, time, surface, []);
            }
        }

        Write(outputs, time);
    }

    /// <inheritdoc/>
    public MeshView View()
    {
        // The flux in the middle of each cell, −k ∇T.
        var flux = new Vec3[_conductivity.Length];
        for (var c = 0; c < flux.Length; c++)
        {
            flux[c] = -_conductivity[c] * _integrals.Basis.ScalarAt(_excess, c, _integrals.Basis.Mesh.Geometry(c).Cell.Middle).Gradient;
        }

        return new(_integrals.Basis, [new("temperature", 1, Array.ConvertAll(_excess, t => _start + t))], [MeshField.Of("flux", flux), .. _regions]);
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
        var (_, theta) = HeatSettings.FactorsOf(_scheme);
        var omega = _scheme == "bdf2" && _stepBefore > 0 ? step / _stepBefore : 0;
        var ownLoad = _own is null ? [] : (double[])_own.Integrals.Constant.Clone();
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

        var load = (double[])_integrals.Constant.Clone();
        if (inputs.IsConnected(_source))
        {
            var source = Instant(_source);
            Add(load, _integrals.Points, _integrals.Points.Shares(source, 1));
            _own?.AddSource(ownLoad, source);
        }

        var ofSurface = new double[_surfaces.Length][];
        var next = (double[])_excess.Clone();
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = _isFixed[i] ? _given[i] : next[i];
        }

        foreach (var (s, surface) in _surfaces.Index())
        {
            void Give(double[] density)
            {
                Add(ofSurface[s], surface.Points.Shares(density, 1));
                _own?.AddFlux(ownLoad, surface.Name, density);
            }

            ofSurface[s] = [.. surface.Constant];
            _own?.AddFlux(ownLoad, surface.Name, [.. surface.Points.Nodes.Select(_ => surface.Flux)]);
            if (surface.FluxIn is { } flux)
            {
                Give(Instant(flux));
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
                Give([.. outside.Select(x => surface.Film * (x - _start))]);
            }

            Add(load, surface.Points, ofSurface[s]);
        }

        _edge?.Read(inputs, to, (dof, value) => next[dof] = _isOnEdge[dof] ? value - _start : next[dof]);
        if (_ready is not { } ready || ready.Step != step || ready.Before != (omega > 0 ? _stepBefore : 0))
        {
            ready = (step, omega > 0 ? _stepBefore : 0, new ChangeSolver(ChangeSolver.Sum((c0 / step, _integrals.Capacity), (theta, _integrals.Conduction)), _fixed, null));
            _ready = ready;
        }

        var change = ready.Solver.Solve([.. Residual(_integrals, load, next, _excess, _before).Select(r => -r)]);
        for (var i = 0; i < next.Length; i++)
        {
            next[i] += change[i];
        }

        // Where a temperature is given the residual is heat that flows in; elsewhere it is round-off.
        var held = Residual(_integrals, load, next, _excess, _before);
        for (var i = 0; i < held.Length; i++)
        {
            held[i] = _isFixed[i] ? held[i] : 0;
        }

        foreach (var (s, surface) in _surfaces.Index())
        {
            if (surface.Film > 0)
            {
                // h T∞ is among the loads; h T was in the matrix.
                var mean = Mean(next, _excess);
                var back = surface.Points.Shares([.. surface.Points.Nodes.Select(node => -surface.Film * mean[node])], 1);
                Add(load, surface.Points, back);
                Add(ofSurface[s], back);
            }

            // A sub-domain writes its surfaces with all the rest.
            if (_edge is null)
            {
                Write(outputs, to, surface, [.. surface.Points.Nodes.Select((node, n) => -held[node] - ofSurface[s][n])], next);
            }
        }

        if (_own is not null)
        {
            double[] defect = [.. Residual(_own.Integrals, ownLoad, _own.Of(next), _own.Of(_excess), _own.Of(_before)).Select(r => -r)];
            _edge!.WriteDefect(outputs, to, defect);
        }

        _entered += step * (FixedOrderSum.Of(load) + FixedOrderSum.Of(held));
        _moved += step * FixedOrderSum.Of([.. load.Zip(held, (f, r) => Math.Abs(f) + Math.Abs(r))]);
        (_before, _excess, _stepBefore) = (_excess, next, step);

        // At the time at which heat flows.
        double[] Mean(double[] now, double[] old) => theta == 1 ? now : [.. now.Zip(old, (later, earlier) => (theta * later) + ((1 - theta) * earlier))];

        double[] Residual(HeatIntegrals of, double[] load, double[] now, double[] old, double[] before)
        {
            var (rate, result, flow) = (new double[now.Length], new double[now.Length], new double[now.Length]);
            for (var i = 0; i < now.Length; i++)
            {
                // As differences: what is left where nothing changes is zero.
                rate[i] = ((c0 * (now[i] - old[i])) - (c2 * (old[i] - before[i]))) / step;
            }

            of.Capacity.Multiply(rate, result);
            of.Conduction.Multiply(Mean(now, old), flow);
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

        // That of a sub-domain is of its own part, so that those of all make up the body's.
        var energy = FixedOrderSum.Dot(_weights, _excess);
        outputs.Write(_energy, time, _own is null ? energy : FixedOrderSum.Dot(WeightsOf(_own.Integrals), _own.Of(_excess)));
        var size = Math.Max(Math.Abs(energy), _moved);
        outputs.Write(_defect, time, _scheme == "steady" || size == 0 ? 0 : Math.Abs(energy - _entered) / size);
    }

    private static double[] WeightsOf(HeatIntegrals integrals)
    {
        var weights = new double[integrals.Basis.DofCount];
        integrals.Capacity.Multiply([.. Enumerable.Repeat(1.0, weights.Length)], weights);
        return weights;
    }

    // Who the sub-domains are, and how they hang together.
    private static DividedModel Divided(ModelSettings given, MeshReader reader, Subdomains asked)
    {
        List<string> faults =
        [
            .. SubdomainPorts.NotTaken(given, ["step"], "sub-domains take one step a window: choose the length of the window"),
            .. SubdomainPorts.NotTaken(given, ["heat-in", "heat-out", "flux-out"], "what nodes of two sub-domains have would count twice; 'flux-in', 'temperature-in', 'ambient-in' and 'temperature-out' may be of sub-domains"),
        ];
        if (given.Choice("scheme") == "bdf2")
        {
            faults.Add("'scheme' is bdf2; a body in sub-domains takes steady, backward-euler or crank-nicolson.");
        }

        var division = new GridDivision(given, asked, hasVectors: false, faults);
        CoarsePhysics physics = new(
            1, Quantities.Temperature, _imbalance, part =>
            {
                var of = new HeatIntegrals(new(given, reader, division.Own(part)));
                return (of.Basis, [of.Capacity, of.Conduction]);
            },
            step =>
            {
                var (ofCapacity, theta) = HeatSettings.FactorsOf(given.Choice("scheme"));
                return [ofCapacity / step, theta];
            },
            (surface, _) => given.Texts("fixed-temperature").Contains(surface) || given.Texts("temperature-in").Contains(surface));
        return SubdomainPorts.Divide<double>(Entry(reader), division, (settings, of) => new HeatModel(settings, reader, of), physics, []);
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

    /// <summary>The cells of a sub-domain that are not overlap.</summary>
    private sealed class OwnPart
    {
        private readonly HeatIntegrals _all;
        private readonly int[] _nodes;          // In the sub-domain, of each node of the part.

        public OwnPart(HeatSettings settings, HeatIntegrals all, GridDivision division)
        {
            (Integrals, _all) = (new(settings), all);
            _nodes = division.NodesOf(Integrals.Basis, all.Basis);
        }

        public HeatIntegrals Integrals { get; }

        public double[] Of(double[] field) => Array.ConvertAll(_nodes, n => field[n]);

        public void AddSource(double[] load, double[] density) => Add(load, Integrals.Points, Integrals.Points.Shares(Of(density), 1));

        public void AddFlux(double[] load, string surface, double[] density)
        {
            if (Integrals.Surfaces.TryGetValue(surface, out var own))
            {
                var all = _all.Surfaces[surface].Nodes;
                Add(load, own, own.Shares([.. own.Nodes.Select(n => density[all.BinarySearch(_nodes[n])])], 1));
            }
        }
    }

    /// <summary>A surface with its ports, the flux of the settings, W/m², and the heat that it gives the nodes, W, its film coefficient h (0 if it exchanges no heat), and T∞ of the settings.</summary>
    private sealed record SurfacePorts(
        string Name, BodyPoints Points, double Flux, double[] Constant, double Film, double Ambient, Port<double>? AmbientIn, Port<double>? TemperatureIn, Port<double>? FluxIn, Port<double>? HeatIn, Port<double>? TemperatureOut, Port<double>? FluxOut, Port<double>? HeatOut)
    {
        /// <summary>The nodes of the surface that take their temperature from the port.</summary>
        public ImmutableArray<int> Holds { get; set; } = [];

        public IEnumerable<Port> All => new Port?[] { AmbientIn, TemperatureIn, FluxIn, HeatIn, TemperatureOut, FluxOut, HeatOut }.OfType<Port>();
    }
}
