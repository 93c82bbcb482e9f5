using Snippets;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>The examples of the guide to finite elements.</summary>
public sealed class LoadedPlateTests
{
    // The series of Timoshenko, Goodier, "Theory of Elasticity", 3rd ed. (1970), section 109: ∫ u = 0.1406/4 for the unit square.
    [Fact]
    public void The_membrane_has_the_mean_of_the_series() => Assert.Equal(0.0351443, LoadedPlate.MeanOfPoisson(16), 1e-6);

    // Kirsch's 3 holds for a plate without end; this one is twenty times as wide as the hole.
    [Fact]
    public void The_stress_at_the_hole_is_three_times_the_tension() => Assert.Equal(3, LoadedPlate.StressAtHole(), 0.04);
}
