using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// A linear form, written as what stands beside the test function: of l(v) = ∫ s·v + F:∇v the pair (s, F) as a function of the place. A body force,
/// ∫ b·v, is <c>LinearForm.Vector(x => VectorJet.Source(b))</c>.
/// </summary>
public sealed class LinearForm
{
    private LinearForm(Func<QuadraturePoint, ScalarJet>? scalar, Func<QuadraturePoint, VectorJet>? vector) => (OfScalar, OfVector) = (scalar, vector);

    internal Func<QuadraturePoint, ScalarJet>? OfScalar { get; }

    internal Func<QuadraturePoint, VectorJet>? OfVector { get; }

    /// <summary>Whether it is for scalar fields, else for vector fields.</summary>
    public bool IsScalar => OfScalar is not null;

    /// <summary>A form for scalar fields.</summary>
    /// <param name="density">(s, F) at a place. Several threads may call it at once.</param>
    public static LinearForm Scalar(Func<QuadraturePoint, ScalarJet> density)
    {
        ArgumentNullException.ThrowIfNull(density);
        return new(density, null);
    }

    /// <summary>A form for vector fields.</summary>
    /// <param name="density">(s, F) at a place; mean gradients are not read. Several threads may call it at once.</param>
    public static LinearForm Vector(Func<QuadraturePoint, VectorJet> density)
    {
        ArgumentNullException.ThrowIfNull(density);
        return new(null, density);
    }

    /// <summary>The sum of two forms for fields of one kind.</summary>
    public static LinearForm operator +(LinearForm a, LinearForm b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return a.IsScalar != b.IsScalar ? throw new ScaleModelException("A form for scalar fields and one for vector fields have no sum.")
            : a.OfScalar is { } f && b.OfScalar is { } g ? Scalar(x => f(x) + g(x))
            : Vector(x => a.OfVector!(x) + b.OfVector!(x));
    }
}
