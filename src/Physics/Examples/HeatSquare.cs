using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// One of two unit squares that conduct heat side by side: ∂u/∂t = Δu + f on [0, 2] × [0, 1], cut at x = 1. The left square
/// takes the temperature there and answers with ∂u/∂x (Dirichlet); the right one takes ∂u/∂x and answers with the
/// temperature (Neumann). The exact solution u = 1 + x² + α y² + β t, with f = β − 2 − 2α, stands on all outer sides.
/// </summary>
/// <remarks>
/// Five-point differences on n × n cells, implicit Euler; ∂u/∂x leaves by one-sided differences of second order and enters
/// through ghost nodes. All of it is exact for quadratics in space and linear functions of time, so that what remains of
/// an error is that of the coupling. Everything is dimensionless. The problem is the "partitioned heat conduction" of the
/// preCICE tutorials; it stems from Langtangen, Logg, "Solving PDEs in Python – The FEniCS Tutorial" (2016), section 3.1.
/// </remarks>
public sealed class HeatSquare : IScaleModel
{
    private static readonly Quantity Heat = new("u", Unit.One);
    private static readonly Quantity Slope = new("∂u/∂x", Unit.One);
    private static readonly Port<double> TemperatureIn = Port.In<double>("temperature", Heat);
    private static readonly Port<double> TemperatureOut = Port.Out<double>("temperature", Heat);
    private static readonly Port<double> FluxIn = Port.In<double>("flux", Slope);
    private static readonly Port<double> FluxOut = Port.Out<double>("flux", Slope);
    private static readonly Port<double> ErrorOut = Port.Out<double>("max-error", new Quantity("max |u − u_exact|", Unit.One));

    private readonly bool _isLeft;
    private readonly double _alpha;
    private readonly double _beta;
    private readonly int _cells;
    private readonly int _substeps;
    private readonly double _h;
    private double[] _u;                    // Column by column: node (i, j) at i·(n + 1) + j.
    private double _maxError;

    // A function of the step alone, and so no part of the state.
    private BandedCholesky? _matrix;
    private double _stepOfMatrix;

    private HeatSquare(ModelSettings settings)
    {
        _isLeft = settings.Choice("side") == "dirichlet";
        _alpha = settings.Number("alpha");
        _beta = settings.Number("beta");
        _cells = settings.Integer("cells");
        _substeps = settings.Integer("substeps");
        _h = 1.0 / _cells;
        _u = new double[(_cells + 1) * (_cells + 1)];

        var interfaceNodes = new double[3 * (_cells + 1)];
        for (var j = 0; j <= _cells; j++)
        {
            (interfaceNodes[3 * j], interfaceNodes[(3 * j) + 1]) = (1, j * _h);
        }

        var nodes = new PointCloud(interfaceNodes, Connectivity.Chain(_cells + 1));
        Description = new(
            new(_isLeft ? TemperatureIn : TemperatureOut, _cells + 1, nodes),
            new(_isLeft ? FluxOut : FluxIn, _cells + 1, nodes),
            new(ErrorOut, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("heat-square", "One half of a heat conduction problem with a manufactured solution, cut in two",
        [
            Setting.Choice("side", "which condition holds at the cut: the left square takes the temperature there (dirichlet), the right one ∂u/∂x (neumann)", ["dirichlet", "neumann"]),
            Setting.Number("alpha", "1", "α of the exact solution 1 + x² + α y² + β t", 3),
            Setting.Number("beta", "1", "β of the exact solution 1 + x² + α y² + β t", 1.2),
            Setting.Integer("cells", "cells along each side of the square", 11, 2, 1000),
            Setting.Integer("substeps", "steps of implicit Euler per window", 1, 1, 1_000_000),
        ],
        settings => new HeatSquare(settings));

    /// <summary>
    /// Ports of cells + 1 points, on the cut from y = 0 to y = 1: <c>temperature</c> u (in on the left, out on the right) and
    /// <c>flux</c> ∂u/∂x (out on the left, in on the right). <c>max-error</c> is the greatest nodal |u − u_exact| so far.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        for (var i = 0; i <= _cells; i++)
        {
            for (var j = 0; j <= _cells; j++)
            {
                _u[At(i, j)] = Exact(i, j, 0);
            }
        }

        _maxError = 0;
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        for (var step = 0; step < _substeps; step++)
        {
            var end = window.EndOfStep(step, _substeps);
            Step(inputs.Read(_isLeft ? TemperatureIn : FluxIn, end), end, window.Length / _substeps);
            Write(outputs, end);
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Field("temperature", ref _u);
        archive.Value("max-error", ref _maxError);
    }

    // The unknown columns of nodes: those inside, and on the right square the cut as well.
    private int FirstColumn => _isLeft ? 1 : 0;

    private int UnknownsPerColumn => _cells - 1;

    private int At(int i, int j) => (i * (_cells + 1)) + j;

    private double Exact(int i, int j, double t)
    {
        var (x, y) = ((_isLeft ? 0 : 1) + (i * _h), j * _h);
        return 1 + (x * x) + (_alpha * y * y) + (_beta * t);
    }

    // (h²/dt + 4) u − Σ neighbours = h² (u₀/dt + f). On the cut the ghost node u₋₁ = u₁ − 2 h ∂u/∂x makes this, halved,
    // (h²/2dt + 2) u − u₁ − ½ (u above + u below) = ½ h² (u₀/dt + f) − h ∂u/∂x, and the matrix stays symmetric.
    private void Step(ReadOnlySpan<double> received, double t, double dt)
    {
        if (_matrix is null || _stepOfMatrix != dt)
        {
            (_matrix, _stepOfMatrix) = (Assemble(dt), dt);
        }

        SetOuterSides(t);
        if (_isLeft)
        {
            received[1..^1].CopyTo(_u.AsSpan(At(_cells, 1)));
        }

        var source = _beta - 2 - (2 * _alpha);
        var right = new double[(_cells - FirstColumn) * UnknownsPerColumn];
        var row = 0;
        for (var i = FirstColumn; i < _cells; i++)
        {
            var share = i == 0 ? 0.5 : 1;
            for (var j = 1; j < _cells; j++, row++)
            {
                right[row] = share * _h * _h * ((_u[At(i, j)] / dt) + source);
                right[row] += (j == 1 ? share * _u[At(i, 0)] : 0) + (j == _cells - 1 ? share * _u[At(i, _cells)] : 0);
                right[row] += (i == 1 && _isLeft ? _u[At(0, j)] : 0) + (i == _cells - 1 ? _u[At(_cells, j)] : 0);
                right[row] -= i == 0 ? _h * received[j] : 0;
            }
        }

        _matrix.Solve(right);
        row = 0;
        for (var i = FirstColumn; i < _cells; i++)
        {
            for (var j = 1; j < _cells; j++, row++)
            {
                _u[At(i, j)] = right[row];
            }
        }

        for (var i = 0; i <= _cells; i++)
        {
            for (var j = 0; j <= _cells; j++)
            {
                _maxError = Math.Max(_maxError, Math.Abs(_u[At(i, j)] - Exact(i, j, t)));
            }
        }
    }

    private BandedCholesky Assemble(double dt)
    {
        var band = UnknownsPerColumn;
        var rows = (_cells - FirstColumn) * band;
        var lower = new double[rows * (band + 1)];
        for (var row = 0; row < rows; row++)
        {
            var share = !_isLeft && row < band ? 0.5 : 1;
            var diagonal = (row * (band + 1)) + band;
            lower[diagonal] = share * ((_h * _h / dt) + 4);
            if (row % band != 0)
            {
                lower[diagonal - 1] = -share;
            }

            if (row >= band)
            {
                lower[diagonal - band] += -1;       // For a band of 1 it shares its place with the neighbour below.
            }
        }

        return new BandedCholesky(rows, band, lower);
    }

    private void SetOuterSides(double t)
    {
        for (var k = 0; k <= _cells; k++)
        {
            _u[At(k, 0)] = Exact(k, 0, t);
            _u[At(k, _cells)] = Exact(k, _cells, t);
            var outer = _isLeft ? 0 : _cells;
            _u[At(outer, k)] = Exact(outer, k, t);
        }
    }

    // ∂u/∂x ≈ (3 uₙ − 4 uₙ₋₁ + uₙ₋₂) / 2h.
    private void Write(PortWriter outputs, double time)
    {
        var cut = outputs.Write(_isLeft ? FluxOut : TemperatureOut, time);
        for (var j = 0; j <= _cells; j++)
        {
            cut[j] = _isLeft
                ? ((3 * _u[At(_cells, j)]) - (4 * _u[At(_cells - 1, j)]) + _u[At(_cells - 2, j)]) / (2 * _h)
                : _u[At(0, j)];
        }

        outputs.Write(ErrorOut, time, _maxError);
    }
}
