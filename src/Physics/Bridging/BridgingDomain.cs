using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Bridging;

/// <summary>
/// The weak constraint between atoms and finite elements in an overlap: seen through the hat functions of the elements, both
/// move alike. The multipliers μ are the impulses that make the velocities so; what atoms gain, nodes lose.
/// </summary>
/// <remarks>
/// With the hats N_L of the overlap's nodes and the atoms' reference positions X_I:
/// $C_{LI} = N_L(X_I)$, $B_m = C$, $B_f = C N$ with $N_{IJ} = N_J(X_I)$, and
/// $A = B_f \bar M^{-1} B_f^T + B_m \bar m^{-1} B_m^T$.
/// From velocities V*, v* after a kick: $A μ = B_f V^* − B_m v^*$, then
/// $v = v^* + \bar m^{-1} B_m^T μ$ and $V = V^* − \bar M^{-1} B_f^T μ$, so that $B_f V = B_m v$.
/// Linear momentum is kept because the hats sum to one; energy because the projection is orthogonal in the mass.
/// After: S. P. Xiao, T. Belytschko, Comput. Methods Appl. Mech. Eng. 193 (2004) 1645; weak form:
/// K. Fackeldey, D. Krause, R. Krause, C. Lenzen, Multiscale Model. Simul. 9 (2011) 1459.
/// </remarks>
public sealed class BridgingDomain
{
    private readonly int _nodes;
    private readonly int _atoms;
    private readonly double[] _hats;            // C, nodes × atoms.
    private readonly double[] _toNodes;         // B_f, nodes × nodes, symmetric.
    private readonly double[] _response;        // B_f M̄⁻¹ B_fᵀ: what a multiplier does to the bar's side of the constraint.
    private readonly CholeskyFactor _factor;

    /// <summary>A constraint between the given points. A is built and factored here, once.</summary>
    /// <param name="nodes">Reference positions of the nodes in the overlap, increasing, lattice units.</param>
    /// <param name="atoms">Reference positions of the atoms in the overlap, lattice units.</param>
    /// <param name="nodeMass">M̄, weighted lumped mass, one per node.</param>
    /// <param name="atomMass">m̄, weighted mass, one per atom.</param>
    public BridgingDomain(ReadOnlySpan<double> nodes, ReadOnlySpan<double> atoms, ReadOnlySpan<double> nodeMass, ReadOnlySpan<double> atomMass)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nodeMass.Length, nodes.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(atomMass.Length, atoms.Length);
        (_nodes, _atoms) = (nodes.Length, atoms.Length);
        _hats = new double[_nodes * _atoms];
        for (var l = 0; l < _nodes; l++)
        {
            for (var i = 0; i < _atoms; i++)
            {
                _hats[(l * _atoms) + i] = Hat(nodes, l, atoms[i]);
            }
        }

        _toNodes = new double[_nodes * _nodes];
        _response = new double[_nodes * _nodes];
        var matrix = new double[_nodes * _nodes];
        for (var l = 0; l < _nodes; l++)
        {
            for (var k = 0; k < _nodes; k++)
            {
                for (var i = 0; i < _atoms; i++)
                {
                    var product = _hats[(l * _atoms) + i] * _hats[(k * _atoms) + i];
                    _toNodes[(l * _nodes) + k] += product;
                    matrix[(l * _nodes) + k] += product / atomMass[i];
                }
            }
        }

        for (var l = 0; l < _nodes; l++)
        {
            for (var k = 0; k < _nodes; k++)
            {
                for (var j = 0; j < _nodes; j++)
                {
                    _response[(l * _nodes) + k] += _toNodes[(l * _nodes) + j] * _toNodes[(k * _nodes) + j] / nodeMass[j];
                }

                matrix[(l * _nodes) + k] += _response[(l * _nodes) + k];
            }
        }

        try
        {
            _factor = new CholeskyFactor(matrix, _nodes);
        }
        catch (InvalidOperationException fault)
        {
            throw new ScaleModelException($"The constraint in the overlap cannot be solved; a mass of an atom or a node there is zero, negative or not finite. {fault.Message}", fault);
        }
    }

    /// <summary>The number of multipliers, which is that of the nodes in the overlap.</summary>
    public int Multipliers => _nodes;

    /// <summary>Writes w = B_f V, the bar's side of the constraint.</summary>
    /// <param name="nodeVelocity">V, one per node of the overlap.</param>
    /// <param name="w">One per multiplier; overwritten.</param>
    public void BarSide(ReadOnlySpan<double> nodeVelocity, Span<double> w) => Multiply(_toNodes, nodeVelocity, w);

    /// <summary>Writes B_m v, the atoms' side of the constraint.</summary>
    /// <param name="atomVelocity">v, one per atom of the overlap.</param>
    /// <param name="w">One per multiplier; overwritten.</param>
    public void AtomSide(ReadOnlySpan<double> atomVelocity, Span<double> w) => Multiply(_hats, atomVelocity, w);

    /// <summary>
    /// Solves A μ = w − B_m v*, and takes from <paramref name="w"/> what μ does to the bar, so that the next call,
    /// within a longer step of the bar, starts from the bar as it will then be.
    /// </summary>
    /// <param name="w">B_f V; on return B_f V − B_f M̄⁻¹ B_fᵀ μ.</param>
    /// <param name="atomVelocity">v*, one per atom of the overlap.</param>
    /// <param name="mu">The multipliers, impulses; overwritten.</param>
    public void Solve(Span<double> w, ReadOnlySpan<double> atomVelocity, Span<double> mu)
    {
        AtomSide(atomVelocity, mu);
        for (var l = 0; l < _nodes; l++)
        {
            mu[l] = w[l] - mu[l];
        }

        _factor.Solve(mu);
        for (var l = 0; l < _nodes; l++)
        {
            w[l] -= FixedOrderSum.Dot(_response.AsSpan(l * _nodes, _nodes), mu);
        }
    }

    /// <summary>Writes the impulses on the atoms, B_mᵀ μ.</summary>
    /// <param name="mu">The multipliers.</param>
    /// <param name="impulse">One per atom of the overlap; overwritten.</param>
    public void OnAtoms(ReadOnlySpan<double> mu, Span<double> impulse)
    {
        impulse.Clear();
        for (var l = 0; l < _nodes; l++)
        {
            for (var i = 0; i < _atoms; i++)
            {
                impulse[i] += _hats[(l * _atoms) + i] * mu[l];
            }
        }
    }

    /// <summary>Writes the impulses on the nodes, −B_fᵀ μ.</summary>
    /// <param name="mu">The multipliers.</param>
    /// <param name="impulse">One per node of the overlap; overwritten.</param>
    public void OnNodes(ReadOnlySpan<double> mu, Span<double> impulse)
    {
        Multiply(_toNodes, mu, impulse);     // B_f = C Cᵀ is its own transpose.
        for (var j = 0; j < _nodes; j++)
        {
            impulse[j] = -impulse[j];
        }
    }

    /// <summary>The hat function of node <paramref name="node"/> at <paramref name="x"/>: 1 there, 0 at its neighbors, linear between.</summary>
    public static double Hat(ReadOnlySpan<double> nodes, int node, double x)
    {
        var here = nodes[node];
        if (x <= here)
        {
            return node == 0 ? (x == here ? 1 : 0) : Math.Max(0, (x - nodes[node - 1]) / (here - nodes[node - 1]));
        }

        return node == nodes.Length - 1 ? 0 : Math.Max(0, (nodes[node + 1] - x) / (nodes[node + 1] - here));
    }

    private static void Multiply(double[] matrix, ReadOnlySpan<double> x, Span<double> y)
    {
        for (var l = 0; l < y.Length; l++)
        {
            y[l] = FixedOrderSum.Dot(matrix.AsSpan(l * x.Length, x.Length), x);
        }
    }
}
