using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Forces and virials against differences of the energy.</summary>
internal static class Gradients
{
    // −dE/dh by the differences at ±h and ±2h.
    private static double MinusSlope(Func<double, double> energy, double h) => ((8 * (energy(-h) - energy(h))) - (energy(-2 * h) - energy(2 * h))) / (12 * h);

    /// <summary>Asserts that the forces on three atoms, and the virial, are what the differences of the energy say.</summary>
    /// <param name="atoms">The atoms.</param>
    /// <param name="make">The interaction, anew for every engine.</param>
    /// <param name="tolerance">Of the largest force.</param>
    /// <param name="excluded">Pairs left out.</param>
    /// <param name="h">How far atoms are moved, and the box strained.</param>
    /// <param name="hasVirial">Whether there is one.</param>
    public static void AreThoseOfTheEnergy(AtomConfiguration atoms, Func<Interaction> make, double tolerance, BondedNeighbors excluded = BondedNeighbors.None, double h = 1e-3, bool hasVirial = true)
    {
        double Energy(AtomConfiguration of) => new MolecularDynamics(of, [make()], 0.3, excluded).Measure(ChunkedLoop.Serial).Potential;
        var engine = new MolecularDynamics(atoms, [make()], 0.3, excluded);
        var found = engine.Measure(ChunkedLoop.Serial);
        var forces = engine.Forces(ChunkedLoop.Serial);
        var scale = 1 + forces.Max(f => f.Norm);
        foreach (var i in new[] { 0, atoms.Count / 2, atoms.Count - 1 }.Distinct())
        {
            for (var axis = 0; axis < 3; axis++)
            {
                double Moved(double step)
                {
                    var x = atoms.Positions.ToArray();
                    x[i] += step * new Vec3(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0);
                    return Energy(atoms with { Positions = x });
                }

                Assert.Equal(MinusSlope(Moved, h), forces[i][axis], tolerance * scale);
            }
        }

        for (var e = 0; e < 6 && hasVirial; e++)
        {
            double Strained(double step)
            {
                double On(int entry) => entry == e ? (e < 3 ? step : step / 2) : 0;
                var f = new Matrix3(1 + On(0), On(5), On(4), On(5), 1 + On(1), On(3), On(4), On(3), 1 + On(2));
                return Energy(atoms with { Box = atoms.Box.Deformed(f), Positions = [.. atoms.Positions.Select(x => atoms.Box.Origin + (f * (x - atoms.Box.Origin)))] });
            }

            Assert.Equal(MinusSlope(Strained, h), found.Virial[e], tolerance * scale * atoms.Count);
        }
    }
}
