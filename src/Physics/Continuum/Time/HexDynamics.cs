using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using V = System.Runtime.Intrinsics.Vector256<double>;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>
/// The forces of trilinear hexahedra for explicit steps: one stress a cell, with small strains and isotropic elasticity, and a stiffness against
/// the hourglass modes, which that stress does not feel. Much faster than a product with a matrix, and without one. Vectors hold four cells. Usable by one
/// caller at a time; the bits do not depend on the number of threads.
/// </summary>
/// <remarks>
/// The mean gradient of a cell is G = Σ_I u_I ⊗ b_I, b_I = (1/V) ∫ ∇N_I, so that a constant strain is met on any mesh. With the hourglass vectors
/// h_α of ±1, X_α = Σ_I h_αI x_I and γ_αI = h_αI − b_I·X_α: q_α = Σ_I γ_αI u_I, which linear fields make zero, Q_α = c q_α, c = κ (λ + 2μ) V Σ_I |b_I|² / 8;
/// f_I = V σ b_I + Σ_α γ_αI Q_α. After: Flanagan, Belytschko, Int. J. Numer. Methods Eng. 17, 679 (1981).
/// </remarks>
public sealed unsafe class HexDynamics
{
    private const int Lanes = 4;

    // Vectors of a batch: b (8 nodes × 3), X (4 × 3), V, c.
    private const int Numbers = 24 + 12 + 2;
    private readonly Mesh _mesh;
    private readonly IntegrationGroup _group;
    private readonly double _lambda;
    private readonly double _mu;
    private readonly double[] _cells;
    private readonly int[] _nodes;      // Where the nodes of a batch stand among padded numbers: cell l, node I at 32·batch + 8·l + I.
    private readonly double[] _u;       // Four numbers a node, the last 0.
    private readonly double[] _f;

    /// <summary>Makes ready the cells of a mesh.</summary>
    /// <param name="mesh">Hexahedra of order 1 only.</param>
    /// <param name="young">Young's modulus, Pa.</param>
    /// <param name="poisson">Poisson's ratio, above −1 and below ½.</param>
    /// <param name="density">ρ, kg/m³.</param>
    /// <param name="hourglass">κ, the hourglass stiffness, 0 … 1; 0.05 … 0.15 is usual.</param>
    /// <exception cref="ScaleModelException">The mesh has other cells, one is turned inside out, or a number is out of its range.</exception>
    public HexDynamics(Mesh mesh, double young, double poisson, double density, double hourglass = 0.1)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        if (mesh.Blocks is not [{ Shape: CellShape.Hexahedron, Order: 1 } block])
        {
            throw new ScaleModelException("The kernel for explicit steps takes one block of hexahedra with straight edges.");
        }

        if (!(young > 0 && poisson is > -1 and < 0.5 && density > 0 && hourglass is >= 0 and <= 1) || !double.IsFinite(young * density))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"E = {young}, ν = {poisson}, ρ = {density}, κ = {hourglass}: E and ρ are above zero, ν within −1 … ½, κ within 0 … 1."));
        }

        (_mesh, _lambda, _mu) = (mesh, young * poisson / ((1 + poisson) * (1 - (2 * poisson))), young / (2 * (1 + poisson)));
        _group = IntegrationPlan.Of(Basis.Scalar(mesh, 1), Domain.Body)[0];
        var batches = (mesh.CellCount + Lanes - 1) / Lanes;
        (_cells, _nodes) = (new double[batches * Numbers * Lanes], new int[batches * Lanes * 8]);
        (_u, _f) = (new double[4 * mesh.Points.Length], new double[4 * mesh.Points.Length]);
        Mass = new double[3 * mesh.Points.Length];
        var highest = 0.0;
        Span<Vec3> b = stackalloc Vec3[8];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            var nodes = block.Cell(cell);
            var volume = MeanGradients(mesh, nodes, b);
            if (!(volume > 0))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Cell {cell} maps the reference cell with the determinant {volume} at a point; it is turned inside out or flat there."));
            }

            var squares = 0.0;
            var at = _cells.AsSpan(cell / Lanes * Numbers * Lanes, Numbers * Lanes);
            var lane = cell % Lanes;
            for (var node = 0; node < 8; node++)
            {
                _nodes[(8 * cell) + node] = 4 * nodes[node];
                squares += b[node].NormSquared;
                for (var j = 0; j < 3; j++)
                {
                    at[(((3 * node) + j) * Lanes) + lane] = b[node][j];
                    Mass[(3 * nodes[node]) + j] += density * volume / 8;
                    for (var mode = 0; mode < 4; mode++)
                    {
                        at[((24 + (3 * mode) + j) * Lanes) + lane] += Hourglass(mode, node) * mesh.Points[nodes[node]][j];
                    }
                }
            }

            at[(36 * Lanes) + lane] = volume;
            at[(37 * Lanes) + lane] = hourglass * (_lambda + (2 * _mu)) * volume * squares / 8;

            // No frequency of the cell, and so none of the body, is above: the stress alone has eigenvalues of at most (max(λ, 0) + 2μ) V Σ |b|², for
            // |tr M S^½|² and |M S^½|² are at most tr S |M|², S_ij = Σ_I b_iI b_jI; the hourglass stiffness c times the greatest row of γ_α·γ_β.
            var stress = (Math.Max(_lambda, 0) + (2 * _mu)) * volume * squares;
            highest = Math.Max(highest, (stress + (at[(37 * Lanes) + lane] * GreatestProduct(at, b, lane))) * 8 / (density * volume));
        }

        LongestStep = 2 / Math.Sqrt(highest);
    }

    /// <summary>The lumped mass, one number a dof, kg.</summary>
    public double[] Mass { get; }

    /// <summary>
    /// A step, s, up to which central differences are stable: 2/ω with ω² the greatest (8/ρV) ((max(λ, 0) + 2μ) V Σ_I |b_I|² + c max_α Σ_β |γ_α·γ_β|) of a cell,
    /// which bounds the eigenvalues of cells, and these those of the body. After: Flanagan, Belytschko, J. Eng. Mech. 110, 1577 (1984), with the hourglass part added.
    /// </summary>
    public double LongestStep { get; }

    /// <summary>The forces with which the body answers a displacement, −∂W/∂u.</summary>
    /// <param name="displacement">u, three numbers a node, m.</param>
    /// <param name="forces">Overwritten, N.</param>
    /// <param name="loop">The threads; one if null.</param>
    public void Forces(ReadOnlySpan<double> displacement, Span<double> forces, ChunkedLoop? loop = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(displacement.Length, Mass.Length, nameof(displacement));
        ArgumentOutOfRangeException.ThrowIfNotEqual(forces.Length, Mass.Length, nameof(forces));
        const int chunk = 4096;
        loop ??= ChunkedLoop.Serial;
        fixed (double* from = displacement, to = forces, u = _u, f = _f, cells = _cells)
        fixed (int* nodes = _nodes)
        {
            var (source, target, pu, pf, pc, pn) = ((nint)from, (nint)to, (nint)u, (nint)f, (nint)cells, (nint)nodes);
            loop.Run(_mesh.Points.Length, chunk, (_, first, past) => Spread((double*)source, (double*)pu, (double*)pf, first, past));
            _group.Run(loop, n =>
            {
                var first = n * IntegrationGroup.Chunk;
                Work((double*)pc, (int*)pn, (double*)pu, (double*)pf, first, Math.Min(first + IntegrationGroup.Chunk, _mesh.CellCount));
            });
            loop.Run(_mesh.Points.Length, chunk, (_, first, past) => Gather((double*)pf, (double*)target, first, past));
        }
    }

    /// <summary>The energy of a displacement, that of hourglass modes included: −½ u·f(u), J.</summary>
    public double Energy(ReadOnlySpan<double> displacement, ChunkedLoop? loop = null)
    {
        var forces = new double[displacement.Length];
        Forces(displacement, forces, loop);
        return -0.5 * FixedOrderSum.Dot(displacement, forces);
    }

    // ηζ, ζξ, ξη, ξηζ at the nodes, with ξ, η, ζ of ±1.
    private static double Hourglass(int mode, int node)
    {
        var at = ReferenceCell.Of(CellShape.Hexahedron).Vertices[node];
        var (x, y, z) = ((2 * at.X) - 1, (2 * at.Y) - 1, (2 * at.Z) - 1);
        return mode switch { 0 => y * z, 1 => z * x, 2 => x * y, _ => x * y * z };
    }

    private static double GreatestProduct(ReadOnlySpan<double> cell, ReadOnlySpan<Vec3> b, int lane)
    {
        Span<double> gamma = stackalloc double[32];
        for (var mode = 0; mode < 4; mode++)
        {
            var at = (24 + (3 * mode)) * Lanes;
            var x = new Vec3(cell[at + lane], cell[at + Lanes + lane], cell[at + (2 * Lanes) + lane]);
            for (var node = 0; node < 8; node++)
            {
                gamma[(8 * mode) + node] = Hourglass(mode, node) - Vec3.Dot(b[node], x);
            }
        }

        var greatest = 0.0;
        for (var mode = 0; mode < 4; mode++)
        {
            var sum = 0.0;
            for (var other = 0; other < 4; other++)
            {
                sum += Math.Abs(FixedOrderSum.Dot(gamma.Slice(8 * mode, 8), gamma.Slice(8 * other, 8)));
            }

            greatest = Math.Max(greatest, sum);
        }

        return greatest;
    }

    // b_I = (1/V) ∫ ∇N_I dV and V, or the determinant at a point where it is not above zero. The integrand is of degree 2 in each direction, which two points a direction meet.
    private static double MeanGradients(Mesh mesh, ReadOnlySpan<int> nodes, Span<Vec3> b)
    {
        b.Clear();
        var element = Lagrange.Of(CellShape.Hexahedron, 1);
        var rule = Quadrature.Of(CellShape.Hexahedron, 3);
        Span<double> values = stackalloc double[8];
        Span<Vec3> slopes = stackalloc Vec3[8];
        var volume = 0.0;
        for (var q = 0; q < rule.Points.Length; q++)
        {
            element.Evaluate(rule.Points[q], values, slopes);
            var jacobian = default(Matrix3);
            for (var node = 0; node < 8; node++)
            {
                jacobian += Matrix3.Dyad(mesh.Points[nodes[node]], slopes[node]);
            }

            var determinant = jacobian.Determinant;
            if (!(determinant > 0))
            {
                return determinant;
            }

            var inverse = jacobian.Inverse().Transposed;
            for (var node = 0; node < 8; node++)
            {
                b[node] += rule.Weights[q] * determinant * (inverse * slopes[node]);
            }

            volume += rule.Weights[q] * determinant;
        }

        for (var node = 0; node < 8; node++)
        {
            b[node] /= volume;
        }

        return volume;
    }

    private static void Spread(double* from, double* u, double* f, int first, int past)
    {
        for (var n = first; n < past; n++)
        {
            Vector256.Create(from[3 * n], from[(3 * n) + 1], from[(3 * n) + 2], 0).Store(u + (4 * n));
            V.Zero.Store(f + (4 * n));
        }
    }

    private static void Gather(double* f, double* to, int first, int past)
    {
        for (var n = first; n < past; n++)
        {
            (to[3 * n], to[(3 * n) + 1], to[(3 * n) + 2]) = (-f[4 * n], -f[(4 * n) + 1], -f[(4 * n) + 2]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Work(double* cells, int* nodes, double* u, double* f, int first, int past)
    {
        var (lambda, mu) = (Vector256.Create(_lambda), Vector256.Create(_mu));

        // Component i of node I at 8·i + I, then the same of the forces.
        var own = stackalloc V[48];
        for (var cell = first; cell < past; cell += Lanes)
        {
            var at = nodes + (8 * cell);
            var b = (V*)(cells + (cell / Lanes * Numbers * Lanes));
            var count = Math.Min(Lanes, past - cell);
            for (var node = 0; node < 8; node++)
            {
                // Lanes without a cell read node 0 and have a volume of 0.
                Turn(Vector256.Load(u + at[node]), Vector256.Load(u + at[8 + node]), Vector256.Load(u + at[16 + node]), Vector256.Load(u + at[24 + node]),
                    out own[node], out own[8 + node], out own[16 + node], out _);
            }

            Mean(own, b, out var gxx, out var gxy, out var gxz);
            Mean(own + 8, b, out var gyx, out var gyy, out var gyz);
            Mean(own + 16, b, out var gzx, out var gzy, out var gzz);

            // V σ, σ = λ tr G + μ (G + Gᵀ).
            var (volume, c) = (b[36], b[37]);
            var (vl, vm) = (volume * lambda, volume * mu);
            var trace = vl * (gxx + gyy + gzz);
            var (xy, xz, yz) = (vm * (gxy + gyx), vm * (gxz + gzx), vm * (gyz + gzy));
            Force(own, b, gxx, gxy, gxz, Vector256.FusedMultiplyAdd(vm + vm, gxx, trace), xy, xz, c);
            Force(own + 8, b, gyx, gyy, gyz, xy, Vector256.FusedMultiplyAdd(vm + vm, gyy, trace), yz, c);
            Force(own + 16, b, gzx, gzy, gzz, xz, yz, Vector256.FusedMultiplyAdd(vm + vm, gzz, trace), c);
            for (var node = 0; node < 8; node++)
            {
                Turn(own[24 + node], own[32 + node], own[40 + node], V.Zero, out var r0, out var r1, out var r2, out var r3);
                Add(f + at[node], r0);
                if (count == Lanes)
                {
                    Add(f + at[8 + node], r1);
                    Add(f + at[16 + node], r2);
                    Add(f + at[24 + node], r3);
                    continue;
                }

                if (count > 1)
                {
                    Add(f + at[8 + node], r1);
                }

                if (count > 2)
                {
                    Add(f + at[16 + node], r2);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(double* to, V forces) => (Vector256.Load(to) + forces).Store(to);

    // A row of G.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mean(V* u, V* b, out V x, out V y, out V z)
    {
        (x, y, z) = (u[0] * b[0], u[0] * b[1], u[0] * b[2]);
        for (var node = 1; node < 8; node++)
        {
            x = Vector256.FusedMultiplyAdd(u[node], b[3 * node], x);
            y = Vector256.FusedMultiplyAdd(u[node], b[(3 * node) + 1], y);
            z = Vector256.FusedMultiplyAdd(u[node], b[(3 * node) + 2], z);
        }
    }

    // One component of the forces: Σ_j T_j b_jI + Σ_α Q_α h_αI with T_j = V σ_j − Σ_α Q_α X_αj, Q_α = c (Σ_I h_αI u_I − Σ_j G_j X_αj).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Force(V* u, V* b, V gx, V gy, V gz, V tx, V ty, V tz, V c)
    {
        // Sums and differences along ζ; then along the other axes.
        var (p0, p1, p2, p3) = (u[4] + u[0], u[5] + u[1], u[6] + u[2], u[7] + u[3]);
        var (m0, m1, m2, m3) = (u[4] - u[0], u[5] - u[1], u[6] - u[2], u[7] - u[3]);
        var (d20, d31) = (m2 - m0, m3 - m1);
        var q0 = Less(d20 + d31, b + 24, gx, gy, gz) * c;
        var q1 = Less(d20 - d31, b + 27, gx, gy, gz) * c;
        var q2 = Less(p0 - p1 + (p2 - p3), b + 30, gx, gy, gz) * c;
        var q3 = Less(m0 - m1 + (m2 - m3), b + 33, gx, gy, gz) * c;
        tx = Across(tx, q0, q1, q2, q3, b + 24);
        ty = Across(ty, q0, q1, q2, q3, b + 25);
        tz = Across(tz, q0, q1, q2, q3, b + 26);
        var (r0, r1, r2, r3) = (q3 - q0 - q1, q1 - q0 - q3, q0 + q1 + q3, q0 - q1 - q3);
        var f = u + 24;
        f[0] = Flux(q2 - r0, b, tx, ty, tz);
        f[1] = Flux(-q2 - r1, b + 3, tx, ty, tz);
        f[2] = Flux(q2 - r2, b + 6, tx, ty, tz);
        f[3] = Flux(-q2 - r3, b + 9, tx, ty, tz);
        f[4] = Flux(q2 + r0, b + 12, tx, ty, tz);
        f[5] = Flux(r1 - q2, b + 15, tx, ty, tz);
        f[6] = Flux(q2 + r2, b + 18, tx, ty, tz);
        f[7] = Flux(r3 - q2, b + 21, tx, ty, tz);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Less(V sum, V* x, V gx, V gy, V gz) =>
        Vector256.FusedMultiplyAdd(-gx, x[0], Vector256.FusedMultiplyAdd(-gy, x[1], Vector256.FusedMultiplyAdd(-gz, x[2], sum)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Across(V t, V q0, V q1, V q2, V q3, V* x) =>
        Vector256.FusedMultiplyAdd(-q0, x[0], Vector256.FusedMultiplyAdd(-q1, x[3], Vector256.FusedMultiplyAdd(-q2, x[6], Vector256.FusedMultiplyAdd(-q3, x[9], t))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Flux(V hourglass, V* b, V tx, V ty, V tz) =>
        Vector256.FusedMultiplyAdd(tx, b[0], Vector256.FusedMultiplyAdd(ty, b[1], Vector256.FusedMultiplyAdd(tz, b[2], hourglass)));

    // Rows to columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(V a, V b, V c, V d, out V x, out V y, out V z, out V w)
    {
        if (Avx.IsSupported)
        {
            var (ab, cd) = (Avx.UnpackLow(a, b), Avx.UnpackLow(c, d));
            var (hab, hcd) = (Avx.UnpackHigh(a, b), Avx.UnpackHigh(c, d));
            (x, z) = (Avx.Permute2x128(ab, cd, 0x20), Avx.Permute2x128(ab, cd, 0x31));
            (y, w) = (Avx.Permute2x128(hab, hcd, 0x20), Avx.Permute2x128(hab, hcd, 0x31));
            return;
        }

        (x, y) = (Vector256.Create(a[0], b[0], c[0], d[0]), Vector256.Create(a[1], b[1], c[1], d[1]));
        (z, w) = (Vector256.Create(a[2], b[2], c[2], d[2]), Vector256.Create(a[3], b[3], c[3], d[3]));
    }
}
