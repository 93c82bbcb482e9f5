using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>
/// The diagonal scaling that makes unlike quantities comparable: one weight per block. Residual sums: sⱼ ← sⱼ + ‖rⱼ‖/‖r‖ in each iteration
/// of a window, weight 1/sⱼ (as in the preconditioner of K. Davis, M. Schulte, B. Uekermann, Math. Comput. Appl. 27 (2022) 40).
/// </summary>
internal sealed class BlockWeights(AccelerationSpec spec)
{
    private double[] _weights = [];
    private double[] _sums = [];
    private int _windows;

    public double Of(int block) => _weights[block];

    /// <summary>Takes the residual of an iteration.</summary>
    /// <returns>Whether weights have changed.</returns>
    public bool Update(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> r, bool isFirst)
    {
        var changed = false;
        if (_weights.Length != blocks.Length)
        {
            (_weights, _sums) = (new double[blocks.Length], new double[blocks.Length]);
            Array.Fill(_weights, 1);
            changed = true;
            if (spec.Scaling == BlockScaling.Constant && spec.Factors.Length > 0)
            {
                var factor = 0;
                for (var b = 0; b < blocks.Length; b++)
                {
                    _weights[b] = blocks[b].IsAccelerated && factor < spec.Factors.Length ? 1 / spec.Factors[factor++] : 1;
                }
            }
        }

        if (isFirst)
        {
            Array.Clear(_sums);
        }

        // With one quantity any scaling is a common factor.
        if (spec.Scaling == BlockScaling.Constant || blocks.Count(b => b.IsAccelerated) < 2 || (spec.ScalingFreezesAfter > 0 && _windows >= spec.ScalingFreezesAfter))
        {
            return changed;
        }

        var norms = new double[blocks.Length];
        var all = 0.0;
        var at = 0;
        for (var b = 0; b < blocks.Length; b++)
        {
            var length = blocks[b].Samples * blocks[b].Length;
            norms[b] = FixedOrderSum.Norm((spec.Scaling == BlockScaling.Value ? x : r).Slice(at, length));
            all += blocks[b].IsAccelerated ? norms[b] * norms[b] : 0;
            at += length;
        }

        all = Math.Sqrt(all);
        var isFree = _windows == 0;
        for (var b = 0; b < blocks.Length; b++)
        {
            _sums[b] += all > 0 ? norms[b] / all : 0;
            var size = spec.Scaling == BlockScaling.ResidualSum ? _sums[b] : norms[b];
            var ratio = size * _weights[b];
            isFree |= spec.Scaling != BlockScaling.ResidualSum || ratio >= spec.ScalingThreshold || (ratio > 0 && ratio <= 1 / spec.ScalingThreshold);
        }

        for (var b = 0; isFree && b < blocks.Length; b++)
        {
            var size = spec.Scaling == BlockScaling.ResidualSum ? _sums[b] : norms[b];
            var weight = size > 0 && double.IsFinite(1 / size) ? 1 / size : _weights[b];
            changed |= weight != _weights[b];
            _weights[b] = weight;
        }

        return changed;
    }

    /// <summary>Σ over accelerated blocks of w² ⟨a, b⟩.</summary>
    public double Dot(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        var at = 0;
        for (var block = 0; block < blocks.Length; block++)
        {
            var length = blocks[block].Samples * blocks[block].Length;
            if (blocks[block].IsAccelerated)
            {
                sum += _weights[block] * _weights[block] * FixedOrderSum.Dot(a.Slice(at, length), b.Slice(at, length));
            }

            at += length;
        }

        return sum;
    }

    public void EndWindow() => _windows++;

    public void Forget()
    {
        (_weights, _sums) = ([], []);
        _windows = 0;
    }

    public void Archive(StateArchive archive)
    {
        archive.Field("weights", ref _weights);
        archive.Field("weight sums", ref _sums);
        archive.Value("weight windows", ref _windows);
    }
}
