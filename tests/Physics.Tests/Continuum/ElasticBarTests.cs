using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Tests.Continuum;

public sealed class ElasticBarTests
{
    private static readonly BlendingFunction Blending = new(360, 400, 0, RampShape.Linear);

    [Fact]
    public void Atoms_and_bar_together_weigh_what_one_of_them_would()
    {
        var bar = new ElasticBar(ElasticBar.UniformNodes(360, 960, 5), 1, 1, Blending);
        var chain = new AtomChain(401, 1, 1, 1, Blending);

        Assert.Equal(20 + 560, FixedOrderSum.Of(bar.Row.Mass), 1e-12 * 580);     // ½ · 40 of the ramp, and the rest.
        Assert.Equal(20 + 360 + 0.5, FixedOrderSum.Of(chain.Row.Mass), 1e-12 * 380);   // The atom at X = 0 is a whole one.
        Assert.Equal(9, bar.InOverlap);
        Assert.Equal(360, chain.FirstInOverlap);
        Assert.Equal(41, chain.InOverlap);
    }

    [Fact]
    public void The_mass_is_the_same_on_any_mesh_and_uniform_strain_pulls_at_the_ends_alone()
    {
        double[] nodes = [360, 365, 370, 375, 380, 385, 390, 395, 400, 405, 410, 420, 440, 460];
        var unblended = new BlendingFunction(300, 301, 0, RampShape.Linear);
        var bar = new ElasticBar(nodes, 2, 3, unblended);
        double[] uniform = [.. nodes.Select(x => 1e-3 * x)];
        bar.Row.Start(uniform, new double[nodes.Length], 0.1);

        Assert.Equal(200, FixedOrderSum.Of(bar.Row.Mass), 1e-11);
        for (var j = 1; j < nodes.Length - 1; j++)
        {
            Assert.Equal(0, bar.Row.Kicked[j], 1e-15);
        }

        var indicator = new double[bar.Cells];
        bar.EnergyDensity(2, 3, indicator);
        Assert.Equal(0.5 * 3 * 1e-6, indicator[5], 1e-15);
    }
}
