using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Particles.Interactions;

internal readonly struct PlainLennardJones(double epsilon, double sigma, double cutoff) : IPairLaw
{
    private readonly double _c12 = 48 * epsilon * Math.Pow(sigma, 12);
    private readonly double _c6 = 24 * epsilon * Math.Pow(sigma, 6);

    public double Cutoff => cutoff;

    public void Begin(int kind) { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        var inverse2 = Vector512<double>.One / r2;
        var inverse6 = inverse2 * inverse2 * inverse2;
        energy = wantsEnergy ? inverse6 * ((inverse6 * Vector512.Create(_c12 / 12)) - Vector512.Create(_c6 / 6)) : default;
        return inverse6 * ((inverse6 * Vector512.Create(_c12)) - Vector512.Create(_c6)) * inverse2;
    }
}
