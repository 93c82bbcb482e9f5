using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// A bilinear form of two unlike fields, written as what stands beside the test function: of b(p, v) = ∫ s(p)·v + F(p):∇v the pair (s, F) as a linear function
/// of p and ∇p. The pressure in the balance of momentum, −∫ p div v, is
/// <c>MixedForm.ScalarToVector(p => VectorJet.Flux(-p.Value * Matrix3.Identity))</c>; its transpose, the balance of mass −∫ q div u, is
/// <c>MixedForm.VectorToScalar(u => ScalarJet.Source(-u.Gradient.Trace))</c>.
/// </summary>
/// <remarks>That the law is linear is sampled, as for a <see cref="BilinearForm"/>.</remarks>
public sealed class MixedForm
{
    private MixedForm(Func<QuadraturePoint, VectorJet, VectorJet> law, bool trialIsScalar, bool testIsScalar, bool isUniform) =>
        (Law, TrialIsScalar, TestIsScalar, IsUniform) = (law, trialIsScalar, testIsScalar, isUniform);

    /// <summary>Whether it is applied to a scalar field, else to a vector field.</summary>
    public bool TrialIsScalar { get; }

    /// <summary>Whether it is tested by scalar functions, else by vector functions.</summary>
    public bool TestIsScalar { get; }

    /// <summary>Whether the law is the same everywhere.</summary>
    public bool IsUniform { get; }

    /// <summary>The law; scalar fields are first components.</summary>
    internal Func<QuadraturePoint, VectorJet, VectorJet> Law { get; }

    /// <summary>A form of a scalar field, tested by vector functions, with a law that is the same everywhere.</summary>
    /// <param name="law">(s, F) of (p, ∇p), linear; mean gradients are not read.</param>
    public static MixedForm ScalarToVector(Func<ScalarJet, VectorJet> law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new((_, p) => law(p.First), trialIsScalar: true, testIsScalar: false, isUniform: true);
    }

    /// <summary>A form of a scalar field, tested by vector functions.</summary>
    /// <param name="law">(s, F) of the place and (p, ∇p), linear in the latter. Several threads may call it at once.</param>
    public static MixedForm ScalarToVector(Func<QuadraturePoint, ScalarJet, VectorJet> law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new((x, p) => law(x, p.First), trialIsScalar: true, testIsScalar: false, isUniform: false);
    }

    /// <summary>A form of a vector field, tested by scalar functions, with a law that is the same everywhere.</summary>
    /// <param name="law">(s, F) of (u, ∇u), linear.</param>
    public static MixedForm VectorToScalar(Func<VectorJet, ScalarJet> law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new((_, u) => law(u).Lifted, trialIsScalar: false, testIsScalar: true, isUniform: true);
    }

    /// <summary>A form of a vector field, tested by scalar functions.</summary>
    /// <param name="law">(s, F) of the place and (u, ∇u), linear in the latter. Several threads may call it at once.</param>
    public static MixedForm VectorToScalar(Func<QuadraturePoint, VectorJet, ScalarJet> law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new((x, u) => law(x, u).Lifted, trialIsScalar: false, testIsScalar: true, isUniform: false);
    }

    /// <summary>A form of fields of one kind, for trial and test functions that differ, as in their degree.</summary>
    /// <param name="form">The form; without means over cells.</param>
    /// <exception cref="ScaleModelException">The form uses means over cells.</exception>
    public static MixedForm Of(BilinearForm form)
    {
        ArgumentNullException.ThrowIfNull(form);
        return form.UsesMean
            ? throw new ScaleModelException("A form that uses means over cells has no matrix between two bases.")
            : new(form.Lifted, form.IsScalar, form.IsScalar, form.IsUniform);
    }

    /// <summary>The sum of two forms for the same kinds of fields.</summary>
    public static MixedForm operator +(MixedForm a, MixedForm b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return a.TrialIsScalar != b.TrialIsScalar || a.TestIsScalar != b.TestIsScalar
            ? throw new ScaleModelException("Forms have a sum if both take fields of one kind, scalar or vector, and both are tested by functions of one kind.")
            : new((x, u) => a.Law(x, u) + b.Law(x, u), a.TrialIsScalar, a.TestIsScalar, a.IsUniform && b.IsUniform);
    }

    /// <summary>The form times a number.</summary>
    public static MixedForm operator *(double factor, MixedForm a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return new((x, u) => factor * a.Law(x, u), a.TrialIsScalar, a.TestIsScalar, a.IsUniform);
    }
}
