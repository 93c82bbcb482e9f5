using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>The positive part of a symmetric tensor, ε⁺ = Σ ⟨ε_i⟩ n_i ⊗ n_i over its eigenvalues and axes, ⟨x⟩ = max(x, 0).</summary>
internal static class PositivePart
{
    /// <summary>ε⁺.</summary>
    public static SymTensor3 Of(SymTensor3 strain)
    {
        var (values, axes) = strain.Principal();
        var sum = SymTensor3.Zero;
        for (var i = 0; i < 3; i++)
        {
            sum += Math.Max(values[i], 0) * SymTensor3.Dyad(axes.Column(i));
        }

        return sum;
    }

    /// <summary>dε⁺ of a change dε.</summary>
    /// <remarks>
    /// In the axes of ε: dε⁺_ij = θ_ij dε_ij, θ_ij = (⟨ε_i⟩ − ⟨ε_j⟩)/(ε_i − ε_j), which is 1 where both are positive and 0 where none is, so that eigenvalues
    /// that meet do no harm. After: Miehe, Comm. Numer. Meth. Eng. 9, 889 (1993).
    /// </remarks>
    /// <param name="values">The eigenvalues of ε.</param>
    /// <param name="axes">Its axes, in columns.</param>
    /// <param name="change">dε.</param>
    public static SymTensor3 Change(Vec3 values, Matrix3 axes, SymTensor3 change)
    {
        double Theta(int i, int j) => (values[i] > 0, values[j] > 0) switch
        {
            (true, true) => 1,
            (false, false) => 0,
            _ => Math.Max(values[i], values[j]) / Math.Abs(values[i] - values[j]),
        };
        var turned = change.Rotated(axes.Transposed);
        return new SymTensor3(
            Theta(0, 0) * turned.XX, Theta(1, 1) * turned.YY, Theta(2, 2) * turned.ZZ, Theta(1, 2) * turned.YZ, Theta(0, 2) * turned.XZ, Theta(0, 1) * turned.XY).Rotated(axes);
    }
}
