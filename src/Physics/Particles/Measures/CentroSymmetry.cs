using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// The centrosymmetry parameter: near zero where neighbors stand opposite each other in pairs, as in a crystal under any uniform strain, and of
/// the order of the lattice constant squared at stacking faults, surfaces and dislocation cores.
/// </summary>
/// <remarks>
/// $P = \sum |R_i + R_j|²$ over N/2 pairs of the N nearest neighbors; of all pairs those with the smallest terms are taken.
/// After: Kelchner, Plimpton, Hamilton, Phys. Rev. B 58 (1998) 11085; pairs are chosen as LAMMPS does (compute centro/atom).
/// </remarks>
public static class CentroSymmetry
{
    /// <summary>N of a face-centered cubic or hexagonal close-packed crystal.</summary>
    public const int Fcc = 12;

    /// <summary>N of a body-centered cubic crystal.</summary>
    public const int Bcc = 8;

    /// <summary>P of every atom, in the unit of length squared.</summary>
    /// <param name="box">The box, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="neighbors">N, an even number.</param>
    /// <param name="loop">On what threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">N is odd, or there are too few atoms.</exception>
    public static double[] Of(SimulationBox box, ReadOnlySpan<Vec3> positions, int neighbors = Fcc, ChunkedLoop? loop = null)
    {
        if (neighbors < 2 || neighbors % 2 != 0)
        {
            throw new ScaleModelException(FormattableString.Invariant($"Centrosymmetry is asked for with {neighbors} neighbors; it pairs them, so that their number is even: {Fcc} in fcc, {Bcc} in bcc."));
        }

        var table = NeighborTable.Nearest(box, positions, neighbors, loop);
        var parameters = new double[positions.Length];
        (loop ?? ChunkedLoop.Serial).Run(parameters.Length, 256, (_, first, past) =>
        {
            var terms = new double[neighbors * (neighbors - 1) / 2];
            for (var atom = first; atom < past; atom++)
            {
                var near = table.Of(atom);
                var pair = 0;
                for (var i = 0; i < near.Length; i++)
                {
                    for (var j = 0; j < i; j++)
                    {
                        terms[pair++] = (near[i].Offset + near[j].Offset).NormSquared;
                    }
                }

                Array.Sort(terms);
                parameters[atom] = FixedOrderSum.Of(terms.AsSpan(0, neighbors / 2));
            }
        });
        return parameters;
    }
}
