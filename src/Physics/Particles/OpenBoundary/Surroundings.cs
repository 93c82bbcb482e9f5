using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.OpenBoundary;

/// <summary>Atoms sorted into cells as wide as the cutoff, so that what acts at a place is found in 27 of them. Atoms can be added.</summary>
internal sealed class Surroundings
{
    private readonly SimulationBox _box;
    private readonly double _cutoff;
    private readonly Vec3 _low;                         // Fractions at which the cells begin, and cells a unit of fraction.
    private readonly Vec3 _perFraction;
    private readonly int[] _counts = new int[3];
    private readonly List<int>?[] _cells;
    private readonly List<Vec3> _positions;
    private readonly List<int> _kinds;

    /// <summary>The atoms of a configuration.</summary>
    /// <param name="atoms">The atoms; images count where they are nearest.</param>
    /// <param name="cutoff">How far they are felt; at most half of the height of the box along periodic sides.</param>
    public Surroundings(AtomConfiguration atoms, double cutoff)
    {
        (_box, _cutoff, _positions, _kinds) = (atoms.Box, cutoff, [.. atoms.Positions], [.. atoms.Kinds]);
        Span<double> low = stackalloc double[3];
        Span<double> rate = stackalloc double[3];
        for (var side = 0; side < 3; side++)
        {
            var (from, to) = (0.0, 1.0);
            if (!_box.IsPeriodic(side))
            {
                (from, to) = (atoms.Positions.Min(x => _box.Fraction(x)[side]), atoms.Positions.Max(x => _box.Fraction(x)[side]));
            }

            // Not more cells than an atom has room for: a few atoms in a wide box want few cells.
            _counts[side] = (int)Math.Clamp((to - from) * _box.Heights[side] / cutoff, 1, Math.Max(1, Math.Cbrt(atoms.Count)));
            (low[side], rate[side]) = (from, _counts[side] / Math.Max(to - from, 1e-300));
        }

        (_low, _perFraction) = (new(low[0], low[1], low[2]), new(rate[0], rate[1], rate[2]));
        _cells = new List<int>?[_counts[0] * _counts[1] * _counts[2]];
        for (var i = 0; i < _positions.Count; i++)
        {
            Sort(i);
        }
    }

    /// <summary>Adds an atom.</summary>
    public void Add(Vec3 position, int kind)
    {
        _positions.Add(position);
        _kinds.Add(kind);
        Sort(_positions.Count - 1);
    }

    /// <summary>The energy of one more atom at a place with all others but one, and the force on it.</summary>
    public (double Energy, Vec3 Force) At<TLaw>(TLaw law, int kind, Vec3 position, int except = -1) where TLaw : struct, IPairLaw
    {
        law.Begin(kind);
        var (sum, force) = (0.0, Vec3.Zero);
        Span<double> r2s = stackalloc double[Vector512<double>.Count];
        Span<double> kinds = stackalloc double[Vector512<double>.Count];
        Span<Vec3> ways = stackalloc Vec3[Vector512<double>.Count];
        var count = 0;
        var cutoff2 = _cutoff * _cutoff;
        var home = (X: Index(position, 0), Y: Index(position, 1), Z: Index(position, 2));
        for (var z = From(home.Z, 2); z <= To(home.Z, 2); z++)
        {
            for (var y = From(home.Y, 1); y <= To(home.Y, 1); y++)
            {
                for (var x = From(home.X, 0); x <= To(home.X, 0); x++)
                {
                    foreach (var j in _cells[Cell(x, y, z)] ?? [])
                    {
                        var way = _box.Nearest(position - _positions[j]);
                        if (j != except && way.NormSquared < cutoff2)
                        {
                            (r2s[count], kinds[count], ways[count]) = (way.NormSquared, _kinds[j], way);
                            if (++count == r2s.Length)
                            {
                                Take(law, r2s, kinds, ways, ref count, ref sum, ref force);
                            }
                        }
                    }
                }
            }
        }

        Take(law, r2s, kinds, ways, ref count, ref sum, ref force);
        return (sum, force);
    }

    private void Take<TLaw>(TLaw law, Span<double> r2s, Span<double> kinds, Span<Vec3> ways, ref int count, ref double sum, ref Vec3 force) where TLaw : struct, IPairLaw
    {
        r2s[count..].Fill(_cutoff * _cutoff);
        kinds[count..].Clear();
        var forces = law.ForceOverDistance(Vector512.Create<double>(r2s), Vector512.Create<double>(kinds), true, out var energies);
        for (var k = 0; k < count; k++)
        {
            sum += energies[k];
            force += forces[k] * ways[k];
        }

        count = 0;
    }

    private void Sort(int i) => (_cells[Cell(Index(_positions[i], 0), Index(_positions[i], 1), Index(_positions[i], 2))] ??= []).Add(i);

    // Beyond the end of a side that is not periodic the last cell goes on.
    private int Index(Vec3 x, int side)
    {
        var s = _box.Fraction(x)[side];
        s = _box.IsPeriodic(side) ? s - Math.Floor(s) : s;
        return (int)Math.Clamp((s - _low[side]) * _perFraction[side], 0, _counts[side] - 1);
    }

    // Cells on either side; where a periodic side has fewer than three, each of them once.
    private int From(int home, int side) => _box.IsPeriodic(side) ? (_counts[side] < 3 ? 0 : home - 1) : Math.Max(home - 1, 0);

    private int To(int home, int side) => _box.IsPeriodic(side) ? (_counts[side] < 3 ? _counts[side] - 1 : home + 1) : Math.Min(home + 1, _counts[side] - 1);

    private int Cell(int x, int y, int z) => (((Around(z, 2) * _counts[1]) + Around(y, 1)) * _counts[0]) + Around(x, 0);

    private int Around(int index, int side) => (index + _counts[side]) % _counts[side];
}
