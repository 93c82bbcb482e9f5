using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// An insulated plate under a heat source that moves along it, as in welding: ∂T/∂t = ∇·(k ∇T) + q, q = P/(2π s²) e^{−|x − x₀ − v t|²/(2s²)}, of elements on a quadtree
/// that a refiner may change. Everything is dimensionless; the plate is cold at the start.
/// </summary>
/// <remarks>
/// The trapezoidal rule, with the source in the middle of the step: (M + ½Δt K) T' = (M − ½Δt K) T + Δt f. Functions sum to one and hanging nodes follow, so 1ᵀM T grows by
/// what the source gives, to round-off; a change of mesh projects T in the mean square, which keeps 1ᵀM T as well. In an infinite plate the temperature is that of
/// Rosenthal's kind, T(x, t) = ∫₀ᵗ P/(2π σ²) e^{−|x − x₀ − v t'|²/(2σ²)} dt', σ² = s² + 2k (t − t').
/// After: Eagar, Tsai, Welding J. 62 (1983) 346-s.
/// </remarks>
public sealed class HeatPlateModel : IViewable
{
    private static readonly Port<LeafEntry> _leaves = Port.In<LeafEntry>("mesh", new("leaves", Unit.One)) with { Optional = true };
    private static readonly Port<double> _indicator = Port.Out<double>("indicator", new("η", Unit.One));
    private static readonly Port<double> _probe = Port.Out<double>("temperature", new("T", Unit.One));
    private static readonly Port<double> _heat = Port.Out<double>("heat", new("Q", Unit.One));
    private static readonly Port<double> _defect = Port.Out<double>("heat-defect", new("ΔQ/Q", Unit.One));
    private static readonly Port<double> _cells = Port.Out<double>("cells", new("n", Unit.One));
    private static readonly Port<double> _meanCells = Port.Out<double>("mean-cells", new("n", Unit.One));

    private readonly AdaptiveMesh _first;
    private readonly int _degree;
    private readonly double _conductivity;
    private readonly double _power;
    private readonly double _radius;
    private readonly double _speed;
    private readonly Vec3 _start;
    private readonly Vec3 _place;
    private Grid _grid;             // A function of the leaves, and so no part of the state.
    private double[] _temperature;
    private double _given;          // By the source so far.
    private long _steps;
    private long _cellSteps;

    private HeatPlateModel(ModelSettings settings)
    {
        _first = Plate.Mesh(settings);
        _degree = settings.Integer("degree");
        (_conductivity, _power, _radius, _speed) = (settings.Number("conductivity"), settings.Number("power"), settings.Number("radius"), settings.Number("speed"));
        _start = new(settings.Number("source-x"), settings.Number("source-y"), 0);
        _place = new(settings.Number("probe-x"), settings.Number("probe-y"), 0);
        _grid = new(_first, _degree, _conductivity, _place);
        _temperature = new double[_grid.Basis.DofCount];
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("heat-plate", "An insulated plate under a moving heat source, of finite elements on an adaptive quadtree",
        [
            .. Plate.Settings,
            Setting.Integer("degree", "degree of the elements", 1, 1, 2),
            Setting.Positive("conductivity", "1", "k, over the heat capacity per area", 0.02),
            Setting.Positive("power", "1", "P, what the source gives in a unit of time", 1),
            Setting.Positive("radius", "1", "s of the source", 0.06),
            Setting.Number("speed", "1", "v of the source along x", 1.5),
            Setting.Number("source-x", "1", "where the source starts", 1),
            Setting.Number("source-y", "1", "where the source starts", 1),
            Setting.Number("probe-x", "1", "where the temperature is shown", 2),
            Setting.Number("probe-y", "1", "where the temperature is shown", 1.1),
        ],
        settings => new HeatPlateModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; } = new(
        new(_leaves, PortLayout.Varying), new(_indicator, PortLayout.Varying), new(_probe, 1), new(_heat, 1), new(_defect, 1), new(_cells, 1), new(_meanCells, 1));

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _grid = new(_first, _degree, _conductivity, _place);
        _temperature = new double[_grid.Basis.DofCount];
        (_given, _steps, _cellSteps) = (0, 0, 0);
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        if (inputs.IsConnected(_leaves) && inputs.Samples(_leaves).Start == window.Start)
        {
            TakeMesh(inputs.Read(_leaves, window.Start));
        }

        // The source in the middle of the window; nodes share it by their functions.
        var (basis, middle) = (_grid.Basis, _start + new Vec3(_speed * 0.5 * (window.Start + window.End), 0, 0));
        var density = _power / (2 * Math.PI * _radius * _radius);
        var load = Assembly.Vector(basis, Heat.Source(x => density * Math.Exp(-0.5 * (x - middle).NormSquared / (_radius * _radius))));
        _temperature = _grid.Step(_temperature, load, window.Length);
        _given += window.Length * FixedOrderSum.Of(load);
        _steps++;
        _cellSteps += _grid.Mesh.Forest.Count;
        Write(outputs, window.End);
    }

    /// <inheritdoc/>
    public MeshView View()
    {
        var forest = _grid.Mesh.Forest;
        return new(
            _grid.Basis, [new("temperature", 1, [.. _temperature])],
            [new("indicator", 1, Indicator()), new("level", 1, [.. Enumerable.Range(0, forest.Count).Select(leaf => (double)forest.LevelOf(leaf))])]);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var codes = _grid.Mesh.Forest.Codes.ToArray();
        archive.Field("leaves", ref codes);
        if (archive.IsRestoring && !codes.AsSpan().SequenceEqual(_grid.Mesh.Forest.Codes))
        {
            _grid = new(_first.WithLeaves(codes), _degree, _conductivity, _place);
        }

        archive.Field("temperature", ref _temperature);
        archive.Value("given", ref _given);
        archive.Value("steps", ref _steps);
        archive.Value("cell-steps", ref _cellSteps);
    }

    private void TakeMesh(ReadOnlySpan<LeafEntry> leaves)
    {
        var codes = LeafEntry.Codes(_first.Forest.Roots, leaves);
        if (codes.AsSpan().SequenceEqual(_grid.Mesh.Forest.Codes))
        {
            return;
        }

        var fresh = new Grid(_first.WithLeaves(codes), _degree, _conductivity, _place);
        _temperature = new MeshTransfer(_grid.Mesh, fresh.Mesh).Project(_grid.Basis, _temperature, fresh.Basis);
        _grid = fresh;
    }

    private double[] Indicator() =>
        ErrorEstimator.Kelly(_grid.Mesh, _grid.Basis, _temperature, inflow: new Dictionary<string, Func<QuadraturePoint, double>> { [AdaptiveMesh.Surface] = _ => 0 });

    private void Write(PortWriter outputs, double time)
    {
        var indicator = Indicator();
        indicator.CopyTo(outputs.WriteList(_indicator, time, indicator.Length));
        var heat = FixedOrderSum.Dot(_grid.Weights, _temperature);
        outputs.Write(_probe, time, _grid.Basis.ScalarAt(_temperature, _grid.ProbeCell, _grid.ProbeAt).Value);
        outputs.Write(_heat, time, heat);
        outputs.Write(_defect, time, _given > 0 ? Math.Abs(heat - _given) / _given : 0);
        outputs.Write(_cells, time, _grid.Mesh.Forest.Count);
        outputs.Write(_meanCells, time, _steps > 0 ? (double)_cellSteps / _steps : _grid.Mesh.Forest.Count);
    }

    /// <summary>A mesh with its matrices.</summary>
    private sealed class Grid
    {
        private readonly CsrMatrix _mass;
        private readonly CsrMatrix _stiffness;
        private readonly Constraints _constraints;

        public Grid(AdaptiveMesh mesh, int degree, double conductivity, Vec3 probe)
        {
            (Mesh, Basis) = (mesh, Basis.Scalar(mesh.Mesh, degree));
            (_mass, _stiffness) = (Assembly.Matrix(Basis, Heat.Capacity(1)), Assembly.Matrix(Basis, Heat.Conduction(conductivity)));
            _constraints = mesh.Constrain(Basis);
            Weights = new double[Basis.DofCount];
            var ones = new double[Basis.DofCount];
            Array.Fill(ones, 1);
            _mass.Multiply(ones, Weights);
            if (!new CellLocator(mesh.Mesh).TryFind(probe, out var cell, out var at))
            {
                throw new ScaleModelException(FormattableString.Invariant($"The probe at ({probe.X}, {probe.Y}) is not on the plate. Change 'probe-x' or 'probe-y'."));
            }

            (ProbeCell, ProbeAt) = (cell, at);
        }

        public AdaptiveMesh Mesh { get; }

        public Basis Basis { get; }

        /// <summary>∫ N_a, whose product with the temperature is the heat.</summary>
        public double[] Weights { get; }

        public int ProbeCell { get; }

        public Vec3 ProbeAt { get; }

        /// <summary>T' of the trapezoidal rule.</summary>
        public double[] Step(double[] old, double[] load, double length)
        {
            var (left, right, flow) = (_mass.WithSamePattern(), new double[old.Length], new double[old.Length]);
            for (var k = 0; k < left.EntryCount; k++)
            {
                left.Values[k] = _mass.Values[k] + (0.5 * length * _stiffness.Values[k]);
            }

            _mass.Multiply(old, right);
            _stiffness.Multiply(old, flow);
            for (var i = 0; i < right.Length; i++)
            {
                right[i] += length * (load[i] - (0.5 * flow[i]));
            }

            return _constraints.Solve(left, right, (matrix, y) =>
            {
                var x = new double[y.Length];
                ConjugateGradient.Solve(matrix, y, x, new JacobiPreconditioner(matrix), 1e-14);
                return x;
            });
        }
    }
}
