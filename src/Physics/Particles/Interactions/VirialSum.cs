using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Σ (x_i − x_j) ⊗ f_ij of eight pairs at once.</summary>
internal unsafe struct VirialSum
{
    private Vector512<double> _xx;
    private Vector512<double> _yy;
    private Vector512<double> _zz;
    private Vector512<double> _yz;
    private Vector512<double> _xz;
    private Vector512<double> _xy;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Vector512<double> force, Vector512<double> dx, Vector512<double> dy, Vector512<double> dz)
    {
        var (gx, gy, gz) = (force * dx, force * dy, force * dz);
        _xx = Vector512.FusedMultiplyAdd(gx, dx, _xx);
        _yy = Vector512.FusedMultiplyAdd(gy, dy, _yy);
        _zz = Vector512.FusedMultiplyAdd(gz, dz, _zz);
        _yz = Vector512.FusedMultiplyAdd(gy, dz, _yz);
        _xz = Vector512.FusedMultiplyAdd(gx, dz, _xz);
        _xy = Vector512.FusedMultiplyAdd(gx, dy, _xy);
    }

    /// <summary>Adds the half of the sums, since each pair is met from both sides.</summary>
    public readonly void AddTo(double* sums)
    {
        sums[1] += 0.5 * Vector512.Sum(_xx);
        sums[2] += 0.5 * Vector512.Sum(_yy);
        sums[3] += 0.5 * Vector512.Sum(_zz);
        sums[4] += 0.5 * Vector512.Sum(_yz);
        sums[5] += 0.5 * Vector512.Sum(_xz);
        sums[6] += 0.5 * Vector512.Sum(_xy);
    }
}
