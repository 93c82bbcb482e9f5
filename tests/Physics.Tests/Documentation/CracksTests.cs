using ActorMultiscale.Physics.Numerics.Sparse;
using Snippets;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>The cracks of the guide.</summary>
public sealed class CracksTests
{
    [Fact]
    public void The_glue_has_used_up_its_toughness() => Assert.Equal(0.4, Cracks.Debonded(1, 50, (a, y) =>
    {
        var x = new double[y.Length];
        SparseLdl.Indefinite(a).Solve(y, x);
        return x;
    }), 1e-9);

    // Tada, Paris, Irwin (2000), section 2.10: F(½) = 2.8264.
    [Fact]
    public void The_crack_has_the_intensity_of_the_handbook() => Assert.Equal(2.8264 * Math.Sqrt(0.5 * Math.PI), Cracks.Intensity(), 0.01 * 3.54);
}
