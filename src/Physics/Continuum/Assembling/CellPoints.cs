using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Assembling;

/// <summary>The quadrature points of one cell, or of one of its facets, moved from cell to cell: weights, places, and all functions with their derivatives.</summary>
/// <param name="mesh">The mesh.</param>
/// <param name="table">The functions on the reference cell.</param>
/// <param name="slots">1 for values, d more for derivatives, d more for their means over the cell.</param>
internal sealed class CellPoints(Mesh mesh, PointTable table, int slots)
{
    private readonly int _dimension = mesh.Dimension;

    public PointTable Table { get; } = table;

    public int Slots { get; } = slots;

    /// <summary>w_q det J, or the part of the facet's area.</summary>
    public double[] Weights { get; } = new double[table.Count];

    /// <summary>x at each point, if asked for.</summary>
    public Vec3[] Places { get; } = new Vec3[table.Count];

    /// <summary>The unit normal at each point of a facet.</summary>
    public Vec3[] Normals { get; } = new Vec3[table.Count];

    /// <summary>The functions: slot k of N_a at point q, at (q·Slots + k)·Padded + a.</summary>
    public double[] Functions { get; } = new double[table.Count * slots * table.Padded];

    /// <summary>The cell, numbered through the mesh.</summary>
    public int Cell { get; private set; }

    /// <summary>Moves to a cell: J = Σ x_a ⊗ ∂M_a/∂ξ, ∂N/∂x = J⁻ᵀ ∂N/∂ξ, dV = det J dξ, n dA = det J J⁻ᵀ n₀ dA₀.</summary>
    /// <param name="block">The block.</param>
    /// <param name="local">The number of the cell in it.</param>
    /// <exception cref="ScaleModelException">The cell is turned inside out.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Move(int block, int local)
    {
        Cell = mesh.FirstCell(block) + local;
        var nodes = mesh.Blocks[block].Cell(local);
        var points = mesh.Points;
        var padded = (nuint)Table.Padded;
        ref var reference = ref MemoryMarshal.GetArrayDataReference(Table.Gradients);
        ref var functions = ref MemoryMarshal.GetArrayDataReference(Functions);
        var d = _dimension;
        for (var q = 0; q < Table.Count; q++)
        {
            double xx = 0, xy = 0, xz = 0, yx = 0, yy = 0, yz = 0, zx = 0, zy = 0, zz = 0, px = 0, py = 0, pz = 0;
            var map = Table.MapGradients.AsSpan(q * nodes.Length, nodes.Length);
            var values = Table.MapValues.AsSpan(q * nodes.Length, nodes.Length);
            for (var a = 0; a < map.Length && d == 2; a++)
            {
                ref readonly var x = ref points[nodes[a]];
                ref readonly var g = ref map[a];
                xx += x.X * g.X;
                xy += x.X * g.Y;
                yx += x.Y * g.X;
                yy += x.Y * g.Y;
                px += values[a] * x.X;
                py += values[a] * x.Y;
            }

            for (var a = 0; a < map.Length && d != 2; a++)
            {
                ref readonly var x = ref points[nodes[a]];
                ref readonly var g = ref map[a];
                xx += x.X * g.X;
                xy += x.X * g.Y;
                xz += x.X * g.Z;
                yx += x.Y * g.X;
                yy += x.Y * g.Y;
                yz += x.Y * g.Z;
                zx += x.Z * g.X;
                zy += x.Z * g.Y;
                zz += x.Z * g.Z;
                px += values[a] * x.X;
                py += values[a] * x.Y;
                pz += values[a] * x.Z;
            }

            yy = d < 2 ? 1 : yy;
            zz = d < 3 ? 1 : zz;
            var (cxx, cxy, cxz) = ((yy * zz) - (yz * zy), (yz * zx) - (yx * zz), (yx * zy) - (yy * zx));
            var determinant = (xx * cxx) + (xy * cxy) + (xz * cxz);
            if (!(determinant > 0))
            {
                throw TurnedOver(determinant);
            }

            // The cofactors over the determinant are J⁻ᵀ: row k, column l is ∂ξ_l/∂x_k.
            var f = 1 / determinant;
            Span<double> inverse =
            [
                f * cxx, f * cxy, f * cxz,
                f * ((xz * zy) - (xy * zz)), f * ((xx * zz) - (xz * zx)), f * ((xy * zx) - (xx * zy)),
                f * ((xy * yz) - (xz * yy)), f * ((xz * yx) - (xx * yz)), f * ((xx * yy) - (xy * yx)),
            ];
            Places[q] = new(px, py, pz);
            Weights[q] = Table.Weights[q] * determinant;
            if (Table.IsFacet)
            {
                var n = Table.Area;
                var area = determinant * new Vec3(
                    (inverse[0] * n.X) + (inverse[1] * n.Y) + (inverse[2] * n.Z), (inverse[3] * n.X) + (inverse[4] * n.Y) + (inverse[5] * n.Z),
                    (inverse[6] * n.X) + (inverse[7] * n.Y) + (inverse[8] * n.Z));
                var size = area.Norm;
                (Normals[q], Weights[q]) = (area / size, Table.Weights[q] * size);
            }

            var to = (nuint)(q * Slots) * padded;
            var from = (nuint)(q * d) * padded;
            for (nuint a = 0; a < padded; a += PointTable.Lanes)
            {
                Vector256.LoadUnsafe(ref Table.Values[0], ((nuint)q * padded) + a).StoreUnsafe(ref functions, to + a);
                for (var k = 0; k < d; k++)
                {
                    var sum = Vector256.Create(inverse[3 * k]) * Vector256.LoadUnsafe(ref reference, from + a);
                    for (var l = 1; l < d; l++)
                    {
                        sum = Vector256.FusedMultiplyAdd(Vector256.Create(inverse[(3 * k) + l]), Vector256.LoadUnsafe(ref reference, from + ((nuint)l * padded) + a), sum);
                    }

                    sum.StoreUnsafe(ref functions, to + ((nuint)(k + 1) * padded) + a);
                }
            }
        }

        if (Slots > 1 + d)
        {
            AddMeans();
        }
    }

    /// <summary>A field and its gradient at a point; of a scalar field, the first components.</summary>
    public VectorJet Jet(int q, ReadOnlySpan<double> dofs, ReadOnlySpan<int> nodes, int components)
    {
        Span<double> sums = stackalloc double[3 * 7];
        sums.Clear();
        for (var k = 0; k < Slots; k++)
        {
            var functions = Functions.AsSpan(((q * Slots) + k) * Table.Padded, nodes.Length);
            for (var a = 0; a < nodes.Length; a++)
            {
                for (var i = 0; i < components; i++)
                {
                    sums[(7 * i) + k] += functions[a] * dofs[(components * nodes[a]) + i];
                }
            }
        }

        Matrix3 Gradient(Span<double> s, int first)
        {
            var (y, z) = (_dimension > 1 ? 1 : 0, _dimension > 2 ? 1 : 0);
            return new(
                s[first], y * s[first + 1], z * s[first + 2], s[7 + first], y * s[7 + first + 1], z * s[7 + first + 2],
                s[14 + first], y * s[14 + first + 1], z * s[14 + first + 2]);
        }

        return new(new(sums[0], sums[7], sums[14]), Gradient(sums, 1), Slots > 1 + _dimension ? Gradient(sums, 1 + _dimension) : default);
    }

    /// <summary>The gradient of a scalar field at a point.</summary>
    public Vec3 Gradient(int q, ReadOnlySpan<double> dofs, ReadOnlySpan<int> nodes)
    {
        var all = Functions.AsSpan((q * Slots * Table.Padded) + Table.Padded, _dimension * Table.Padded);
        var (x, y, z) = (0.0, 0.0, 0.0);
        for (var a = 0; a < nodes.Length; a++)
        {
            var u = dofs[nodes[a]];
            x += all[a] * u;
            y += _dimension > 1 ? all[Table.Padded + a] * u : 0;
            z += _dimension > 2 ? all[(2 * Table.Padded) + a] * u : 0;
        }

        return new(x, y, z);
    }

    /// <summary>The gradients of a scalar field at all points.</summary>
    public void Gradients(ReadOnlySpan<double> dofs, ReadOnlySpan<int> nodes, Span<Vec3> to)
    {
        Span<double> u = stackalloc double[nodes.Length];
        for (var a = 0; a < u.Length; a++)
        {
            u[a] = dofs[nodes[a]];
        }

        for (var q = 0; q < Table.Count; q++)
        {
            var all = Functions.AsSpan((q * Slots * Table.Padded) + Table.Padded, _dimension * Table.Padded);
            to[q] = new(Sum(all, u), _dimension > 1 ? Sum(all[Table.Padded..], u) : 0, _dimension > 2 ? Sum(all[(2 * Table.Padded)..], u) : 0);
        }

        static double Sum(ReadOnlySpan<double> functions, ReadOnlySpan<double> u)
        {
            var sum = 0.0;
            for (var a = 0; a < u.Length; a++)
            {
                sum += functions[a] * u[a];
            }

            return sum;
        }
    }

    /// <summary>The point as forms see it.</summary>
    public QuadraturePoint Point(int q) => new(Places[q], Normals[q], Cell, q, Table.Facet);

    /// <summary>Throws if a number that was integrated over the cell is not finite.</summary>
    /// <exception cref="ScaleModelException">One is not finite; the message names the cell.</exception>
    public void RequireFinite(ReadOnlySpan<double> integrals)
    {
        // Zero times a number is zero if it is finite, else not a number, which no sum leaves again.
        var sums = Vector<double>.Zero;
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(integrals);
        foreach (ref readonly var x in vectors)
        {
            sums += Vector<double>.Zero * x;
        }

        var sum = Vector.Sum(sums);
        foreach (var x in integrals[(vectors.Length * Vector<double>.Count)..])
        {
            sum += 0 * x;
        }

        if (sum != 0)
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"The integral over cell {Cell} of the mesh is not finite (it is near {Places[0]}). A coefficient or a density is not finite there."));
        }
    }

    // ⟨∂_k N_a⟩ = ∫ ∂_k N_a dV / V, the same at all points.
    private void AddMeans()
    {
        var volume = 0.0;
        foreach (var w in Weights)
        {
            volume += w;
        }

        for (var k = 1; k <= _dimension; k++)
        {
            for (var a = 0; a < Table.Padded; a++)
            {
                var sum = 0.0;
                for (var q = 0; q < Table.Count; q++)
                {
                    sum += Weights[q] * Functions[(((q * Slots) + k) * Table.Padded) + a];
                }

                for (var q = 0; q < Table.Count; q++)
                {
                    Functions[(((q * Slots) + k + _dimension) * Table.Padded) + a] = sum / volume;
                }
            }
        }
    }

    private ScaleModelException TurnedOver(double determinant) => new(FormattableString.Invariant(
        $"Cell {Cell} of the mesh is turned inside out (det J = {determinant}). Its nodes are numbered in the wrong order, or it is too distorted."));
}
