using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Tests.Particles;

/// <summary>What atoms feel, the obvious way: every atom with every image of every other, one by one.</summary>
internal static class SlowPairs
{
    /// <param name="atoms">The atoms.</param>
    /// <param name="cutoff">How far they feel each other.</param>
    /// <param name="law">Of r, and two kinds: φ(r) and −φ′(r).</param>
    public static (double Energy, SymTensor3 Virial, Vec3[] Forces) Of(AtomConfiguration atoms, double cutoff, Func<double, int, int, (double Energy, double Force)> law)
    {
        var box = atoms.Box;
        int Reach(int side) => box.IsPeriodic(side) ? (int)Math.Ceiling(cutoff / box.Heights[side]) + 1 : 0;
        var (energy, virial, forces) = (0.0, SymTensor3.Zero, new Vec3[atoms.Count]);
        var wrapped = atoms.Positions.Select(box.Wrap).ToArray();
        for (var i = 0; i < atoms.Count; i++)
        {
            for (var j = 0; j < atoms.Count; j++)
            {
                for (var a = -Reach(0); a <= Reach(0); a++)
                {
                    for (var b = -Reach(1); b <= Reach(1); b++)
                    {
                        for (var c = -Reach(2); c <= Reach(2); c++)
                        {
                            var d = wrapped[i] - wrapped[j] - (box.Cell * new Vec3(a, b, c));
                            var r = d.Norm;
                            if ((i != j || a != 0 || b != 0 || c != 0) && r < cutoff)
                            {
                                var (phi, force) = law(r, atoms.Kinds[i], atoms.Kinds[j]);
                                energy += 0.5 * phi;
                                forces[i] += force / r * d;
                                virial += 0.5 * force / r * SymTensor3.Dyad(d);
                            }
                        }
                    }
                }
            }
        }

        return (energy, virial, forces);
    }
}
