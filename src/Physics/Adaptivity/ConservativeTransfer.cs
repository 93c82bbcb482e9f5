using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>
/// Takes nodal fields from one mesh on a line to another: displacement by nodal values, velocity by restriction with the lumped mass,
/// so that momentum is the same to round-off whether cells are halved or merged.
/// </summary>
/// <remarks>
/// Let F be the mesh with the nodes of both, $N_o$, $N_n$ the interpolations from the old and the new mesh to F and M the lumped masses of a bar of
/// uniform density. Displacement: the values of $N_o u$ at the new nodes. Velocity: $v' = M_n^{-1} N_n^T M_F N_o v$.
/// Since $M_o 1 = N_o^T M_F 1$ and the same for n, $1^T M_n v' = 1^T M_F N_o v = 1^T M_o v$.
/// Where nothing changes, both are the identity to the bit. Kinetic energy can only fall, potential energy falls where cells merge.
/// </remarks>
public sealed class ConservativeTransfer
{
    private ConservativeTransfer(ImmutableArray<TransferEntry> displacement, ImmutableArray<TransferEntry> velocity) =>
        (Displacement, Velocity) = (displacement, velocity);

    /// <summary>The operator for displacements, and for any field that is known by its nodal values.</summary>
    public ImmutableArray<TransferEntry> Displacement { get; }

    /// <summary>The operator for velocities, and for any field whose integral is to be kept.</summary>
    public ImmutableArray<TransferEntry> Velocity { get; }

    /// <summary>The operators from <paramref name="old"/> to <paramref name="fresh"/>, both increasing and with the same ends. Cost linear in the number of nodes.</summary>
    public static ConservativeTransfer Between(ReadOnlySpan<double> old, ReadOnlySpan<double> fresh)
    {
        if (old[0] != fresh[0] || old[^1] != fresh[^1])
        {
            throw new ArgumentException(FormattableString.Invariant($"The meshes cover {old[0]} … {old[^1]} and {fresh[0]} … {fresh[^1]}; a transfer needs the same ends."), nameof(fresh));
        }

        var common = Union(old, fresh);
        var displacement = ImmutableArray.CreateBuilder<TransferEntry>();
        var rows = new SortedDictionary<int, double>[fresh.Length];
        for (var j = 0; j < fresh.Length; j++)
        {
            rows[j] = [];
        }

        for (var f = 0; f < common.Length; f++)
        {
            var (oldNode, oldShare) = Locate(old, common[f]);
            var (freshNode, freshShare) = Locate(fresh, common[f]);
            if (freshShare == 1)
            {
                displacement.Add(new(freshNode, oldNode, oldShare));
                if (oldShare != 1)
                {
                    displacement.Add(new(freshNode, oldNode + 1, 1 - oldShare));
                }
            }

            var mass = LumpedLength(common, f);
            foreach (var (node, share) in Pair(freshNode, freshShare))
            {
                foreach (var (column, weight) in Pair(oldNode, oldShare))
                {
                    rows[node][column] = rows[node].GetValueOrDefault(column) + (share * mass * weight);
                }
            }
        }

        var velocity = ImmutableArray.CreateBuilder<TransferEntry>();
        for (var j = 0; j < fresh.Length; j++)
        {
            var mass = LumpedLength(fresh, j);
            foreach (var (column, weight) in rows[j])
            {
                velocity.Add(new(j, column, weight / mass));
            }
        }

        return new(displacement.ToImmutable(), velocity.ToImmutable());
    }

    /// <summary>The length that lumping gives to node <paramref name="node"/>: half of each cell beside it. Mass is density times this.</summary>
    public static double LumpedLength(ReadOnlySpan<double> nodes, int node) =>
        (0.5 * (node > 0 ? nodes[node] - nodes[node - 1] : 0)) + (0.5 * (node + 1 < nodes.Length ? nodes[node + 1] - nodes[node] : 0));

    private static double[] Union(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var all = new List<double>(a.Length + b.Length);
        var (i, j) = (0, 0);
        while (i < a.Length || j < b.Length)
        {
            var next = i == a.Length ? b[j] : j == b.Length ? a[i] : Math.Min(a[i], b[j]);
            i += i < a.Length && a[i] == next ? 1 : 0;
            j += j < b.Length && b[j] == next ? 1 : 0;
            all.Add(next);
        }

        return [.. all];
    }

    // The node at or before x, and its hat there; the next node has the rest.
    private static (int Node, double Share) Locate(ReadOnlySpan<double> nodes, double x)
    {
        var found = nodes.BinarySearch(x);
        if (found >= 0)
        {
            return (found, 1);
        }

        var left = ~found - 1;
        return (left, (nodes[left + 1] - x) / (nodes[left + 1] - nodes[left]));
    }

    private static IEnumerable<(int Node, double Share)> Pair(int node, double share)
    {
        yield return (node, share);
        if (share != 1)
        {
            yield return (node + 1, 1 - share);
        }
    }
}
