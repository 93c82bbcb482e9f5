using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// A bilinear form, written as what stands beside the test function: of a(u, v) = ∫ s(u)·v + F(u):∇v the pair (s, F) as a linear function of u and ∇u.
/// The conduction of heat, ∫ k ∇u·∇v, is <c>BilinearForm.Scalar(u => ScalarJet.Flux(k * u.Gradient))</c>; elasticity, ∫ σ(u):ε(v) with σ = C:ε, is
/// <c>BilinearForm.Vector(u => VectorJet.Stress(c.Stress(u.Strain)))</c>.
/// </summary>
/// <remarks>
/// An assembly asks the law for the answers to unit jets, once if it knows no place, else once a quadrature point, and then works with numbers only.
/// That the law is linear is sampled: an assembly compares its answer to one sum of jets at one point of each kind of cell or facet that it integrates over.
/// That its numbers are finite is seen in each cell.
/// </remarks>
public sealed class BilinearForm
{
    private readonly Func<QuadraturePoint, ScalarJet, ScalarJet>? _scalar;
    private readonly Func<QuadraturePoint, VectorJet, VectorJet>? _vector;

    private BilinearForm(Func<QuadraturePoint, ScalarJet, ScalarJet>? scalar, Func<QuadraturePoint, VectorJet, VectorJet>? vector, bool isUniform, bool usesMean)
    {
        (_scalar, _vector, IsUniform, UsesMean) = (scalar, vector, isUniform, usesMean);
    }

    /// <summary>Whether it is for scalar fields, else for vector fields.</summary>
    public bool IsScalar => _scalar is not null;

    /// <summary>Whether the law is the same everywhere.</summary>
    public bool IsUniform { get; }

    /// <summary>Whether it uses <see cref="VectorJet.MeanGradient"/>.</summary>
    public bool UsesMean { get; }

    /// <summary>A form for scalar fields with a law that is the same everywhere.</summary>
    /// <param name="law">(s, F) of (u, ∇u), linear.</param>
    public static BilinearForm Scalar(Func<ScalarJet, ScalarJet> law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new((_, u) => law(u), null, isUniform: true, usesMean: false);
    }

    /// <summary>A form for scalar fields.</summary>
    /// <param name="law">(s, F) of the place and (u, ∇u), linear in the latter. Several threads may call it at once.</param>
    public static BilinearForm Scalar(Func<QuadraturePoint, ScalarJet, ScalarJet> law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new(law, null, isUniform: false, usesMean: false);
    }

    /// <summary>A form for vector fields with a law that is the same everywhere.</summary>
    /// <param name="law">(s, F) of (u, ∇u), linear.</param>
    /// <param name="usesMean">Whether it reads and returns mean gradients too.</param>
    public static BilinearForm Vector(Func<VectorJet, VectorJet> law, bool usesMean = false)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new(null, (_, u) => law(u), isUniform: true, usesMean);
    }

    /// <summary>A form for vector fields.</summary>
    /// <param name="law">(s, F) of the place and (u, ∇u), linear in the latter. Several threads may call it at once.</param>
    /// <param name="usesMean">Whether it reads and returns mean gradients too.</param>
    public static BilinearForm Vector(Func<QuadraturePoint, VectorJet, VectorJet> law, bool usesMean = false)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new(null, law, isUniform: false, usesMean);
    }

    /// <summary>The sum of two forms for fields of one kind.</summary>
    public static BilinearForm operator +(BilinearForm a, BilinearForm b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.IsScalar != b.IsScalar)
        {
            throw new ScaleModelException("A form for scalar fields and one for vector fields have no sum.");
        }

        var (uniform, mean) = (a.IsUniform && b.IsUniform, a.UsesMean || b.UsesMean);
        return a._scalar is { } f && b._scalar is { } g
            ? new((x, u) => f(x, u) + g(x, u), null, uniform, mean)
            : new(null, (x, u) => a._vector!(x, u) + b._vector!(x, u), uniform, mean);
    }

    /// <summary>The form times a number.</summary>
    public static BilinearForm operator *(double factor, BilinearForm a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a._scalar is { } f ? new((x, u) => factor * f(x, u), null, a.IsUniform, a.UsesMean) : new(null, (x, u) => factor * a._vector!(x, u), a.IsUniform, a.UsesMean);
    }

    /// <summary>
    /// The numbers D with s_i, F_ik = Σ D_{ik,jl} (u_j, ∂_l u_j): slot 0 is the value, 1 … d are derivatives, d + 1 … 2d mean ones; D_{ik,jl} stands at
    /// ((i·S + k)·C + j)·S + l, for S slots and C components.
    /// </summary>
    internal void Coefficients(in QuadraturePoint x, int dimension, int slots, Span<double> d)
    {
        if (_scalar is { } scalar)
        {
            for (var l = 0; l < slots; l++)
            {
                var answer = scalar(x, new(l == 0 ? 1 : 0, Unit(l - 1)));
                d[l] = answer.Value;
                for (var k = 1; k < slots; k++)
                {
                    d[(k * slots) + l] = answer.Gradient[k - 1];
                }
            }

            return;
        }

        for (var j = 0; j < dimension; j++)
        {
            for (var l = 0; l < slots; l++)
            {
                var answer = _vector!(x, new(
                    l == 0 ? Unit(j) : Vec3.Zero, l > 0 && l <= dimension ? Matrix3.Dyad(Unit(j), Unit(l - 1)) : default,
                    l > dimension ? Matrix3.Dyad(Unit(j), Unit(l - dimension - 1)) : default));

                // A jet is 21 numbers: the value, and the two gradients row by row.
                var numbers = MemoryMarshal.Cast<VectorJet, double>(new ReadOnlySpan<VectorJet>(in answer));
                for (var i = 0; i < dimension; i++)
                {
                    for (var k = 0; k < slots; k++)
                    {
                        var from = k == 0 ? i : k <= dimension ? 3 + (3 * i) + k - 1 : 12 + (3 * i) + k - dimension - 1;
                        d[(((((i * slots) + k) * dimension) + j) * slots) + l] = numbers[from];
                    }
                }
            }
        }
    }

    /// <summary>The law for vector fields; for scalar fields that of their first components.</summary>
    internal Func<QuadraturePoint, VectorJet, VectorJet> Lifted => _scalar is { } scalar ? (x, u) => scalar(x, u.First).Lifted : _vector!;

    /// <summary>Throws if a law is not linear at a point, by its answer to one sum of jets: a sample, not a proof.</summary>
    internal static void RequireLinear(in QuadraturePoint x, Func<QuadraturePoint, VectorJet, VectorJet> law)
    {
        VectorJet p = new(new(0.7, -0.2, 0.4), new(0.3, -1.1, 0.4, 0.8, 0.5, -0.7, 0.2, 0.9, -0.3), new(0.1, 0.6, -0.8, 0.3, 0.2, 0.5, -0.4, 0.7, 0.9));
        VectorJet q = new(new(-0.5, 0.6, 0.1), new(0.9, 0.2, -0.6, -0.3, 0.4, 0.8, 0.7, -0.2, 0.5), new(-0.7, 0.4, 0.2, 0.8, -0.1, 0.3, 0.6, -0.5, 0.1));
        var (off, size) = (0.0, 0.0);
        void Compare(Vec3 a, Vec3 b)
        {
            off += (a - b).Norm;
            size += b.Norm;
        }

        var (found, expected) = (law(x, p + q), law(x, p) + law(x, q));
        Compare(found.Value, expected.Value);
        for (var i = 0; i < 3; i++)
        {
            Compare(found.Gradient.Row(i), expected.Gradient.Row(i));
            Compare(found.MeanGradient.Row(i), expected.MeanGradient.Row(i));
        }

        if (!(off <= 1e-9 * size))
        {
            throw new ScaleModelException(double.IsFinite(off + size)
                ? "The law of a bilinear form is not linear: its answer to a sum of fields is not the sum of the answers. A part that does not depend on the field belongs into a linear form."
                : FormattableString.Invariant($"The law of a bilinear form is not finite at {x.Position}."));
        }
    }

    internal static Vec3 Unit(int axis) => axis switch { 0 => new(1, 0, 0), 1 => new(0, 1, 0), 2 => new(0, 0, 1), _ => Vec3.Zero };
}
