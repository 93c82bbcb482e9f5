using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>φ(r) = 4ε[(σ/r)¹² − (σ/r)⁶] without an end, between all atoms of one kind and all their images.</summary>
/// <remarks>
/// Σ φ = Σ φ w + Σ φ (1 − w) with w(r) = ½ erfc((r − R)/δ): the first sum ends where w has vanished, and in the second one, which is smooth, atoms are as good as spread evenly:
/// E = N²/(2V) ∫ φ (1 − w) 4πr² dr, and with it the virial −V ∂E/∂V = E along each axis. Of a crystal the error goes with e^(−(Gδ/2)²), G its shortest reciprocal vector (Poisson's sum): with δ = 0.15 R and R = 8σ energies
/// are good to about ten digits and elastic constants to eight. A fluid is spread evenly as far as its g(r) is one beyond R/2.
/// </remarks>
public static class EndlessLennardJones
{
    /// <summary>Makes the interactions: pairs up to 1.9 R, and all else. The box is periodic on all sides, the atoms of one kind.</summary>
    /// <param name="epsilon">ε, not below zero.</param>
    /// <param name="sigma">σ, above zero.</param>
    /// <param name="reach">R/σ, from 4 to 100.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public static ImmutableArray<Interaction> Of(double epsilon, double sigma, double reach = 8)
    {
        if (!(epsilon >= 0 && sigma > 0 && double.IsFinite(epsilon + sigma)) || reach is not (>= 4 and <= 100))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A Lennard-Jones potential without an end has ε = {epsilon}, σ = {sigma} and fades at {reach}σ; ε is not below zero, σ above zero, and it fades from 4σ to 100σ on."));
        }

        var law = new FadingLennardJones(epsilon, sigma, reach * sigma);
        return [Interaction.Of(law), new UniformRest(law.Rest())];
    }
}

/// <summary>φ w, with w(r) = ½ erfc((r − R)/δ) and δ = 0.15 R; ends at R + 6δ, where erfc is 2 · 10⁻¹⁷.</summary>
internal readonly struct FadingLennardJones(double epsilon, double sigma, double middle) : IPairLaw
{
    private const double Vanished = 6;          // In δ.
    private readonly double _width = 0.15 * middle;

    public double Cutoff => middle + (Vanished * _width);

    public int Kinds => 1;

    public void Begin(int kind)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        var one = Vector512<double>.One;
        var inverse2 = one / r2;
        var s2 = Vector512.Create(sigma * sigma) * inverse2;
        var s6 = s2 * s2 * s2;
        var phi = Vector512.Create(4 * epsilon) * s6 * (s6 - one);
        var force = Vector512.Create(24 * epsilon) * s6 * (s6 + s6 - one) * inverse2;

        // erfc(−t) = 2 − erfc(t);  w′ = −e^(−t²)/(δ √π). What nobody feels lies so far away that only its t must be bounded.
        var r = Vector512.Sqrt(r2);
        var t = Vector512.Min((r - Vector512.Create(middle)) * Vector512.Create(1 / _width), Vector512.Create(2 * Vanished));
        var complement = ErrorFunction.Complement(Vector512.Abs(t), out var gauss) * Vector512.Create(0.5);
        var w = Vector512.ConditionalSelect(Vector512.LessThan(t, Vector512<double>.Zero), one - complement, complement);
        energy = phi * w;
        return (force * w) + (phi * gauss * Vector512.Create(0.5 * ErrorFunction.TwoOverRootPi / _width) / r);
    }

    /// <summary>∫ φ (1 − w) 4πr² dr, from R − 6δ on.</summary>
    public double Rest()
    {
        const int Points = 20_000;
        var (from, to) = (middle - (Vanished * _width), Cutoff);
        var h = (to - from) / Points;
        var terms = new double[Points + 1];
        for (var k = 0; k <= Points; k++)
        {
            var r = from + (k * h);
            var s6 = Math.Pow(sigma / r, 6);
            var phi = 4 * epsilon * s6 * (s6 - 1);
            var t = (r - middle) / _width;
            var complement = 0.5 * ErrorFunction.Complement(Vector512.Create(Math.Abs(t)), out _)[0];
            var weight = k == 0 || k == Points ? 1 : k % 2 == 1 ? 4 : 2;       // Simpson's rule.
            terms[k] = h / 3 * weight * phi * (t < 0 ? complement : 1 - complement) * 4 * Math.PI * r * r;
        }

        // Beyond: 16πε [σ¹²/(9 r⁹) − σ⁶/(3 r³)]
        var s3 = Math.Pow(sigma / to, 3);
        return FixedOrderSum.Of(terms) + (16 * Math.PI * epsilon * sigma * sigma * sigma * ((s3 * s3 * s3 / 9) - (s3 / 3)));
    }
}

/// <summary>E = N²/(2V) I of atoms that are spread evenly; no forces.</summary>
internal sealed unsafe class UniformRest(double integral) : Interaction
{
    public override double Cutoff => 0;

    internal override bool HasShares => true;

    internal override void Attach(AtomConfiguration atoms)
    {
        if (!(atoms.Box.IsPeriodic(0) && atoms.Box.IsPeriodic(1) && atoms.Box.IsPeriodic(2)))
        {
            throw new ScaleModelException($"Atoms that act on each other without an end are in a box with the sides {atoms.Box.SideA}, {atoms.Box.SideB} and {atoms.Box.SideC}; only in one that is periodic along all of them they go on for ever.");
        }
    }

    internal override void Run(ForcePass pass)
    {
        var n = pass.Atoms.Count;
        if (pass.IsFirst)
        {
            new Span<double>(pass.Atoms.F, 4 * n).Clear();
        }

        var energy = (double)n * n / (2 * pass.Box.Volume) * integral;
        for (var i = 0; i < n && pass.WantsShares; i++)
        {
            Add(pass.Share(i), energy / n);
        }

        if (pass.Counts)
        {
            Add(pass.Sums(0), energy);
        }
    }

    // Energy, and xx, yy and zz of the virial.
    private static void Add(double* sums, double energy)
    {
        for (var e = 0; e < 4; e++)
        {
            sums[e] += energy;
        }
    }
}
