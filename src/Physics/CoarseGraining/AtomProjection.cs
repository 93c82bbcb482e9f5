using System.Runtime.InteropServices;

namespace ActorMultiscale.Physics.CoarseGraining;

/// <summary>
/// Between atoms on a line and the hat functions N_J of a coarse mesh. Sums are kept in the one direction (each atom's
/// hats sum to one), linear fields in the other.
/// </summary>
/// <remarks>
/// <para>Spread: $Q_J = Σ_I N_J(X_I)\,q_I$ for mass, momentum, energy. Lumped average: $U_J = Σ_I N_J m_I u_I / Σ_I N_J m_I$.</para>
/// <para>Best fit: $w = M^{-1} N^T M_A q$ with $M = N^T M_A N$ minimizes $Σ m_I (q_I − (Nw)_I)²$. With $P = N M^{-1} N^T M_A$ and $Q = 1 − P$:
/// $P² = P$, $QN = 0$, $(Pq)^T M_A (Qq) = 0$, so that kinetic energy splits without a cross term.
/// After: G. J. Wagner, W. K. Liu, J. Comput. Phys. 190 (2003) 249. In one dimension M is tridiagonal; the cost is linear.</para>
/// </remarks>
public sealed class AtomProjection
{
    private readonly int[] _cell;
    private readonly double[] _right;       // N of the cell's right node at the atom; the left node has the rest.

    /// <summary>A projection between the given points.</summary>
    /// <param name="nodes">Coarse nodes, increasing, lattice units.</param>
    /// <param name="atoms">Reference positions of the atoms, within the nodes.</param>
    public AtomProjection(ReadOnlySpan<double> nodes, ReadOnlySpan<double> atoms)
    {
        Nodes = nodes.Length;
        _cell = new int[atoms.Length];
        _right = new double[atoms.Length];
        for (var i = 0; i < atoms.Length; i++)
        {
            if (!(atoms[i] >= nodes[0] && atoms[i] <= nodes[^1]))
            {
                throw new ArgumentException(FormattableString.Invariant($"The atom {i} at {atoms[i]} lies outside the coarse mesh {nodes[0]} … {nodes[^1]}."), nameof(atoms));
            }

            var c = 0;
            while (c < nodes.Length - 2 && nodes[c + 1] < atoms[i])
            {
                c++;
            }

            _cell[i] = c;
            _right[i] = (atoms[i] - nodes[c]) / (nodes[c + 1] - nodes[c]);
        }
    }

    /// <summary>The number of coarse nodes.</summary>
    public int Nodes { get; }

    /// <summary>The number of atoms.</summary>
    public int Atoms => _cell.Length;

    /// <summary>Writes Q_J = Σ_I N_J(X_I) q_I for rows of extensive numbers; the sum over nodes is that over atoms.</summary>
    /// <param name="atoms">q, one row per atom, <paramref name="components"/> numbers each.</param>
    /// <param name="nodes">Q, one row per node; overwritten.</param>
    /// <param name="components">Numbers per row.</param>
    public void Spread(ReadOnlySpan<double> atoms, Span<double> nodes, int components = 1)
    {
        nodes.Clear();
        for (var i = 0; i < _cell.Length; i++)
        {
            for (var c = 0; c < components; c++)
            {
                var q = atoms[(i * components) + c];
                nodes[(_cell[i] * components) + c] += (1 - _right[i]) * q;
                nodes[((_cell[i] + 1) * components) + c] += _right[i] * q;
            }
        }
    }

    /// <summary>The same for balances.</summary>
    public void Spread(ReadOnlySpan<Balance> atoms, Span<Balance> nodes) =>
        Spread(MemoryMarshal.Cast<Balance, double>(atoms), MemoryMarshal.Cast<Balance, double>(nodes), 4);

    /// <summary>Writes the lumped average of an intensive field, Σ N m u / Σ N m.</summary>
    /// <param name="mass">m, one per atom.</param>
    /// <param name="atoms">u, one per atom.</param>
    /// <param name="nodes">U, one per node; overwritten. Every node needs an atom in one of its cells.</param>
    public void Average(ReadOnlySpan<double> mass, ReadOnlySpan<double> atoms, Span<double> nodes)
    {
        Span<double> total = new double[Nodes];
        nodes.Clear();
        for (var i = 0; i < _cell.Length; i++)
        {
            var (left, right) = ((1 - _right[i]) * mass[i], _right[i] * mass[i]);
            total[_cell[i]] += left;
            total[_cell[i] + 1] += right;
            nodes[_cell[i]] += left * atoms[i];
            nodes[_cell[i] + 1] += right * atoms[i];
        }

        for (var j = 0; j < nodes.Length; j++)
        {
            nodes[j] /= total[j];
        }
    }

    /// <summary>Writes the coarse field at the atoms, N w.</summary>
    /// <param name="nodes">w, one per node.</param>
    /// <param name="atoms">One per atom; overwritten.</param>
    public void Prolong(ReadOnlySpan<double> nodes, Span<double> atoms)
    {
        for (var i = 0; i < _cell.Length; i++)
        {
            atoms[i] = ((1 - _right[i]) * nodes[_cell[i]]) + (_right[i] * nodes[_cell[i] + 1]);
        }
    }

    /// <summary>Writes the nodal values w of the best fit, M w = Nᵀ M_A q.</summary>
    /// <param name="mass">Diagonal of M_A, one per atom.</param>
    /// <param name="atoms">q, one per atom.</param>
    /// <param name="nodes">w, one per node; overwritten. Every node needs an atom strictly nearer to it than its neighbors are.</param>
    public void Fit(ReadOnlySpan<double> mass, ReadOnlySpan<double> atoms, Span<double> nodes)
    {
        Span<double> diagonal = new double[Nodes];
        Span<double> off = new double[Nodes];
        nodes.Clear();
        for (var i = 0; i < _cell.Length; i++)
        {
            var (c, r, l) = (_cell[i], _right[i], 1 - _right[i]);
            diagonal[c] += mass[i] * l * l;
            diagonal[c + 1] += mass[i] * r * r;
            off[c] += mass[i] * l * r;
            nodes[c] += mass[i] * l * atoms[i];
            nodes[c + 1] += mass[i] * r * atoms[i];
        }

        // Elimination and back substitution of a symmetric tridiagonal system.
        for (var j = 1; j < Nodes; j++)
        {
            var factor = off[j - 1] / diagonal[j - 1];
            diagonal[j] -= factor * off[j - 1];
            nodes[j] -= factor * nodes[j - 1];
        }

        for (var j = Nodes - 1; j >= 0; j--)
        {
            nodes[j] = (nodes[j] - (j + 1 < Nodes ? off[j] * nodes[j + 1] : 0)) / diagonal[j];
        }
    }
}
