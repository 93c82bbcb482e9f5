using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;

namespace Snippets;

#region potential
/// <summary>φ(r) = A (1 − r/r_c)², zero beyond r_c.</summary>
public readonly partial struct SoftSpheres(double strength, double cutoff) : IPairPotential
{
    public double Cutoff => cutoff;

    public double ForceOverDistance(double r2, int kind, int other, out double energy)
    {
        var (r, rest) = (Math.Sqrt(r2), 1 - (Math.Sqrt(r2) / cutoff));
        energy = strength * rest * rest;
        return 2 * strength * rest / (cutoff * r);      // −φ′(r)/r
    }
}
#endregion

public readonly partial struct SoftSpheres
{
    #region melt
    /// <summary>A melt of them, after a thousand steps.</summary>
    public static Measurement Melt(ChunkedLoop loop)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.1), (6, 6, 6), UnitSystem.LennardJones, [new("A", 1)]);
        var atoms = crystal with { Velocities = ThermalVelocities.Draw(crystal, temperature: 1, seed: 5) };
        var engine = new MolecularDynamics(atoms, [Interaction.OfPotential(new SoftSpheres(25, 1))], skin: 0.3);
        engine.Advance(1000, 0.01, loop);
        return engine.Measure(loop);
    }
    #endregion
}
