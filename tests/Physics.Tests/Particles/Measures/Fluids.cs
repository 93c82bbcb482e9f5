using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Tests.Particles.Measures;

/// <summary>Lennard-Jones fluids at equilibrium, for those who measure them.</summary>
internal static class Fluids
{
    /// <summary>
    /// Whether the gates are those of the references. <c>ACTORMULTISCALE_TRANSPORT=full dotnet test tests/Physics.Tests -c Release --filter "FullyQualifiedName~Transport|FullyQualifiedName~DrivenFlow"</c>
    /// takes ten minutes and more; without it trajectories are short, and what they give is held to its own error.
    /// </summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("ACTORMULTISCALE_TRANSPORT") == "full";

    /// <summary>A fluid of the density that has molten, mixed and come to the temperature, without a thermostat.</summary>
    public static MolecularDynamics At(double temperature, double density, double cutoff, (int X, int Y, int Z) cells, ChunkedLoop loop, ulong seed = 7)
    {
        const double Step = 0.004;
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / density)), cells, UnitSystem.LennardJones, [new("A", 1)]);
        var engine = new MolecularDynamics(crystal with { Velocities = ThermalVelocities.Draw(crystal, 3 * temperature, seed) }, [Interaction.Of(new Shifted<LennardJonesLaw>(new(1, 1, cutoff)))], 0.35);
        engine.Advance(500, Step, loop);
        for (var round = 0; round < 8; round++)
        {
            // What is given goes half into motion, about.
            const int Looks = 100;
            var mean = 0.0;
            for (var look = 0; look < Looks; look++)
            {
                engine.Advance(20, Step, loop);
                mean += engine.Measure(loop).Temperature / Looks;
            }

            var now = engine.Measure(loop).Temperature;
            var factor = Math.Sqrt(Math.Max(0.1, (now + ((round < 4 ? 1.5 : 2) * (temperature - mean))) / now));
            engine.SetVelocities([.. engine.Configuration().Velocities.Select(v => factor * v)]);
        }

        engine.Advance(500, Step, loop);
        return engine;
    }
}
