namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// Vectors with next to no energy, xᵀA x ≪ ‖A‖ xᵀx, as they are without boundary conditions: constants for a diffusion, translations and
/// rotations for a solid. Multigrid converges where its coarse spaces hold them. Unknowns that are fixed need no care here.
/// </summary>
public sealed class NearKernel
{
    private readonly double[] _values;

    /// <summary>The given vectors.</summary>
    /// <param name="modes">The number of vectors m.</param>
    /// <param name="values">m numbers a row of the matrix: number m·i + k is entry i of vector k. Copied.</param>
    /// <exception cref="ArgumentException">The numbers are no whole rows, or not finite.</exception>
    public NearKernel(int modes, ReadOnlySpan<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(modes, 1);
        if (values.Length % modes != 0)
        {
            throw new ArgumentException($"{values.Length} numbers are no whole rows of {modes} modes.", nameof(values));
        }

        (Modes, _values) = (modes, values.ToArray());
        var bad = Array.FindIndex(_values, v => !double.IsFinite(v));
        if (bad >= 0)
        {
            throw new ArgumentException(FormattableString.Invariant($"Mode {bad % modes} is {_values[bad]} in row {bad / modes}; modes are finite."), nameof(values));
        }
    }

    /// <summary>The number of vectors m.</summary>
    public int Modes { get; }

    /// <summary>The number of rows of the matrix.</summary>
    public int RowCount => _values.Length / Modes;

    /// <summary>m numbers a row.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>One constant for each component of a field.</summary>
    /// <param name="nodes">The number of nodes.</param>
    /// <param name="components">Unknowns a node, interleaved.</param>
    public static NearKernel Constants(int nodes, int components = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nodes);
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        var values = new double[nodes * components * components];
        for (var i = 0; i < nodes * components; i++)
        {
            values[(i * components) + (i % components)] = 1;
        }

        return new(components, values);
    }

    /// <summary>
    /// The rigid motions of a body: two translations and a rotation in the plane, three of both in space. The displacement of a node at x
    /// is t + ω × (x − c), with c the mean of all nodes.
    /// </summary>
    /// <param name="places">Where the nodes are, <paramref name="dimension"/> numbers a node, interleaved, m. Displacements are numbered alike.</param>
    /// <param name="dimension">2 or 3.</param>
    public static NearKernel RigidBodyModes(ReadOnlySpan<double> places, int dimension)
    {
        if (dimension is not (2 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension, "Bodies live in 2 or 3 dimensions.");
        }

        if (places.Length % dimension != 0)
        {
            throw new ArgumentException($"{places.Length} numbers are no whole nodes of {dimension} coordinates.", nameof(places));
        }

        var (modes, nodes) = (dimension == 2 ? 3 : 6, places.Length / dimension);
        var values = new double[places.Length * modes];
        Span<double> center = stackalloc double[dimension];
        for (var i = 0; i < places.Length; i++)
        {
            center[i % dimension] += places[i] / nodes;
        }

        for (var n = 0; n < nodes; n++)
        {
            var at = values.AsSpan(n * dimension * modes, dimension * modes);
            for (var i = 0; i < dimension; i++)
            {
                at[(i * modes) + i] = 1;
            }

            var (x, y) = (places[n * dimension] - center[0], places[(n * dimension) + 1] - center[1]);
            if (dimension == 2)
            {
                // e_z × x.
                (at[2], at[modes + 2]) = (-y, x);
                continue;
            }

            // e_x × x = (0, −z, y), e_y × x = (z, 0, −x), e_z × x = (−y, x, 0).
            var z = places[(n * dimension) + 2] - center[2];
            (at[modes + 3], at[(2 * modes) + 3]) = (-z, y);
            (at[4], at[(2 * modes) + 4]) = (z, -x);
            (at[5], at[modes + 5]) = (-y, x);
        }

        return new(modes, values);
    }
}
