using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;

namespace Snippets;

public static class PulledCrystal
{
    private static Interaction Law => Interaction.Of(new ForceShifted<LennardJonesLaw>(new(1, 1, 2.5)));

    #region pulled
    /// <summary>A crystal that is relaxed, warmed, and pulled along x by a twentieth.</summary>
    public static (Measurement Relaxed, Measurement Pulled) Pull(ChunkedLoop loop)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.6), (5, 5, 5), UnitSystem.LennardJones, [new("A", 1)]);
        var still = new MolecularDynamics(crystal, [Law], skin: 0.3);
        still.Minimize(new PolakRibiere(), force: 1e-8, loop, new BoxRelaxation(BoxFreedom.Hydrostatic, Pressure: 0, Tolerance: 1e-8));

        var relaxed = still.Configuration();
        var warm = relaxed with { Velocities = ThermalVelocities.Draw(relaxed, temperature: 0.1, seed: 5) };
        var engine = new MolecularDynamics(warm, [Law], skin: 0.3, motion: new Langevin(temperature: 0.05, friction: 1, seed: 3) { Deformation = Deformation.Tension(axis: 0, rate: 0.01) });
        engine.Advance(1000, 0.005, loop);
        return (still.Measure(loop), engine.Measure(loop));
    }
    #endregion
}
