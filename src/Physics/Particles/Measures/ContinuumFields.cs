using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;
using MathNet.Numerics.Integration;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>Density, momentum, stress and temperature of atoms as fields, at the nodes of a regular grid over a periodic box.</summary>
/// <remarks>
/// Every atom is smeared out over a kernel ψ with ∫ψ = 1: along each cell vector a cubic B-spline that is four nodes wide, so that the kernels of all nodes add up to the
/// same everywhere, and what the nodes have together is what the box has, to round-off. The force of a pair is spread along the line between the two, by
/// $B_{ij}(x) = ∫_0^1 ψ(x_i − λ x_{ij} − x) dλ$, which for these kernels is a sum over the pieces between planes of the grid, each integrated exactly. So density and momentum obey the
/// equations of continuity at every moment. Nodes as far apart as two or three lattice constants, or atoms, make smooth fields.
/// After: Irving, Kirkwood, J. Chem. Phys. 18 (1950) 817; Hardy, J. Chem. Phys. 76 (1982) 622; Murdoch, Bedeaux, Proc. R. Soc. A 445 (1994) 157.
/// </remarks>
/// <param name="Nodes">How many nodes there are along each cell vector. The node (a, b, c) stands at these fractions a/A, b/B, c/C of them, and has the index a + A (b + B c).</param>
/// <param name="Density">ρ = Σ m ψ: mass a volume.</param>
/// <param name="Momentum">ρv = Σ m v ψ: mass times velocity a volume.</param>
/// <param name="PotentialStress">−½ Σᵢ Σⱼ xᵢⱼ ⊗ fᵢⱼ B: of the forces, in the unit of pressure.</param>
/// <param name="KineticStress">−Σ m (v − v̄) ⊗ (v − v̄) ψ, relative to the velocity v̄ of the node: in the unit of pressure.</param>
/// <param name="Temperature">Σ m |v − v̄|² ψ / (3 k_B Σ ψ); not a number where there are no atoms.</param>
public sealed record ContinuumFields(
    (int A, int B, int C) Nodes, double[] Density, Vec3[] Momentum, SymTensor3[] PotentialStress, SymTensor3[] KineticStress, double[] Temperature)
{
    private const int Width = 4;                // Nodes that a point belongs to, along an axis.
    private const double LeastPiece = 1e-14;    // Shorter pieces of a line have no weight.

    // Cubics along three axes make a polynomial of degree nine along a line: five points integrate it exactly.
    private static readonly GaussLegendreRule _rule = new(0, 1, 5);

    /// <summary>Stress of forces and of motion, Cauchy's σ.</summary>
    public SymTensor3[] Stress => [.. PotentialStress.Zip(KineticStress, (p, k) => p + k)];

    /// <summary>The fields of the atoms of an engine as they are now.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="nodes">How many nodes along each cell vector.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <exception cref="ScaleModelException">A side of the box is not periodic, there are no nodes, or an interaction has forces that are not those of pairs.</exception>
    public static ContinuumFields Of(MolecularDynamics engine, (int A, int B, int C) nodes, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var box = engine.Box;
        if (!(box.IsPeriodic(0) && box.IsPeriodic(1) && box.IsPeriodic(2)) || nodes.A < 1 || nodes.B < 1 || nodes.C < 1 || (long)nodes.A * nodes.B * nodes.C > 1 << 24)
        {
            throw new ScaleModelException($"Fields at {nodes.A} × {nodes.B} × {nodes.C} nodes are asked for; there must be one or more along each side, 2²⁴ at most, and all sides of the box periodic.");
        }

        var atoms = engine.Configuration();
        var grid = new Grid(nodes);
        var count = nodes.A * nodes.B * nodes.C;
        var perVolume = count / box.Volume;
        var (density, number, momentum, motion, stress) = (new double[count], new double[count], new Vec3[count], new SymTensor3[count], new SymTensor3[count]);
        Vec3 Scaled(Vec3 s) => new(s.X * nodes.A, s.Y * nodes.B, s.Z * nodes.C);
        for (var i = 0; i < atoms.Count; i++)
        {
            var (mass, v) = (atoms.Species[atoms.Kinds[i]].Mass, atoms.Velocities[i]);
            grid.At(Scaled(box.Fraction(atoms.Positions[i])));
            for (var k = 0; k < Grid.Points; k++)
            {
                var (node, weight) = (grid.Nodes[k], perVolume * grid.Weights[k]);
                number[node] += weight;
                density[node] += weight * mass;
                momentum[node] += weight * mass * v;
                motion[node] += weight * mass * SymTensor3.Dyad(v);
            }
        }

        var cuts = new List<double>();
        var perPressure = atoms.Units.Pressure * perVolume;
        engine.VisitPairs(
            (in PairForce pair) =>
            {
                // Each pair is shown from both sides; one counts. Atoms and their own images are shown twice with the same atom.
                if (pair.First > pair.Second)
                {
                    return;
                }

                var share = (pair.First == pair.Second ? -0.5 : -1) * perPressure * pair.ForceOverDistance * SymTensor3.Dyad(pair.Separation);
                var from = Scaled(box.Fraction(atoms.Positions[pair.First]));
                var way = Scaled(box.Fraction(box.Origin + pair.Separation));
                Cut(from, way, cuts);
                for (var c = 1; c < cuts.Count; c++)
                {
                    var length = cuts[c] - cuts[c - 1];
                    for (var p = 0; length > LeastPiece && p < _rule.Order; p++)
                    {
                        grid.At(from - ((cuts[c - 1] + (length * _rule.GetAbscissa(p))) * way));
                        var weight = length * _rule.GetWeight(p);
                        for (var k = 0; k < Grid.Points; k++)
                        {
                            stress[grid.Nodes[k]] += weight * grid.Weights[k] * share;
                        }
                    }
                }
            },
            loop);

        // Σ m (v − v̄) ⊗ (v − v̄) ψ = Σ m v ⊗ v ψ − ρ v̄ ⊗ v̄
        var (kinetic, temperature) = (new SymTensor3[count], new double[count]);
        for (var node = 0; node < count; node++)
        {
            var relative = atoms.Units.MassVelocitySquared * (motion[node] - (density[node] > 0 ? SymTensor3.Dyad(momentum[node]) / density[node] : default));
            kinetic[node] = -atoms.Units.Pressure * relative;
            temperature[node] = relative.Trace / (3 * atoms.Units.Boltzmann * number[node]);
        }

        return new(nodes, density, momentum, stress, kinetic, temperature);
    }

    // Where the line from − λ way, 0 ≤ λ ≤ 1, passes a plane of the grid.
    private static void Cut(Vec3 from, Vec3 way, List<double> cuts)
    {
        cuts.Clear();
        cuts.Add(0);
        cuts.Add(1);
        for (var axis = 0; axis < 3; axis++)
        {
            var (a, b) = (from[axis], from[axis] - way[axis]);
            for (var plane = Math.Ceiling(Math.Min(a, b)); plane <= Math.Max(a, b) && a != b; plane++)
            {
                cuts.Add(Math.Clamp((a - plane) / (a - b), 0, 1));
            }
        }

        cuts.Sort();
    }

    /// <summary>The nodes to which a point belongs and its shares of them.</summary>
    private sealed class Grid((int A, int B, int C) nodes)
    {
        public const int Points = Width * Width * Width;
        private readonly double[] _weights = new double[3 * Width];
        private readonly int[] _nodes = new int[3 * Width];

        public int[] Nodes { get; } = new int[Points];

        public double[] Weights { get; } = new double[Points];

        // In units of the distance of nodes.
        public void At(Vec3 u)
        {
            for (var axis = 0; axis < 3; axis++)
            {
                var n = axis == 0 ? nodes.A : axis == 1 ? nodes.B : nodes.C;
                var below = Math.Floor(u[axis]);
                var t = u[axis] - below;
                var s = 1 - t;

                // (1 − t)³/6, (3t³ − 6t² + 4)/6, the same of 1 − t, t³/6
                var w = _weights.AsSpan(Width * axis, Width);
                (w[0], w[1], w[2], w[3]) = (s * s * s / 6, ((3 * t * t * t) - (6 * t * t) + 4) / 6, ((3 * s * s * s) - (6 * s * s) + 4) / 6, t * t * t / 6);
                var first = (int)(below - 1 - (n * Math.Floor((below - 1) / n)));
                for (var k = 0; k < Width; k++)
                {
                    _nodes[(Width * axis) + k] = (first + k) % n;
                }
            }

            for (var c = 0; c < Width; c++)
            {
                for (var b = 0; b < Width; b++)
                {
                    for (var a = 0; a < Width; a++)
                    {
                        var at = (((c * Width) + b) * Width) + a;
                        Nodes[at] = _nodes[a] + (nodes.A * (_nodes[Width + b] + (nodes.B * _nodes[(2 * Width) + c])));
                        Weights[at] = _weights[a] * _weights[Width + b] * _weights[(2 * Width) + c];
                    }
                }
            }
        }
    }
}
