using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>What an interface answers to a displacement.</summary>
/// <param name="Force">∫ t·[N_a], N, one number a dof of the body.</param>
/// <param name="Stiffness">Its derivative with respect to the dofs; entries between those of the interface alone.</param>
/// <param name="State">The state of all points at the end of the step; a step is accepted by going on from it.</param>
public sealed record InterfaceResponse(double[] Force, CsrMatrix Stiffness, double[] State)
{
    /// <summary>The sum with the forces and the stiffness of the body, as <see cref="Newton"/> and <see cref="EquilibriumPath"/> take it.</summary>
    /// <param name="force">Those of the body, N.</param>
    /// <param name="stiffness">Their derivative.</param>
    public (double[] Force, CsrMatrix Stiffness) With(double[] force, CsrMatrix stiffness)
    {
        ArgumentNullException.ThrowIfNull(force);
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentOutOfRangeException.ThrowIfNotEqual(force.Length, Force.Length, nameof(force));
        return ([.. Force.Zip(force, (a, b) => a + b)], stiffness.Plus(Stiffness));
    }
}

/// <summary>
/// The two sides of a boundary that was cut open, held together by a law for the tractions between them: an interface without thickness, for small openings
/// and sliding. It has the elements of the basis, on lines, triangles and quadrilaterals of either degree (points on a line), and their quadrature. States
/// are values: the quadrature points of one facet after another.
/// </summary>
/// <remarks>
/// The weak form gets ∫ t([u])·[v] dA, [u] = u_far − u_near, with components along the normal of the near side and along it. Under softening the
/// zone in which the law works, l ≈ E G_c/σ², has to hold four or more elements. After: Camanho, Dávila, NASA/TM-2002-211737 (2002).
/// </remarks>
public sealed class CohesiveInterface
{
    private readonly Basis _basis;
    private readonly Pair[] _pairs;
    private readonly Vec3[] _places;
    private readonly CsrMatrix _pattern;

    // Near and far dofs, as many of each; at each point the functions on a side, the part of the area and the axes as rows. Where each pair of dofs stands in the matrix.
    private sealed record Pair(int[] Near, int[] Far, double[][] Functions, double[] Weights, Matrix3[] Axes, int[] Slots);

    /// <summary>The interface between two sides.</summary>
    /// <param name="basis">A basis for a vector field, on a mesh that was cut open.</param>
    /// <param name="boundary">The name of the near side: that of the cut.</param>
    /// <param name="opposite">The name of the far side; that which <see cref="MeshCut"/> gave it if null. Facets are found by their places.</param>
    /// <exception cref="ScaleModelException">There are no such boundaries, or their facets do not lie on each other.</exception>
    public CohesiveInterface(Basis basis, string boundary, string? opposite = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        basis.Require(basis.Mesh.Dimension);
        _basis = basis;
        var pairs = new List<Pair>();
        var places = new List<Vec3>();
        var (near, far) = (basis.Mesh.Boundary(boundary), basis.Mesh.Boundary(opposite ?? MeshCut.Opposite(boundary)));
        foreach (var (a, b) in near.Zip(Twins(basis.Mesh, near, far, boundary)))
        {
            pairs.Add(Made(a, b, places, boundary));
        }

        // The pattern, and then where the numbers of each pair stand in it.
        var dofs = pairs.Select(p => (int[])[.. p.Near, .. p.Far]).ToArray();
        var builder = new CsrBuilder(basis.DofCount, basis.DofCount);
        foreach (var of in dofs)
        {
            foreach (var i in of)
            {
                foreach (var j in of)
                {
                    builder.Add(i, j, 0);
                }
            }
        }

        _pattern = builder.ToMatrix();
        int Slot(int row, int column) => _pattern.RowStart[row] + _pattern.Columns[_pattern.RowStart[row].._pattern.RowStart[row + 1]].BinarySearch(column);
        _pairs = [.. pairs.Zip(dofs, (p, of) => p with { Slots = [.. from i in of from j in of select Slot(i, j)] })];
        _places = [.. places];
    }

    /// <summary>Where the quadrature points are, m.</summary>
    public ReadOnlySpan<Vec3> Points => _places;

    /// <summary>The area, m² (in two dimensions the length, m).</summary>
    public double Area => Integral(_ => 1);

    /// <summary>The state at the beginning, all zero.</summary>
    /// <param name="law">The law.</param>
    public double[] InitialState(ICohesiveLaw law)
    {
        ArgumentNullException.ThrowIfNull(law);
        return new double[_places.Length * law.StateSize];
    }

    /// <summary>Forces, stiffness and next state of a displacement.</summary>
    /// <param name="law">The law.</param>
    /// <param name="displacement">u, m, at the end of the step: all dofs of the basis.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <exception cref="ScaleModelException">The state has not the size of the law's.</exception>
    public InterfaceResponse Respond(ICohesiveLaw law, double[] displacement, double[] state)
    {
        ArgumentNullException.ThrowIfNull(law);
        ArgumentNullException.ThrowIfNull(displacement);
        ArgumentNullException.ThrowIfNull(state);
        _basis.RequireDofs(displacement.Length);
        RequireState(law, state);
        var (force, stiffness, next) = (new double[displacement.Length], _pattern.WithSamePattern(), new double[state.Length]);
        var (size, components, point) = (law.StateSize, _basis.Components, 0);
        foreach (var pair in _pairs)
        {
            var half = pair.Near.Length;
            for (var q = 0; q < pair.Weights.Length; q++, point++)
            {
                var at = point * size;
                var traction = law.Respond(Opening(pair, q, displacement), state.AsSpan(at, size), next.AsSpan(at, size), out var tangent);
                var (axes, weight, functions) = (pair.Axes[q], pair.Weights[q], pair.Functions[q]);
                var pull = weight * (axes.Transposed * traction);
                var change = weight * (axes.Transposed * tangent * axes);
                for (var a = 0; a < half; a++)
                {
                    var (n, i) = (functions[a / components], a % components);
                    force[pair.Near[a]] -= n * pull[i];
                    force[pair.Far[a]] += n * pull[i];
                    for (var b = 0; b < half; b++)
                    {
                        var k = n * functions[b / components] * change[i, b % components];
                        stiffness.Values[pair.Slots[(a * 2 * half) + b]] += k;
                        stiffness.Values[pair.Slots[(a * 2 * half) + half + b]] -= k;
                        stiffness.Values[pair.Slots[((half + a) * 2 * half) + b]] -= k;
                        stiffness.Values[pair.Slots[((half + a) * 2 * half) + half + b]] += k;
                    }
                }
            }
        }

        return new(force, stiffness, next);
    }

    /// <summary>The openings at all quadrature points, m: across the interface (x) and along it (y, z).</summary>
    /// <param name="displacement">u, m.</param>
    public Vec3[] Openings(double[] displacement)
    {
        ArgumentNullException.ThrowIfNull(displacement);
        _basis.RequireDofs(displacement.Length);
        return [.. from pair in _pairs from q in Enumerable.Range(0, pair.Weights.Length) select Opening(pair, q, displacement)];
    }

    /// <summary>The energy that has been used up for good, J (in two dimensions J/m).</summary>
    /// <param name="law">The law.</param>
    /// <param name="state">The state of all points.</param>
    /// <exception cref="ScaleModelException">The state has not the size of the law's.</exception>
    public double Dissipated(ICohesiveLaw law, double[] state)
    {
        ArgumentNullException.ThrowIfNull(law);
        ArgumentNullException.ThrowIfNull(state);
        RequireState(law, state);
        return Integral(point => law.Dissipated(state.AsSpan(point * law.StateSize, law.StateSize)));
    }

    private double Integral(Func<int, double> density) =>
        FixedOrderSum.Of([.. _pairs.SelectMany(p => p.Weights).Select((w, point) => w * density(point))]);

    private void RequireState(ICohesiveLaw law, double[] state)
    {
        if (state.Length != _places.Length * law.StateSize)
        {
            throw new ScaleModelException($"The state has {state.Length} numbers; {law.StateSize} for each of {_places.Length} points of the interface are needed.");
        }
    }

    private Vec3 Opening(Pair pair, int q, double[] displacement)
    {
        Span<double> jump = [0, 0, 0];
        for (var a = 0; a < pair.Near.Length; a++)
        {
            jump[a % _basis.Components] += pair.Functions[q][a / _basis.Components] * (displacement[pair.Far[a]] - displacement[pair.Near[a]]);
        }

        return pair.Axes[q] * new Vec3(jump[0], jump[1], jump[2]);
    }

    private Pair Made(Facet near, Facet far, List<Vec3> places, string boundary)
    {
        var (block, local) = _basis.Mesh.Locate(near.Cell);
        var points = new CellPoints(_basis.Mesh, _basis.Table(block, near.Local), 1 + _basis.Mesh.Dimension);
        points.Move(block, local);
        places.AddRange(points.Places);
        var on = _basis.Element(near.Cell).FacetNodes[near.Local];
        int[] nodes = [.. Nodes(near)], across = [.. Nodes(far)];
        var reach = 1e-6 * nodes.Max(n => (_basis.Nodes[n] - _basis.Nodes[nodes[0]]).Norm);
        var twins = nodes.Select(n => across.MinBy(m => (_basis.Nodes[m] - _basis.Nodes[n]).Norm)).ToArray();
        if (nodes.Length != across.Length || nodes.Zip(twins, (n, m) => (_basis.Nodes[m] - _basis.Nodes[n]).Norm).Max() > reach)
        {
            throw NoTwin(near, boundary);
        }

        int[] Dofs(int[] of) => [.. from n in of from c in Enumerable.Range(0, _basis.Components) select _basis.Dof(n, c)];
        var count = points.Table.Count;
        return new(
            Dofs(nodes), Dofs(twins), [.. Enumerable.Range(0, count).Select(q => on.Select(a => points.Functions[(q * points.Slots * points.Table.Padded) + a]).ToArray())],
            [.. points.Weights], [.. points.Normals.Select(Axes)], []);
    }

    private int[] Nodes(Facet facet)
    {
        var nodes = _basis.CellNodes(facet.Cell).ToArray();
        return [.. _basis.Element(facet.Cell).FacetNodes[facet.Local].Select(a => nodes[a])];
    }

    // The normal and two directions across it, in two dimensions the first in the plane.
    private Matrix3 Axes(Vec3 normal)
    {
        var other = _basis.Mesh.Dimension < 3 ? new Vec3(0, 0, 1) : Math.Abs(normal.X) < 0.6 ? new Vec3(1, 0, 0) : new Vec3(0, 1, 0);
        var along = Vec3.Cross(other, normal).Normalized();
        return Matrix3.FromRows(normal, along, Vec3.Cross(normal, along));
    }

    // For each near facet the far one whose vertices have the same mean.
    private static List<Facet> Twins(Mesh mesh, ImmutableArray<Facet> near, ImmutableArray<Facet> far, string boundary)
    {
        // Sorted along a direction in which hardly two places are equal.
        static double Key(Vec3 x) => x.X + (0.618034 * x.Y) + (0.414214 * x.Z);
        (Vec3 Middle, double Size) Of(Facet f)
        {
            var vertices = mesh.Vertices(f.Cell).ToArray();
            var places = mesh.Geometry(f.Cell).Cell.Facets[f.Local].Vertices.Select(v => mesh.Points[vertices[v]]).ToArray();
            var middle = places.Aggregate((a, b) => a + b) / places.Length;
            return (middle, places.Max(x => (x - middle).Norm));
        }

        var sorted = far.Select(f => (Facet: f, Of(f).Middle)).OrderBy(f => Key(f.Middle)).ToArray();
        var keys = sorted.Select(f => Key(f.Middle)).ToArray();
        List<Facet> twins = [];
        foreach (var f in near)
        {
            var (middle, size) = Of(f);
            var reach = 1e-6 * size;
            var at = Array.BinarySearch(keys, Key(middle) - (3 * reach));
            at = at < 0 ? ~at : at;
            while (at < keys.Length && keys[at] <= Key(middle) + (3 * reach) && (sorted[at].Middle - middle).Norm > reach)
            {
                at++;
            }

            if (at == keys.Length || keys[at] > Key(middle) + (3 * reach))
            {
                throw NoTwin(f, boundary);
            }

            twins.Add(sorted[at].Facet);
        }

        return twins.Distinct().Count() == far.Length ? twins : throw new ScaleModelException($"The boundary '{boundary}' has {near.Length} facets, and {far.Length} lie opposite; each has one that lies on it.");
    }

    private static ScaleModelException NoTwin(Facet facet, string boundary) =>
        new($"The boundary '{boundary}' is no interface: nothing opposite lies on facet {facet.Local} of cell {facet.Cell}. MeshCut.Along makes both sides.");
}
