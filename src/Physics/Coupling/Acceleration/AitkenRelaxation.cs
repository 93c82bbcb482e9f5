using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>
/// Relaxation by a factor from the last two residuals: ωₖ = −ωₖ₋₁ ⟨rₖ₋₁, rₖ − rₖ₋₁⟩ / ‖rₖ − rₖ₋₁‖², over all substeps and all scaled blocks
/// (B. M. Irons, R. C. Tuck, Int. J. Numer. Meth. Eng. 1 (1969) 275; U. Küttler, W. A. Wall, Comput. Mech. 43 (2008) 61).
/// </summary>
/// <remarks>
/// The factor's magnitude is capped. Where a residual is several times the window's best, the iteration goes back to the best iterate
/// and takes a shorter step from there; each time it happens the step halves, so that a wrong factor cannot run away.
/// </remarks>
/// <param name="spec">First factor, cap, scaling.</param>
public sealed class AitkenRelaxation(AccelerationSpec spec) : IAcceleration
{
    private const double Worse = 2;         // Times the best residual: beyond, the step is taken back.
    private const double LeastShare = 0.01; // Of the first factor: below, nothing would move any more.

    private readonly BlockWeights _weights = new(spec);
    private double[] _r = [];
    private double[] _before = [];
    private double[] _bestX = [];
    private double[] _bestR = [];
    private double _bestNorm = double.PositiveInfinity;
    private double _factor = spec.Relaxation;
    private int _backSteps;

    /// <inheritdoc/>
    public void Next(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> next, int iteration)
    {
        if (_r.Length != x.Length)
        {
            (_r, _before) = (new double[x.Length], new double[x.Length]);
        }

        (_before, _r) = (_r, _before);
        for (var i = 0; i < x.Length; i++)
        {
            _r[i] = hx[i] - x[i];
        }

        _weights.Update(blocks, x, _r);
        if (iteration == 0)
        {
            // The last factor is a good first one, its sign above all, but no longer step than the user asked for.
            _factor = Math.CopySign(Math.Min(spec.Relaxation, Math.Abs(_factor)), _factor);
            (_bestNorm, _backSteps) = (double.PositiveInfinity, 0);
        }
        else
        {
            _factor = NextFactor(blocks);
        }

        var norm = Math.Sqrt(_weights.Dot(blocks, _r, _r));
        if (norm <= _bestNorm)
        {
            _bestNorm = norm;
            _bestX = _bestX.Length == x.Length ? _bestX : new double[x.Length];
            _bestR = _bestR.Length == x.Length ? _bestR : new double[x.Length];
            x.CopyTo(_bestX);
            _r.CopyTo(_bestR, 0);
        }
        else if (!(norm <= Worse * _bestNorm))
        {
            _backSteps++;
            _factor = Math.CopySign(Math.Min(spec.Relaxation, Math.Abs(_factor)), _factor) * Math.Pow(0.5, _backSteps);
            _bestR.CopyTo(_r, 0);
            Step(_bestX, _bestR, next);
            return;
        }

        Step(x, _r, next);
    }

    private void Step(ReadOnlySpan<double> x, ReadOnlySpan<double> r, Span<double> next)
    {
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = x[i] + (_factor * r[i]);
        }
    }

    private double NextFactor(ImmutableArray<IterateBlock> blocks)
    {
        var product = 0.0;
        var square = 0.0;
        var at = 0;
        for (var b = 0; b < blocks.Length; b++)
        {
            var length = blocks[b].Samples * blocks[b].Length;
            if (blocks[b].IsAccelerated)
            {
                var weight = _weights.Of(b) * _weights.Of(b);
                var old = _before.AsSpan(at, length);
                var now = _r.AsSpan(at, length);
                product += weight * (FixedOrderSum.Dot(old, now) - FixedOrderSum.Dot(old, old));
                var distance = FixedOrderSum.Distance(now, old);
                square += weight * distance * distance;
            }

            at += length;
        }

        var factor = square > 0 ? -_factor * product / square : spec.Relaxation;
        var least = LeastShare * spec.Relaxation;
        return !double.IsFinite(factor) ? spec.Relaxation
            : Math.Abs(factor) > spec.GreatestFactor ? Math.CopySign(spec.GreatestFactor, factor)
            : Math.Abs(factor) < least ? (factor < 0 ? -least : least)
            : factor;
    }

    /// <inheritdoc/>
    public void Accept(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, int iteration) => _weights.EndWindow();

    /// <inheritdoc/>
    public void Forget()
    {
        _factor = spec.Relaxation;
        _weights.Forget();
        (_r, _before, _bestX, _bestR) = ([], [], [], []);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("aitken factor", ref _factor);
        archive.Value("aitken back steps", ref _backSteps);
        archive.Value("aitken best norm", ref _bestNorm);
        archive.Field("aitken r", ref _r);
        archive.Field("aitken before", ref _before);
        archive.Field("aitken best x", ref _bestX);
        archive.Field("aitken best r", ref _bestR);
        _weights.Archive(archive);
    }
}
