using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>Periodic fields on a body whose opposite faces have nodes at the same places, up to a mean gradient.</summary>
public static class Periodicity
{
    /// <summary>Ties each node of an upper face to its image on the lower one: u(x⁺) − u(x⁻) = g·(x⁺ − x⁻).</summary>
    /// <param name="constraints">What is added to.</param>
    /// <param name="basis">A basis for a scalar field.</param>
    /// <param name="gradient">g, the mean gradient.</param>
    /// <param name="axes">The periodic directions; all if null.</param>
    /// <exception cref="ScaleModelException">A node on an upper or a lower face has none opposite to it, or there is no such direction.</exception>
    public static Constraints TiePeriodic(this Constraints constraints, Basis basis, Vec3 gradient, IReadOnlyCollection<int>? axes = null)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(basis);
        basis.Require(1);
        foreach (var (node, image) in Pairs(basis, axes))
        {
            constraints.Tie(basis.Dof(node), [(basis.Dof(image), 1)], Vec3.Dot(gradient, basis.Nodes[node] - basis.Nodes[image]));
        }

        return constraints;
    }

    /// <summary>The same for a vector field: u(x⁺) − u(x⁻) = G (x⁺ − x⁻).</summary>
    /// <param name="constraints">What is added to.</param>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="gradient">G, the mean of ∇u; a strain if the body shall not turn.</param>
    /// <param name="axes">The periodic directions; all if null.</param>
    /// <exception cref="ScaleModelException">A node on an upper or a lower face has none opposite to it, or there is no such direction.</exception>
    public static Constraints TiePeriodic(this Constraints constraints, Basis basis, Matrix3 gradient, IReadOnlyCollection<int>? axes = null)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(basis);
        basis.Require(basis.Mesh.Dimension);
        foreach (var (node, image) in Pairs(basis, axes))
        {
            var jump = gradient * (basis.Nodes[node] - basis.Nodes[image]);
            for (var c = 0; c < basis.Components; c++)
            {
                constraints.Tie(basis.Dof(node, c), [(basis.Dof(image, c), 1)], jump[c]);
            }
        }

        return constraints;
    }

    /// <summary>
    /// The nodes on upper faces of the body's bounding box with their images on the lower ones. A node on an edge or at a corner is led to the lower end in all
    /// directions at once, so no node is both.
    /// </summary>
    /// <param name="basis">The functions.</param>
    /// <param name="axes">The periodic directions; all if null.</param>
    /// <exception cref="ScaleModelException">A node on an upper or a lower face has none opposite to it, or there is no such direction.</exception>
    public static IEnumerable<(int Node, int Image)> Pairs(Basis basis, IReadOnlyCollection<int>? axes = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        var nodes = basis.Nodes;
        axes ??= [.. Enumerable.Range(0, basis.Mesh.Dimension)];
        if (axes.Any(a => a < 0 || a >= basis.Mesh.Dimension) || axes.Distinct().Count() < axes.Count)
        {
            throw new ScaleModelException($"The periodic directions are {string.Join(", ", axes)}; of a mesh of dimension {basis.Mesh.Dimension} they are some of 0 to {basis.Mesh.Dimension - 1}, each once.");
        }

        // Each place falls into a box, and equal ones into the same or neighboring boxes.
        var (low, high, slack) = BoxOf(nodes);
        (long X, long Y, long Z) Key(Vec3 x) => ((long)Math.Floor((x.X - low.X) / slack), (long)Math.Floor((x.Y - low.Y) / slack), (long)Math.Floor((x.Z - low.Z) / slack));
        Dictionary<(long X, long Y, long Z), int> at = [];
        var upper = new List<(int Node, Vec3 Image, int Sides)>();
        for (var n = 0; n < nodes.Length; n++)
        {
            double[] image = [nodes[n].X, nodes[n].Y, nodes[n].Z];
            var sides = 0;      // The directions at whose upper ends the node is, as bits.
            foreach (var axis in axes)
            {
                if (high[axis] - nodes[n][axis] <= slack)
                {
                    image[axis] -= high[axis] - low[axis];
                    sides |= 1 << axis;
                }
            }

            if (sides != 0)
            {
                upper.Add((n, new(image[0], image[1], image[2]), sides));
            }
            else
            {
                at[Key(nodes[n])] = n;
            }
        }

        List<(int, int)> pairs = [];
        var met = new byte[nodes.Length];       // Bit s of a node: it is the image of one at the upper ends of the directions s.
        foreach (var (node, image, sides) in upper)
        {
            var (x, y, z) = Key(image);
            var found = -1;
            for (var s = 0; s < 27 && found < 0; s++)
            {
                if (at.TryGetValue((x + (s % 3) - 1, y + (s / 3 % 3) - 1, z + (s / 9) - 1), out var n) && (nodes[n] - image).Norm <= slack)
                {
                    found = n;
                }
            }

            pairs.Add((node, found >= 0 ? found : throw Alone(nodes[node], image)));
            met[found] |= (byte)(1 << sides);
        }

        // The other way round: a node at lower ends is the image of one for each choice among these.
        foreach (var n in at.Values)
        {
            for (var sides = 1; sides < 8; sides++)
            {
                var opposite = nodes[n];
                var isLower = true;
                for (var axis = 0; axis < 3; axis++)
                {
                    if ((sides >> axis & 1) != 0)
                    {
                        isLower &= axes.Contains(axis) && nodes[n][axis] - low[axis] <= slack;
                        opposite += (high[axis] - low[axis]) * new Vec3(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0);
                    }
                }

                if (isLower && (met[n] >> sides & 1) == 0)
                {
                    throw Alone(nodes[n], opposite);
                }
            }
        }

        return pairs;
    }

    /// <summary>The box along the axes about some places, and how far places may be apart that count as one: a millionth of its diagonal.</summary>
    internal static (Vec3 Low, Vec3 High, double Slack) BoxOf(ReadOnlySpan<Vec3> places)
    {
        var (low, high) = (places[0], places[0]);
        foreach (var x in places)
        {
            low = new(Math.Min(low.X, x.X), Math.Min(low.Y, x.Y), Math.Min(low.Z, x.Z));
            high = new(Math.Max(high.X, x.X), Math.Max(high.Y, x.Y), Math.Max(high.Z, x.Z));
        }

        return (low, high, 1e-6 * (high - low).Norm);
    }

    private static ScaleModelException Alone(Vec3 node, Vec3 image) => new(FormattableString.Invariant(
        $"The node at {node} has no periodic image: there is none at {image}. Opposite faces of a periodic body have nodes at the same places."));
}
