using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.Mechanics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// A chain of atoms with harmonic bonds between neighbors, X_I = I a, whose masses and bonds fade out across an overlap with a continuum.
/// </summary>
/// <remarks>
/// $\bar m_I = (1 − α(X_I))\,m$ and bonds of $(1 − α(X_I + a/2))\,K$, weighted at their midpoints. Mass and stiffness scale alike, so the
/// highest frequency stays $2\sqrt{K/m}$ where α is constant.
/// </remarks>
public sealed class AtomChain
{
    private readonly double[] _positions;

    /// <summary>A chain at rest.</summary>
    /// <param name="atoms">How many atoms.</param>
    /// <param name="spacing">a, lattice spacing.</param>
    /// <param name="mass">m of an atom.</param>
    /// <param name="stiffness">K of a bond.</param>
    /// <param name="blending">Where and how the chain fades out.</param>
    public AtomChain(int atoms, double spacing, double mass, double stiffness, BlendingFunction blending)
    {
        ArgumentNullException.ThrowIfNull(blending);
        ArgumentOutOfRangeException.ThrowIfLessThan(atoms, 2);
        _positions = new double[atoms];
        var masses = new double[atoms];
        var bonds = new double[atoms - 1];
        for (var i = 0; i < atoms; i++)
        {
            _positions[i] = i * spacing;
            masses[i] = mass * blending.OfAtoms(_positions[i]);
            if (i < bonds.Length)
            {
                bonds[i] = stiffness * blending.OfAtoms((i + 0.5) * spacing);
            }
        }

        Row = new MassSpringRow(masses, bonds);
        FirstInOverlap = FirstAtOrBeyond(_positions, blending.From);
    }

    /// <summary>Masses, bonds and motion.</summary>
    public MassSpringRow Row { get; }

    /// <summary>X, reference positions, one per atom.</summary>
    public ReadOnlySpan<double> Positions => _positions;

    /// <summary>The first atom in the overlap; all after it lie in the overlap too.</summary>
    public int FirstInOverlap { get; }

    /// <summary>How many atoms lie in the overlap.</summary>
    public int InOverlap => _positions.Length - FirstInOverlap;

    /// <summary>Starts the chain with <paramref name="packet"/>.</summary>
    /// <param name="packet">u and v at t = 0.</param>
    /// <param name="rate">√(K/m) of the undiminished chain.</param>
    /// <param name="step">Δt.</param>
    public void Start(WavePacket packet, double rate, double step)
    {
        var spacing = _positions[1] - _positions[0];
        var (u, v) = (new double[_positions.Length], new double[_positions.Length]);
        for (var i = 0; i < u.Length; i++)
        {
            u[i] = packet.Displacement(_positions[i]);
            v[i] = packet.Velocity(_positions[i], spacing, rate);
        }

        Row.Start(u, v, step);
    }

    private static int FirstAtOrBeyond(double[] positions, double x)
    {
        var first = 0;
        while (first < positions.Length && positions[first] < x)
        {
            first++;
        }

        return first;
    }
}
