using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>
/// The diagonal scaling that makes unlike quantities comparable: one weight per block. Residual sums: weight 1/sⱼ, sⱼ = Σ ‖rⱼ‖ over the
/// iterations of this window, half of it from the window before, a quarter from the one before that. (After the preconditioner of
/// K. Davis, M. Schulte, B. Uekermann, Math. Comput. Appl. 27 (2022) 40, which sums ‖rⱼ‖/‖r‖ instead.)
/// </summary>
/// <remarks>
/// Sums of norms rather than shares: with parallel stages the residual sits now in one block, now in the other, and the share of a small one
/// where the large one happens to vanish would outweigh all that it ever had beside it. Sums that fade rather than begin anew: in the first
/// iteration of a window, or of all, a block may have no residual but round-off, which says nothing of its size.
/// </remarks>
internal sealed class BlockWeights(AccelerationSpec spec)
{
    /// <summary>A norm below this share of the values' own is taken to be this large: it consists of round-off.</summary>
    private const double Floor = 1e-12;

    /// <summary>What becomes of a sum when a window ends.</summary>
    private const double Fading = 0.5;

    private double[] _weights = [];
    private double[] _sums = [];
    private double[] _sizes = [];
    private int _windows;

    public double Of(int block) => _weights[block];

    /// <summary>Takes the residual of an iteration.</summary>
    /// <returns>Whether weights have changed.</returns>
    public bool Update(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> r)
    {
        var changed = _weights.Length != blocks.Length;
        if (changed)
        {
            Begin(blocks);
        }

        // With one quantity any scaling is a common factor.
        if (spec.Scaling == BlockScaling.Constant || blocks.Count(b => b.IsAccelerated) < 2 || (spec.ScalingFreezesAfter > 0 && _windows >= spec.ScalingFreezesAfter))
        {
            return changed;
        }

        var sizes = _sizes;
        var at = 0;
        for (var b = 0; b < blocks.Length; b++)
        {
            var length = blocks[b].Samples * blocks[b].Length;
            var (value, residual) = (FixedOrderSum.Norm(x.Slice(at, length)), FixedOrderSum.Norm(r.Slice(at, length)));
            _sums[b] += residual;
            sizes[b] = spec.Scaling switch
            {
                BlockScaling.Value => value,
                BlockScaling.Residual => Math.Max(residual, Floor * value),
                _ => Math.Max(_sums[b], Floor * value),
            };
            at += length;
        }

        return (IsFree(blocks, sizes) && Reweigh(sizes)) || changed;
    }

    private void Begin(ImmutableArray<IterateBlock> blocks)
    {
        (_weights, _sums, _sizes) = (new double[blocks.Length], new double[blocks.Length], new double[blocks.Length]);
        Array.Fill(_weights, 1);
        var factor = 0;
        for (var b = 0; b < blocks.Length; b++)
        {
            if (blocks[b].IsAccelerated && factor < spec.Factors.Length)
            {
                _weights[b] = 1 / spec.Factors[factor++];
            }
        }
    }

    // Residual sums are let go of only where the weights of two blocks would change by the threshold relative to each other: a common factor means nothing.
    private bool IsFree(ImmutableArray<IterateBlock> blocks, double[] sizes)
    {
        if (_windows == 0 || spec.Scaling != BlockScaling.ResidualSum)
        {
            return true;
        }

        var (least, greatest) = (double.PositiveInfinity, 0.0);
        for (var b = 0; b < sizes.Length; b++)
        {
            if (blocks[b].IsAccelerated && sizes[b] > 0)
            {
                var ratio = sizes[b] * _weights[b];
                (least, greatest) = (Math.Min(least, ratio), Math.Max(greatest, ratio));
            }
        }

        return greatest >= spec.ScalingThreshold * least;
    }

    private bool Reweigh(double[] sizes)
    {
        var changed = false;
        for (var b = 0; b < sizes.Length; b++)
        {
            var weight = sizes[b] > 0 && double.IsFinite(1 / sizes[b]) ? 1 / sizes[b] : _weights[b];
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

    public void EndWindow()
    {
        _windows++;
        for (var b = 0; b < _sums.Length; b++)
        {
            _sums[b] *= Fading;
        }
    }

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
        _sizes = new double[_sums.Length];
    }
}
