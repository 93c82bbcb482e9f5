using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Motion that is turned toward the forces, faster as long as it goes downhill, and stopped where it goes uphill: robust, needs no energies.</summary>
/// <remarks>
/// v ← v + Δt f/m, v ← (1 − α) v + α |v| f/|f|, x ← x + Δt v. While f·v &gt; 0 for more than 20 steps Δt grows by 1.1 and α shrinks by 0.99;
/// otherwise Δt is halved, α is 0.25 again, half of the last move is taken back and v = 0. All coordinates have the mean mass.
/// E. Bitzek et al., Phys. Rev. Lett. 97 (2006) 170201; J. Guénolé et al., Comput. Mater. Sci. 175 (2020) 109584.
/// </remarks>
public sealed class Fire : Minimizer
{
    private const double FirstMix = 0.25;
    private const int Delay = 20;

    /// <summary>The way with steps that begin at <paramref name="step"/> and grow up to ten times that.</summary>
    /// <param name="step">A step that is good for motion at constant energy, in the unit of time.</param>
    /// <exception cref="ScaleModelException">It is not above zero.</exception>
    public Fire(double step) => Step = step is > 0 and < double.PositiveInfinity
        ? step
        : throw new ScaleModelException(FormattableString.Invariant($"The first step of a minimization is {step}; it must be finite and above zero."));

    /// <summary>The first step.</summary>
    public double Step { get; }

    internal override Minimum Run(Landscape landscape, long most, CancellationToken cancellation)
    {
        var x = landscape.Start();
        var (gradient, v) = (new double[x.Length], new double[x.Length]);
        landscape.Evaluate(x, gradient);
        var (step, mix, downhill, acceleration) = (Step, FirstMix, 0, landscape.ForceToAcceleration / landscape.MeanMass);
        for (var iteration = 0L; !landscape.IsConverged && landscape.Evaluations < most; iteration++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (FixedOrderSum.Dot(gradient, v) < 0)
            {
                downhill++;
                if (downhill > Delay)
                {
                    (step, mix) = (Math.Min(1.1 * step, 10 * Step), 0.99 * mix);
                }
            }
            else
            {
                downhill = 0;
                if (iteration > Delay)
                {
                    (step, mix) = (Math.Max(0.5 * step, 0.02 * Step), FirstMix);
                }

                for (var i = 0; i < x.Length; i++)
                {
                    x[i] -= 0.5 * step * v[i];
                    v[i] = 0;
                }
            }

            for (var i = 0; i < x.Length; i++)
            {
                v[i] -= step * acceleration * gradient[i];
            }

            var turn = mix * FixedOrderSum.Norm(v) / FixedOrderSum.Norm(gradient);
            var fastest = 0.0;
            for (var i = 0; i < x.Length; i++)
            {
                v[i] = ((1 - mix) * v[i]) - (turn * gradient[i]);
                fastest = Math.Max(fastest, Math.Abs(v[i]));
            }

            var move = Math.Min(step, landscape.LongestMove / fastest);
            for (var i = 0; i < x.Length; i++)
            {
                x[i] += move * v[i];
            }

            landscape.Evaluate(x, gradient);
        }

        return landscape.Now;
    }
}
