using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// A scalar field at a point: u and ∇u. Also what a form returns there: of ∫ s v + F·∇v the numbers s and F, which stand beside v and ∇v.
/// </summary>
/// <param name="Value">u, or s.</param>
/// <param name="Gradient">∇u, or F; components beyond the dimension of the mesh are zero, or not read.</param>
public readonly record struct ScalarJet(double Value, Vec3 Gradient)
{
    /// <summary>A source: ∫ s v.</summary>
    public static ScalarJet Source(double value) => new(value, Vec3.Zero);

    /// <summary>A flux: ∫ F·∇v.</summary>
    public static ScalarJet Flux(Vec3 gradient) => new(0, gradient);

    /// <summary>The sum.</summary>
    public static ScalarJet operator +(ScalarJet a, ScalarJet b) => new(a.Value + b.Value, a.Gradient + b.Gradient);

    /// <summary>The jet times a number.</summary>
    public static ScalarJet operator *(double factor, ScalarJet a) => new(factor * a.Value, factor * a.Gradient);

    /// <summary>The same as the first component of a vector field.</summary>
    internal VectorJet Lifted => new(new(Value, 0, 0), Matrix3.FromRows(Gradient, Vec3.Zero, Vec3.Zero));
}

/// <summary>
/// A vector field at a point: u, ∇u with the entries ∂uᵢ/∂xₖ, and the mean of ∇u over the cell. Also what a form returns there: of
/// ∫ s·v + F:∇v + M:⟨∇v⟩ the s, F and M.
/// </summary>
/// <param name="Value">u, or s.</param>
/// <param name="Gradient">∇u, or F; entries beyond the dimension of the mesh are zero, or not read.</param>
/// <param name="MeanGradient">The mean of ∇u over the cell, weighted by volume, or M; zero, and not read, in forms that do not say that they use it.</param>
public readonly record struct VectorJet(Vec3 Value, Matrix3 Gradient, Matrix3 MeanGradient = default)
{
    /// <summary>A source: ∫ s·v.</summary>
    public static VectorJet Source(Vec3 value) => new(value, default);

    /// <summary>A flux: ∫ F:∇v.</summary>
    public static VectorJet Flux(Matrix3 gradient) => new(Vec3.Zero, gradient);

    /// <summary>A stress: ∫ σ:ε(v), the same as ∫ σ:∇v as σ is symmetric.</summary>
    public static VectorJet Stress(SymTensor3 stress) => Flux(stress.ToMatrix());

    /// <summary>The strain ε = ½(∇u + ∇uᵀ).</summary>
    public SymTensor3 Strain => SymTensor3.SymmetricPart(Gradient);

    /// <summary>The first component.</summary>
    internal ScalarJet First => new(Value.X, Gradient.Row(0));

    /// <summary>The sum.</summary>
    public static VectorJet operator +(VectorJet a, VectorJet b) => new(a.Value + b.Value, a.Gradient + b.Gradient, a.MeanGradient + b.MeanGradient);

    /// <summary>The jet times a number.</summary>
    public static VectorJet operator *(double factor, VectorJet a) => new(factor * a.Value, factor * a.Gradient, factor * a.MeanGradient);
}

/// <summary>Where a form is evaluated.</summary>
/// <param name="Position">The place x, m.</param>
/// <param name="Normal">On a facet the unit normal that points out of the cell, else zero.</param>
/// <param name="Cell">The cell.</param>
/// <param name="Index">The number of the quadrature point in the cell, or on the facet.</param>
/// <param name="Facet">On a facet its number in the cell, else −1.</param>
public readonly record struct QuadraturePoint(Vec3 Position, Vec3 Normal, int Cell, int Index, int Facet = -1);
