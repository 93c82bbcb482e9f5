using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>
/// A solid body as a participant, at rest or in motion: M a + F(u) = f in two or three dimensions, of finite elements. Tractions, forces and displacements come
/// in, and displacements, velocities, forces and tractions go out through its surfaces by ports with the surfaces' names.
/// </summary>
/// <remarks>
/// Implicit steps, with generalized α; Newmark's trapezoidal rule has α_m = α_f = 0, a body at rest M = 0:
/// ũ = u + Δt v + Δt² (½ − β) a, a₊ = (u₊ − ũ)/(β Δt²), v₊ = v + Δt ((1 − γ) a + γ a₊),
/// r = M ((1 − α_m) a₊ + α_m a) + (1 − α_f) (F(u₊) − f₊) + α_f (F(u) − f) = 0 at the free dofs. After: Chung, Hulbert, J. Appl. Mech. 60, 371 (1993), with the
/// forces of both ends instead of those of a time between. Explicit steps, with a diagonal m:
/// u₊ = u + Δt v + ½ Δt² a, a₊ = (f₊ − F(u₊))/m, v₊ = v + ½ Δt (a + a₊). Where the displacement is given, F(u) + M a − f is the force that holds it. Beddings and
/// pressures that follow the surface are among f, which then depends on u: f(t, u) = f(t) − B u − P(u).
/// </remarks>
public sealed class SolidModel : IViewable
{
    private static readonly Port<Vec3> _bodyForce = Port.In<Vec3>("body-force", new("b", Unit.Parse("N/m^3"))) with { Optional = true };
    private static readonly Port<double> _temperature = Port.In<double>("temperature", Quantities.Temperature) with { Optional = true };
    private static readonly Port<Vec3> _displacements = Port.Out<Vec3>("displacement", Quantities.Displacement);
    private static readonly Port<Vec3> _velocities = Port.Out<Vec3>("velocity", Quantities.Velocity);
    private static readonly Port<SymTensor3> _stress = Port.Out<SymTensor3>("stress", Quantities.Stress);
    private static readonly Port<double> _kinetic = Port.Out<double>("kinetic-energy", Quantities.Energy);
    private static readonly Port<double> _strainEnergy = Port.Out<double>("strain-energy", Quantities.Energy);
    private static readonly Port<double> _workDone = Port.Out<double>("work", Quantities.Energy);
    private static readonly Port<double> _defect = Port.Out<double>("energy-defect", new("ΔE/E", Unit.One));

    private readonly SolidSettings _settings;
    private readonly Basis _basis;
    private readonly SolidMaterials _materials;
    private readonly CsrMatrix? _stiffness;                 // Of a linear body.
    private readonly CsrMatrix? _bedding;                   // B.
    private readonly HexDynamics? _hexahedra;               // The forces of one point a cell, if those are asked for.
    private readonly CsrMatrix _mass;
    private readonly double[] _lumped;
    private readonly double[] _constant;                    // Forces of the settings on the body, N.
    private readonly BodyPoints _body;
    private readonly ImmutableArray<SurfacePorts> _surfaces;
    private readonly double[] _given;                       // Displacements of the settings, where they give one.
    private readonly Constraints _fixed;
    private readonly bool[] _isFixed;
    private readonly OwnPart? _own;                         // Of a sub-domain.
    private readonly SubdomainPorts<Vec3>? _edge;
    private readonly bool[] _isOnEdge = [];                 // Dofs of which other sub-domains say the displacement.
    private (double Step, ChangeSolver Solver)? _ready;     // For a linear body, of the last length of step.
    private double[] _u = [];
    private double[] _v = [];
    private double[] _a = [];
    private double[] _inner = [];                           // F(u).
    private double[] _load = [];                            // f.
    private double[] _state = [];
    private double[] _rise = [];                            // T − T₀; empty as long as no temperature came.
    private double _work;
    private double _energyAtStart;
    private bool _hasBegun;

    private SolidModel(ModelSettings given, MeshReader reader, Subdomain? subdomain = null)
    {
        _settings = new(given, reader, subdomain?.Division.Reach(subdomain.Part));
        var body = _settings.Body;
        var integrals = new SolidIntegrals(_settings);
        (_basis, _materials, _body, _mass, _constant) = (integrals.Basis, integrals.Materials, integrals.Points, integrals.Mass, integrals.Constant);
        _surfaces =
        [
            .. _settings.PortSurfaces.Select(name =>
            {
                Port<Vec3>? Of(string key, Func<string, Quantity, Port<Vec3>> make, Quantity quantity) => _settings.Surfaces[key].Contains(name) ? make($"{key}-{name}", quantity) : null;
                var (points, constant, bedding) = integrals.Surfaces[name];
                return new SurfacePorts(
                    name, points, constant, bedding, _settings.Follower(name),
                    _settings.Surfaces["follower-pressure-in"].Contains(name) ? Port.In<double>($"follower-pressure-in-{name}", new("p", Unit.Parse("Pa"))) : null,
                    Of("traction-in", Port.In<Vec3>, Traction), Of("force-in", Port.In<Vec3>, Quantities.Force), Of("displacement-in", Port.In<Vec3>, Quantities.Displacement),
                    Of("displacement-out", Port.Out<Vec3>, Quantities.Displacement), Of("velocity-out", Port.Out<Vec3>, Quantities.Velocity),
                    Of("traction-out", Port.Out<Vec3>, Traction), Of("force-out", Port.Out<Vec3>, Quantities.Force));
            }),
        ];
        (_given, _fixed) = Fix();
        if (subdomain is not null)
        {
            _own = new(new(new SolidSettings(given, reader, subdomain.Division.Own(subdomain.Part))), integrals, subdomain.Division);
            _edge = new(subdomain, integrals.Scalar, _own.Integrals.Scalar, _basis.Components, Quantities.Displacement, Quantities.Force, RatesOf(_settings.IsStatic));
            _isOnEdge = new bool[_basis.DofCount];
            foreach (var dof in _edge.EdgeNodes.SelectMany(n => Enumerable.Range(0, _basis.Components).Select(c => _basis.Dof(n, c))).Where(d => !_fixed.Contains(d)))
            {
                _isOnEdge[dof] = true;
                _fixed.Fix(dof, 0);
            }
        }

        _isFixed = [.. Enumerable.Range(0, _given.Length).Select(_fixed.Contains)];

        // The stable step can be known only now, when nothing else is wrong.
        _bedding = integrals.Bedding;
        _hexahedra = _settings.IsOnePoint ? new(body.Mesh, _settings.Moduli.Young, _settings.Moduli.Poisson, _settings.Density[0]) : null;
        _stiffness = _settings.IsLinear && _hexahedra is null ? integrals.Stiffness(ChunkedLoop.Serial) : null;
        _lumped = _hexahedra?.Mass ?? (_settings.IsExplicit ? LumpedMass.RowSums(_mass) : []);
        LongestStep = _settings.IsExplicit ? StableStep(integrals) : double.PositiveInfinity;
        if (_settings.LongestStep > LongestStep)
        {
            throw new ScaleModelException(FormattableString.Invariant($"'step' is {_settings.LongestStep} s, and explicit steps are stable up to {LongestStep:g4} s; take a shorter one, or leave 'step' out."));
        }

        ImmutableArray<PortLayout> volume =
        [
            new(_bodyForce, _body.Nodes.Length, _body.Cloud), .. _settings.Large.IsEmpty && _edge is null ? ImmutableArray.Create(new PortLayout(_temperature, _body.Nodes.Length, _body.Cloud)) : [],
            new(_displacements, _body.Nodes.Length, _body.Cloud), .. _settings.IsStatic ? [] : ImmutableArray.Create(new PortLayout(_velocities, _body.Nodes.Length, _body.Cloud)),
            new(_stress, body.Mesh.CellCount, Middles()), new(_kinetic, 1), new(_strainEnergy, 1), new(_workDone, 1), new(_defect, 1),
        ];
        Description = new([.. volume, .. _surfaces.SelectMany(s => s.All.Select(port => new PortLayout(port, s.Points.Nodes.Length, s.Points.Cloud))), .. _surfaces.Select(s => s.FollowerIn).OfType<Port>().Select(port => new PortLayout(port, 1)), .. _edge?.Layouts ?? []])
        {
            Phases = _edge is { HasCoarse: true } ? [SubdomainPorts.Solve, SubdomainPorts.Correct] : [],
        };
        Begin();
    }

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <summary>The longest stable step of the body as it is at the start, s; infinite unless steps are explicit.</summary>
    public double LongestStep { get; }

    /// <summary>The model for experiments.</summary>
    /// <param name="reader">Reads meshes from files.</param>
    public static ModelEntry Entry(MeshReader reader) => new ModelEntry("solid", "A solid body of 2-D or 3-D finite elements, from a file of Gmsh or a rectangle or box: at rest, or in motion by implicit or explicit steps; as a whole or, if linear, in sub-domains",
        SolidSettings.All, settings => new SolidModel(settings, reader)) with { Divide = (settings, asked) => Divided(settings, reader, asked) };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Begin();
        foreach (var surface in _surfaces)
        {
            Write(outputs, 0, surface, new double[3 * surface.Points.Nodes.Length]);
        }

        _edge?.WriteDefect(outputs, 0, []);
        WriteEdge(outputs, 0, null);
        Write(outputs, 0, ChunkedLoop.Serial);
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
            Show(inputs, outputs, window.End, context.Loop);
            return;
        }

        var steps = WindowSteps.Of(window.Length, _settings.LongestStep ?? (_settings.IsExplicit ? SafeStep * LongestStep : null));
        try
        {
            if (!_hasBegun)
            {
                BeginMotion(inputs, window.Start, context.Loop);
            }

            TakeMotionOfEdge(inputs, window.Start);
            for (var s = 0; s < steps; s++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                Step(inputs, outputs, window.EndOfStep(s, steps), window.Length / steps, context.Loop);
                context.Report((s + 1.0) / steps);
            }

            if (context.Phase is null)
            {
                Show(inputs, outputs, window.End, context.Loop);
            }
        }
        catch (ScaleModelException fault) when (fault.InnerException is InvalidOperationException)
        {
            throw new ScaleModelException($"The displacements cannot be solved for: {fault.Message}{Advice}", fault);
        }
    }

    /// <inheritdoc/>
    public MeshView View()
    {
        MeshField displacement = new("displacement", _basis.Components, [.. _u]);
        return new(
            _basis, _settings.IsStatic ? [displacement] : [displacement, new("velocity", _basis.Components, [.. _v])],
            [MeshField.Of("stress", _materials.Look(_u, _state, _rise, ChunkedLoop.Serial).Stress), .. _settings.Body.RegionFields]);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var n = _basis.DofCount;
        BodyState.Field(archive, "displacement", ref _u, n);
        BodyState.Field(archive, "velocity", ref _v, n);
        BodyState.Field(archive, "acceleration", ref _a, n);
        BodyState.Field(archive, "inner-forces", ref _inner, n);
        BodyState.Field(archive, "load", ref _load, n);
        BodyState.Field(archive, "material", ref _state, _state.Length);
        BodyState.Field(archive, "temperature-rise", ref _rise, _body.Nodes.Length, mayBeEmpty: true);
        archive.Value("work", ref _work);
        archive.Value("energy-at-start", ref _energyAtStart);
        archive.Value("has-begun", ref _hasBegun);
    }

    private static ImmutableArray<EdgeRate> RatesOf(bool isStatic) => isStatic ? [] : [new("velocity", Quantities.Velocity), new("acceleration", new("a", Unit.Parse("m/s^2")))];

    private void WriteEdge(PortWriter outputs, double time, PortReader? inputs)
    {
        _edge?.WriteTraces(outputs, time, dof => _u[dof], inputs);
        if (!_settings.IsStatic)
        {
            _edge?.WriteRate(outputs, time, 0, _v);
            _edge?.WriteRate(outputs, time, 1, _a);
        }
    }

    // At the edge of a sub-domain v and a follow from displacements alone, by a rule that damps no error of theirs: over many windows those of iterations would add up.
    // Where a window begins, v and a are those of the owners, whose nodes are in balance.
    private void TakeMotionOfEdge(PortReader inputs, double time)
    {
        if (_edge is null || _settings.IsStatic)
        {
            return;
        }

        // States that are kept elsewhere stay as they are.
        (_v, _a) = ([.. _v], [.. _a]);
        foreach (var (rate, field) in ((double[][])[_v, _a]).Index())
        {
            _edge.ReadRate(inputs, time, rate, (dof, value) => field[dof] = _isOnEdge[dof] ? value : field[dof]);
        }
    }

    // What is written at the end of a window, or when the correction of the coarse level is known.
    private void Show(PortReader inputs, PortWriter outputs, double time, ChunkedLoop loop)
    {
        if (_edge is not null)
        {
            WriteEdge(outputs, time, inputs);
            foreach (var surface in _surfaces)
            {
                Write(outputs, time, surface, []);
            }
        }

        Write(outputs, time, loop);
    }

    // Of the longest stable step, if the user names none.
    private const double SafeStep = 0.9;

    // What the user may do if the displacements cannot be solved for.
    private string Advice => !_settings.IsStatic ? ""
        : $" A body at rest has to be held: 'fixed', 'symmetry', 'displaced', 'displacement-in' and 'bedding' do so{(_settings.IsLinear ? "" : "; or the load is more than the body bears")}.";

    private static Quantity Traction { get; } = new("t", Unit.Parse("Pa"));

    // ω² of the body on its bedding is at most the sum of those of both.
    private double StableStep(SolidIntegrals integrals)
    {
        var body = _hexahedra?.LongestStep ?? LumpedMass.LongestStep(_stiffness ?? integrals.Stiffness(ChunkedLoop.Serial), _lumped, _fixed);
        var bedding = _bedding is null ? double.PositiveInfinity : LumpedMass.LongestStep(_bedding, _lumped, _fixed);
        return 1 / Math.Sqrt((1 / (body * body)) + (1 / (bedding * bedding)));
    }

    private void Begin()
    {
        var n = _basis.DofCount;
        (_u, _v, _a, _inner, _load) = (new double[n], _basis.Interpolate(_ => _settings.InitialVelocity), new double[n], new double[n], new double[n]);
        for (var dof = 0; dof < n; dof++)
        {
            _v[dof] = _settings.IsStatic || (_isFixed[dof] && !(_edge is not null && _isOnEdge[dof])) ? 0 : _v[dof];
        }

        (_state, _rise, _work, _hasBegun) = (_materials.InitialState(), [], 0, false);
        _energyAtStart = Kinetic();
    }

    // Where surfaces meet, settings come before ports, and what is named first before what is named later.
    private (double[] Given, Constraints Fixed) Fix()
    {
        var (given, constraints) = (new double[_basis.DofCount], new Constraints(_basis.DofCount));
        foreach (var (surface, component, value) in _settings.Held)
        {
            foreach (var dof in _basis.NodesOn(surface).Select(n => _basis.Dof(n, component)).Where(d => !constraints.Contains(d)))
            {
                given[dof] = value;
                constraints.Fix(dof, 0);
            }
        }

        foreach (var name in _settings.Surfaces["displacement-in"])
        {
            var surface = _surfaces.Single(s => s.Name == name);
            surface.Holds =
            [
                .. from n in Enumerable.Range(0, surface.Points.Nodes.Length)
                   from c in Enumerable.Range(0, _basis.Components)
                   let dof = _basis.Dof(surface.Points.Nodes[n], c)
                   where !constraints.Contains(dof)
                   select (n, c, dof),
            ];
            foreach (var (_, _, dof) in surface.Holds)
            {
                constraints.Fix(dof, 0);
            }
        }

        return (given, constraints);
    }

    private PointCloud Middles()
    {
        var mesh = _basis.Mesh;
        return new([.. Enumerable.Range(0, mesh.CellCount).Select(c => mesh.Place(c, mesh.Geometry(c).Cell.Middle)).SelectMany(x => new[] { x.X, x.Y, x.Z })]);
    }

    // The displacement with what is given at a time.
    private double[] Held(double[] u, PortReader inputs, double time)
    {
        var held = (double[])u.Clone();
        for (var dof = 0; dof < held.Length; dof++)
        {
            held[dof] = _isFixed[dof] ? _given[dof] : held[dof];
        }

        foreach (var surface in _surfaces.Where(s => s.DisplacementIn is not null))
        {
            var values = inputs.Read(surface.DisplacementIn!, time);
            foreach (var (n, c, dof) in surface.Holds)
            {
                held[dof] = values[n][c];
            }
        }

        _edge?.Read(inputs, time, (dof, value) => held[dof] = _isOnEdge[dof] ? value : held[dof]);
        return held;
    }

    // The forces on the body at a time that do not depend on its displacement, of each surface, and all; and the pressures that follow each surface.
    private Loads Load(PortReader inputs, double time)
    {
        var load = (double[])_constant.Clone();
        if (inputs.IsConnected(_bodyForce))
        {
            Add(load, _body, _body.Shares(MemoryMarshal.Cast<Vec3, double>(inputs.Read(_bodyForce, time)), 3));
        }

        var (all, followers) = (new double[_surfaces.Length][], new double[_surfaces.Length]);
        foreach (var (s, surface) in _surfaces.Index())
        {
            followers[s] = _settings.Body.Thickness * (surface.Follower + (surface.FollowerIn is { } follower ? inputs.Read(follower, time)[0] : 0));
            all[s] = [.. surface.Constant];
            if (surface.TractionIn is { } traction)
            {
                Add(all[s], surface.Points, surface.Points.Shares(MemoryMarshal.Cast<Vec3, double>(inputs.Read(traction, time)), 3));
            }

            if (surface.ForceIn is { } force)
            {
                Add(all[s], surface.Points, MemoryMarshal.Cast<Vec3, double>(inputs.Read(force, time)));
            }

            for (var dof = 0; dof < load.Length; dof++)
            {
                load[dof] += all[s][dof];
            }
        }

        return new(load, all, followers, null);
    }

    // The forces on the body with those that depend on its displacement.
    private Loads At(Loads given, double[] u, ChunkedLoop loop)
    {
        if (_bedding is null && given.Followers.All(p => p == 0))
        {
            return given;
        }

        var (all, ofSurface) = ((double[])given.All.Clone(), (double[][])given.OfSurface.Clone());
        var following = new List<SystemResponse>();
        foreach (var (s, surface) in _surfaces.Index())
        {
            var added = new double[u.Length];
            surface.Bedding?.On(loop).Multiply(u, added);
            if (given.Followers[s] != 0)
            {
                var pressure = HyperelasticBody.Pressure(_basis, surface.Name, given.Followers[s], u, loop);
                following.Add(pressure);
                added = [.. added.Zip(pressure.Force, (b, p) => b + p)];
            }

            if (surface.Bedding is not null || given.Followers[s] != 0)
            {
                ofSurface[s] = [.. ofSurface[s].Zip(added, (f, b) => f - b)];
                all = [.. all.Zip(added, (f, b) => f - b)];
            }
        }

        return new(all, ofSurface, given.Followers, following);
    }

    // All stiffnesses of a step: c_M M + c_K (K + B + ∂P/∂u).
    private CsrMatrix Tangent(double ofMass, double ofStiffness, CsrMatrix stiffness, Loads loads) => ChangeSolver.Sum(
        [(ofMass, _mass), (ofStiffness, stiffness), .. _bedding is null ? [] : new[] { (ofStiffness, _bedding) }, .. loads.Following?.Select(p => (ofStiffness, p.Stiffness)) ?? []]);

    private double[] Rise(PortReader inputs, double time) => !_settings.Large.IsEmpty || _edge is not null || !inputs.IsConnected(_temperature)
        ? []
        : [.. inputs.Read(_temperature, time).ToArray().Select(t => t - _settings.ReferenceTemperature)];

    // Forces and acceleration where the motion begins.
    private void BeginMotion(PortReader inputs, double time, ChunkedLoop loop)
    {
        _hasBegun = true;
        if (_settings.IsStatic)
        {
            return;
        }

        (_u, _rise) = (Held(_u, inputs, time), Rise(inputs, time));
        _load = At(Load(inputs, time), _u, loop).All;
        (_inner, _) = Inner(_u, _rise, loop);
        double[] net = [.. _load.Zip(_inner, (f, r) => f - r)];
        if (_edge is not null && Enumerable.Range(0, net.Length).Any(dof => !_isFixed[dof] && net[dof] != 0))
        {
            throw new ScaleModelException("A body in sub-domains begins its motion without acceleration: at the start no load and no given displacement acts on it. Let what its ports give rise from zero.");
        }

        _a = _settings.IsExplicit
            ? [.. net.Select((f, dof) => _isFixed[dof] ? 0 : f / _lumped[dof])]
            : new ChangeSolver(_mass, _fixed, null).Solve(net);
        _energyAtStart = Kinetic() + (_hexahedra is null ? _materials.Look(_u, _state, _rise, loop).Energy : 0.5 * FixedOrderSum.Dot(_u, _inner));
    }

    // F(u) and the state of the material there.
    private (double[] Force, double[] State) Inner(double[] u, double[] rise, ChunkedLoop loop)
    {
        if (_hexahedra is not null)
        {
            var pull = new double[u.Length];
            _hexahedra.Forces(u, pull, loop);
            return (Array.ConvertAll(pull, f => -f), _state);
        }

        if (_stiffness is null || rise.Length > 0)
        {
            var response = _materials.Respond(u, _state, rise, loop);
            return (response.Force, response.State);
        }

        var force = new double[u.Length];
        _stiffness.On(loop).Multiply(u, force);
        return (force, _state);
    }

    private void Step(PortReader inputs, PortWriter outputs, double to, double step, ChunkedLoop loop)
    {
        var given = Load(inputs, to);
        var rise = Rise(inputs, to);
        var start = Held(_u, inputs, to);
        var (u, v, a, inner, state, loads) = _settings.IsExplicit ? Explicit(start, given, rise, step, loop) : Implicit(start, given, rise, step, loop);

        // F + M a is all that acts from outside, what holds the body too; its work by the trapezoidal rule.
        var (before, after) = (Outer(_a, _inner), Outer(a, inner));
        for (var dof = 0; dof < u.Length; dof++)
        {
            _work += 0.5 * (before[dof] + after[dof]) * (u[dof] - _u[dof]);
        }

        (_u, _v, _a, _inner, _load, _state, _rise) = (u, v, a, inner, loads.All, state, rise);
        foreach (var (s, surface) in _surfaces.Index())
        {
            var shares = new double[3 * surface.Points.Nodes.Length];
            for (var n = 0; n < surface.Points.Nodes.Length; n++)
            {
                for (var c = 0; c < _basis.Components; c++)
                {
                    var dof = _basis.Dof(surface.Points.Nodes[n], c);
                    shares[(3 * n) + c] = -loads.OfSurface[s][dof] - (_isFixed[dof] ? after[dof] - loads.All[dof] : 0);
                }
            }

            // A sub-domain writes its surfaces with all the rest.
            if (_edge is null)
            {
                Write(outputs, to, surface, shares);
            }
        }

        if (_own is not null)
        {
            _edge!.WriteDefect(outputs, to, _own.Imbalance(u, _settings.IsStatic ? [] : a, OwnLoad(inputs, to)));
        }
    }

    // The forces on the cells of the own part alone.
    private double[] OwnLoad(PortReader inputs, double time)
    {
        var load = (double[])_own!.Integrals.Constant.Clone();
        if (inputs.IsConnected(_bodyForce))
        {
            _own.AddBodyForce(load, inputs.Read(_bodyForce, time), Add);
        }

        foreach (var surface in _surfaces)
        {
            _own.AddTraction(load, surface.Name, surface.TractionIn is { } traction ? inputs.Read(traction, time) : [], Add);
        }

        return load;
    }

    private (double[] U, double[] V, double[] A, double[] Inner, double[] State, Loads Loads) Explicit(double[] held, Loads given, double[] rise, double step, ChunkedLoop loop)
    {
        var (u, v, a) = (new double[held.Length], new double[held.Length], new double[held.Length]);
        for (var i = 0; i < u.Length; i++)
        {
            u[i] = _isFixed[i] ? held[i] : _u[i] + (step * _v[i]) + (0.5 * step * step * _a[i]);
        }

        var (inner, state) = Inner(u, rise, loop);
        var loads = At(given, u, loop);
        for (var i = 0; i < u.Length; i++)
        {
            if (_isFixed[i])
            {
                v[i] = (u[i] - _u[i]) / step;
                a[i] = (v[i] - _v[i]) / step;
            }
            else
            {
                a[i] = (loads.All[i] - inner[i]) / _lumped[i];
                v[i] = _v[i] + (0.5 * step * (_a[i] + a[i]));
            }
        }

        return (u, v, a, inner, state, loads);
    }

    private (double[] U, double[] V, double[] A, double[] Inner, double[] State, Loads Loads) Implicit(double[] held, Loads given, double[] rise, double step, ChunkedLoop loop)
    {
        var (m, f, beta, gamma) = _settings.Scheme;
        var isStatic = _settings.IsStatic;
        var inertia = isStatic ? 0 : (1 - m) / (beta * step * step);
        double[] Acceleration(double[] u) => isStatic ? _a : [.. u.Select((x, i) => (x - _u[i] - (step * _v[i]) - (step * step * (0.5 - beta) * _a[i])) / (beta * step * step))];

        // r of what the body answers.
        double[] Residual(double[] u, double[] inner, double[] load)
        {
            var (result, of) = (new double[u.Length], new double[u.Length]);
            if (!isStatic)
            {
                _mass.On(loop).Multiply([.. Acceleration(u).Zip(_a, (now, old) => ((1 - m) * now) + (m * old))], of);
            }

            for (var i = 0; i < u.Length; i++)
            {
                result[i] = of[i] + ((1 - f) * (inner[i] - load[i])) + (f * (_inner[i] - _load[i]));
            }

            return result;
        }

        double[] next;
        if (_stiffness is not null)
        {
            if (_ready is not { } ready || ready.Step != step)
            {
                ready = (step, new ChangeSolver(Tangent(inertia, 1 - f, _stiffness, given), _fixed, null));
                _ready = ready;
            }

            var change = ready.Solver.Solve([.. Residual(held, Inner(held, rise, loop).Force, At(given, held, loop).All).Select(r => -r)]);
            next = [.. held.Zip(change, (x, d) => x + d)];
        }
        else
        {
            var constraints = new Constraints(held.Length);
            for (var dof = 0; dof < held.Length; dof++)
            {
                if (_isFixed[dof])
                {
                    constraints.Fix(dof, held[dof]);
                }
            }

            next = Newton.Solve(_u, constraints, u =>
            {
                var (response, loads) = (_materials.Respond(u, _state, rise, loop), At(given, u, loop));
                return new SystemResponse(Residual(u, response.Force, loads.All), () => Tangent(inertia, 1 - f, response.Stiffness, loads));
            }, (matrix, y) =>
            {
                if (given.Followers.All(p => p == 0))
                {
                    return FactorOrIterate.Factored(matrix, loop, isDefinite: false)(y);
                }

                // Where the rim of the surface is free, the tangent of what follows it is not symmetric.
                var x = new double[y.Length];
                new SparseLu(matrix).Solve(y, x);
                return x;
            }, loop: loop).Solution;
        }

        var (force, state) = Inner(next, rise, loop);
        var a = Acceleration(next);
        return (next, isStatic ? _v : [.. a.Select((x, i) => _v[i] + (step * (((1 - gamma) * _a[i]) + (gamma * x))))], a, force, state, At(given, next, loop));
    }

    // F + M a: all forces on the body from outside.
    private double[] Outer(double[] a, double[] inner)
    {
        if (_settings.IsStatic)
        {
            return inner;
        }

        var result = new double[a.Length];
        if (_settings.IsExplicit)
        {
            for (var i = 0; i < a.Length; i++)
            {
                result[i] = (_lumped[i] * a[i]) + inner[i];
            }

            return result;
        }

        _mass.Multiply(a, result);
        for (var i = 0; i < a.Length; i++)
        {
            result[i] += inner[i];
        }

        return result;
    }

    private double Kinetic()
    {
        if (_settings.IsExplicit)
        {
            return 0.5 * FixedOrderSum.Dot(_v, [.. _v.Zip(_lumped, (v, m) => m * v)]);
        }

        var momentum = new double[_v.Length];
        _mass.Multiply(_v, momentum);
        return 0.5 * FixedOrderSum.Dot(_v, momentum);
    }

    private void Write(PortWriter outputs, double time, SurfacePorts surface, double[] forces)
    {
        if (surface.DisplacementOut is { } displacement)
        {
            Spread(_u, surface.Points, outputs.Write(displacement, time));
        }

        if (surface.VelocityOut is { } velocity)
        {
            Spread(_v, surface.Points, outputs.Write(velocity, time));
        }

        if (surface.ForceOut is { } force)
        {
            forces.CopyTo(MemoryMarshal.Cast<Vec3, double>(outputs.Write(force, time)));
        }

        if (surface.TractionOut is { } traction)
        {
            surface.Points.Density(forces, 3).CopyTo(MemoryMarshal.Cast<Vec3, double>(outputs.Write(traction, time)));
        }
    }

    private void Write(PortWriter outputs, double time, ChunkedLoop loop)
    {
        Spread(_u, _body, outputs.Write(_displacements, time));
        if (!_settings.IsStatic)
        {
            Spread(_v, _body, outputs.Write(_velocities, time));
        }

        var (stress, strain) = _materials.Look(_u, _state, _rise, loop);
        strain = _hexahedra is null ? strain : 0.5 * FixedOrderSum.Dot(_u, _inner);
        var kinetic = Kinetic();
        stress.CopyTo(outputs.Write(_stress, time));

        // Those of a sub-domain are of its own part, so that those of all make up the body's.
        outputs.Write(_kinetic, time, _own?.Energy(_own.Integrals.Mass, _v) ?? kinetic);
        outputs.Write(_strainEnergy, time, _own is null ? strain : _own.Energy(_own.Stiffness, _u) - (_own.Integrals.Bedding is { } bedding ? _own.Energy(bedding, _u) : 0));
        outputs.Write(_workDone, time, _work);
        var size = Math.Max(Math.Max(kinetic + strain, _energyAtStart), Math.Abs(_work));
        outputs.Write(_defect, time, size == 0 ? 0 : Math.Abs(kinetic + strain - _energyAtStart - _work) / size);
    }

    private void Spread(double[] from, BodyPoints points, Span<Vec3> to)
    {
        for (var n = 0; n < to.Length; n++)
        {
            var at = from.AsSpan(_basis.Dof(points.Nodes[n]), _basis.Components);
            to[n] = new(at[0], at[1], at.Length > 2 ? at[2] : 0);
        }
    }

    // Three numbers a node; a body in the plane takes two of them.
    private void Add(double[] to, BodyPoints at, ReadOnlySpan<double> values)
    {
        for (var n = 0; n < at.Nodes.Length; n++)
        {
            for (var c = 0; c < _basis.Components; c++)
            {
                to[_basis.Dof(at.Nodes[n], c)] += values[(3 * n) + c];
            }
        }
    }

    // Who the sub-domains are, and how they hang together.
    private static DividedModel Divided(ModelSettings given, MeshReader reader, Subdomains asked)
    {
        const string nodes = "what nodes of two sub-domains have would count twice; 'traction-in', 'displacement-in', 'displacement-out' and 'velocity-out' may be of sub-domains";
        const string linear = "its sub-domains are linear, and know no thermal strain";
        var motion = given.Choice("motion");
        List<string> faults =
        [
            .. SubdomainPorts.NotTaken(given, ["step"], "sub-domains take one step a window: choose the length of the window"),
            .. SubdomainPorts.NotTaken(given, ["force-in", "force-out", "traction-out"], nodes),
            .. SubdomainPorts.NotTaken(given, ["follower-pressure", "follower-pressure-in", "expansion"], linear),
            .. motion != "newmark" ? [] : SubdomainPorts.NotTaken(given, ["constant-traction", "constant-pressure", "constant-body-force", "displaced"], "it begins its motion without acceleration; let a port give a load that rises from zero"),
        ];
        if (motion is not ("static" or "newmark"))
        {
            faults.Add($"'motion' is {motion}; a body in sub-domains takes static or newmark.");
        }

        if (given.Texts("material").Where(m => m is "plastic" or "neo-hookean").Distinct().ToArray() is { Length: > 0 } nonlinear)
        {
            faults.Add($"'material' is {string.Join(", ", nonlinear)}; a body in sub-domains takes isotropic, cubic and orthotropic.");
        }

        if (motion == "static" && ((ReadOnlySpan<string>)["fixed", "symmetry", "displaced", "displacement-in", "bedding"]).ToArray().All(key => given.Texts(key).IsEmpty))
        {
            faults.Add("'motion' is static, and nothing holds the body; name a surface by 'fixed', 'symmetry', 'displaced', 'displacement-in' or 'bedding'.");
        }

        var division = new GridDivision(given, asked, hasVectors: true, faults);
        CoarsePhysics physics = new(
            division.Grid.Dimension, Quantities.Displacement, Quantities.Force, part =>
            {
                var of = new SolidIntegrals(new(given, reader, division.Own(part)));
                return (of.Scalar, [of.Mass, of.StiffnessOnBeddings()]);
            },
            step => [motion == "static" ? 0 : 1 / (DynamicScheme.Newmark().Beta * step * step), 1],
            (surface, component) => ((ReadOnlySpan<string>)["fixed", "displaced", "displacement-in"]).ToArray().Any(key => given.Texts(key).Contains(surface))
                || (given.Texts("symmetry").Contains(surface) && division.Grid.Surfaces[component] is var (lower, upper) && (surface == lower || surface == upper)));
        return SubdomainPorts.Divide<Vec3>(Entry(reader), division, (settings, of) => new SolidModel(settings, reader, of), physics, RatesOf(motion == "static"));
    }

    /// <summary>The cells of a sub-domain that are not overlap.</summary>
    private sealed class OwnPart
    {
        private readonly SolidIntegrals _all;
        private readonly int[] _nodes;          // In the sub-domain, of each node of the part.

        public OwnPart(SolidIntegrals integrals, SolidIntegrals all, GridDivision division)
        {
            (Integrals, _all, Stiffness) = (integrals, all, integrals.StiffnessOnBeddings());
            _nodes = division.NodesOf(integrals.Scalar, all.Scalar);
        }

        public delegate void Adder(double[] to, BodyPoints at, ReadOnlySpan<double> values);

        public SolidIntegrals Integrals { get; }

        public CsrMatrix Stiffness { get; }

        /// <summary>f − K u − M a.</summary>
        public double[] Imbalance(double[] u, double[] a, double[] load)
        {
            var (inner, inertia) = (new double[load.Length], new double[load.Length]);
            Stiffness.Multiply(Of(u), inner);
            if (a.Length > 0)
            {
                Integrals.Mass.Multiply(Of(a), inertia);
            }

            return [.. load.Select((f, dof) => f - inner[dof] - inertia[dof])];
        }

        /// <summary>½ xᵀ A x.</summary>
        public double Energy(CsrMatrix matrix, double[] field)
        {
            var (x, product) = (Of(field), new double[matrix.RowCount]);
            matrix.Multiply(x, product);
            return 0.5 * FixedOrderSum.Dot(x, product);
        }

        public void AddBodyForce(double[] load, ReadOnlySpan<Vec3> density, Adder add)
        {
            var own = new Vec3[_nodes.Length];
            for (var n = 0; n < own.Length; n++)
            {
                own[n] = density[_nodes[n]];
            }

            add(load, Integrals.Points, Integrals.Points.Shares(MemoryMarshal.Cast<Vec3, double>(own.AsSpan()), 3));
        }

        public void AddTraction(double[] load, string surface, ReadOnlySpan<Vec3> density, Adder add)
        {
            if (!Integrals.Surfaces.TryGetValue(surface, out var own))
            {
                return;
            }

            for (var dof = 0; dof < load.Length; dof++)
            {
                load[dof] += own.Constant[dof];
            }

            if (!density.IsEmpty)
            {
                var (all, values) = (_all.Surfaces[surface].Points.Nodes, new Vec3[own.Points.Nodes.Length]);
                for (var n = 0; n < values.Length; n++)
                {
                    values[n] = density[all.BinarySearch(_nodes[own.Points.Nodes[n]])];
                }

                add(load, own.Points, own.Points.Shares(MemoryMarshal.Cast<Vec3, double>(values.AsSpan()), 3));
            }
        }

        private double[] Of(double[] field)
        {
            var components = Integrals.Basis.Components;
            var own = new double[Integrals.Basis.DofCount];
            for (var n = 0; n < _nodes.Length; n++)
            {
                field.AsSpan(components * _nodes[n], components).CopyTo(own.AsSpan(components * n));
            }

            return own;
        }
    }

    /// <summary>Forces on a body, all and those of each surface, one number a dof; pressures that follow each surface, times the thickness, and what they answered last.</summary>
    private sealed record Loads(double[] All, double[][] OfSurface, double[] Followers, List<SystemResponse>? Following);

    /// <summary>A surface with its ports and with its forces of the settings, one number a dof, the matrix of its bedding, and the pressure of the settings that follows it, Pa.</summary>
    private sealed record SurfacePorts(
        string Name, BodyPoints Points, double[] Constant, CsrMatrix? Bedding, double Follower, Port<double>? FollowerIn, Port<Vec3>? TractionIn, Port<Vec3>? ForceIn, Port<Vec3>? DisplacementIn, Port<Vec3>? DisplacementOut, Port<Vec3>? VelocityOut,
        Port<Vec3>? TractionOut, Port<Vec3>? ForceOut)
    {
        /// <summary>What takes its displacement from the port: number on the surface, component, dof.</summary>
        public ImmutableArray<(int Node, int Component, int Dof)> Holds { get; set; } = [];

        public IEnumerable<Port> All => new Port?[] { TractionIn, ForceIn, DisplacementIn, DisplacementOut, VelocityOut, TractionOut, ForceOut }.OfType<Port>();
    }
}
