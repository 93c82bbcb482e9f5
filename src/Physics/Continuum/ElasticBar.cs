using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.Mechanics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// An elastic bar of linear finite elements with lumped mass on a mesh of unlike cells, whose density and modulus fade out across an
/// overlap with atoms.
/// </summary>
/// <remarks>
/// $\bar M_J = Σ_e ∫_e α ρ N_J\,dX$ and cells of stiffness $(E/h²) ∫_e α\,dX$, by the two-point Gauss rule, which is exact for a linear ramp.
/// With lumped mass, linear elements are a row of masses and springs.
/// </remarks>
public sealed class ElasticBar
{
    private readonly double[] _nodes;

    /// <summary>A bar at rest.</summary>
    /// <param name="nodes">Reference positions, increasing. Handed over.</param>
    /// <param name="density">ρ, mass per length.</param>
    /// <param name="modulus">E times cross section, force.</param>
    /// <param name="blending">Where and how the bar fades out.</param>
    public ElasticBar(double[] nodes, double density, double modulus, BlendingFunction blending)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(blending);
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes.Length, 2);
        _nodes = nodes;
        var masses = new double[nodes.Length];
        var cells = new double[nodes.Length - 1];
        var gauss = 0.5 / Math.Sqrt(3);
        for (var e = 0; e < cells.Length; e++)
        {
            var h = nodes[e + 1] - nodes[e];
            foreach (var s in (ReadOnlySpan<double>)[0.5 - gauss, 0.5 + gauss])
            {
                var weight = 0.5 * blending.OfContinuum(nodes[e] + (s * h));
                masses[e] += weight * density * h * (1 - s);
                masses[e + 1] += weight * density * h * s;
                cells[e] += weight * modulus / h;
            }
        }

        Row = new MassSpringRow(masses, cells);
        while (InOverlap < nodes.Length && nodes[InOverlap] <= blending.To)
        {
            InOverlap++;
        }
    }

    /// <summary>Masses, cells and motion.</summary>
    public MassSpringRow Row { get; }

    /// <summary>X, reference positions, one per node.</summary>
    public ReadOnlySpan<double> Nodes => _nodes;

    /// <summary>How many nodes, from the first on, lie in the overlap.</summary>
    public int InOverlap { get; }

    /// <summary>The number of cells.</summary>
    public int Cells => _nodes.Length - 1;

    /// <summary>The nodes of equal cells of length <paramref name="cell"/> on [<paramref name="from"/>, <paramref name="to"/>].</summary>
    public static double[] UniformNodes(double from, double to, double cell)
    {
        var nodes = new double[(int)Math.Round((to - from) / cell) + 1];
        for (var j = 0; j < nodes.Length; j++)
        {
            nodes[j] = from + (j * cell);
        }

        return nodes;
    }

    /// <summary>Writes an indicator of where the wave is: the energy per length of every cell, ½ρ v² (mean of its ends) + ½E (∂u/∂X)², of the undiminished bar.</summary>
    /// <param name="density">ρ.</param>
    /// <param name="modulus">E times cross section.</param>
    /// <param name="indicator">One per cell; overwritten.</param>
    public void EnergyDensity(double density, double modulus, Span<double> indicator)
    {
        var u = Row.Displacement;
        var v = Row.Kicked;
        for (var e = 0; e < indicator.Length; e++)
        {
            var strain = (u[e + 1] - u[e]) / (_nodes[e + 1] - _nodes[e]);
            indicator[e] = (0.25 * density * ((v[e] * v[e]) + (v[e + 1] * v[e + 1]))) + (0.5 * modulus * strain * strain);
        }
    }
}
