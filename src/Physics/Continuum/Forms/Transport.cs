using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// What a flow carries along, w·∇u − ∇·(k ∇u) = q, for elements of degree 1: <see cref="Advection"/> beside <see cref="Heat.Conduction(double)"/>, and where
/// the flow wins over the diffusion within a cell, the two streamline terms, which keep the solution from oscillating and change no exact one. The matrix is
/// not symmetric.
/// </summary>
/// <remarks>After: Brooks, Hughes, Comput. Methods Appl. Mech. Eng. 32, 199 (1982), eqs. 3.3.1–3.3.5.</remarks>
public static class Transport
{
    /// <summary>∫ (w·∇u) v.</summary>
    /// <param name="velocity">w, m/s.</param>
    public static BilinearForm Advection(Func<Vec3, Vec3> velocity)
    {
        ArgumentNullException.ThrowIfNull(velocity);
        return BilinearForm.Scalar((x, u) => ScalarJet.Source(Vec3.Dot(velocity(x.Position), u.Gradient)));
    }

    /// <summary>∫ τ (w·∇u) (w·∇v). The diffusion within cells, τ k ∇²u, is zero for elements of degree 1 on simplices and parallelograms.</summary>
    /// <param name="velocity">w, m/s.</param>
    /// <param name="time">τ, s: <see cref="Time"/>.</param>
    public static BilinearForm Streamline(Func<Vec3, Vec3> velocity, Func<QuadraturePoint, double> time)
    {
        ArgumentNullException.ThrowIfNull(velocity);
        ArgumentNullException.ThrowIfNull(time);
        return BilinearForm.Scalar((x, u) =>
        {
            var w = velocity(x.Position);
            return ScalarJet.Flux(time(x) * Vec3.Dot(w, u.Gradient) * w);
        });
    }

    /// <summary>∫ τ q (w·∇v), which belongs to <see cref="Streamline"/> where there is a source.</summary>
    /// <param name="source">q.</param>
    /// <param name="velocity">w, m/s.</param>
    /// <param name="time">τ, s.</param>
    public static LinearForm StreamlineSource(Func<Vec3, double> source, Func<Vec3, Vec3> velocity, Func<QuadraturePoint, double> time)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(velocity);
        ArgumentNullException.ThrowIfNull(time);
        return LinearForm.Scalar(x => ScalarJet.Flux(time(x) * source(x.Position) * velocity(x.Position)));
    }

    /// <summary>τ = h/(2|w|) (coth Pe − 1/Pe), Pe = |w| h/(2k), with which a line of even cells is exact at its nodes.</summary>
    /// <param name="velocity">w, m/s.</param>
    /// <param name="diffusivity">k, m²/s, above zero.</param>
    /// <param name="size">h, the size of the cell along w, m.</param>
    public static double Time(Vec3 velocity, double diffusivity, double size)
    {
        var speed = velocity.Norm;
        var peclet = speed * size / (2 * diffusivity);

        // coth Pe − 1/Pe = Pe/3 − Pe³/45 + … loses its digits for small Pe.
        return peclet < 1e-3 ? size * size / (12 * diffusivity) : size / (2 * speed) * ((1 / Math.Tanh(peclet)) - (1 / peclet));
    }
}
