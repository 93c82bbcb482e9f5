using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Documentation;

public sealed class MappingGuideTests
{
    [Fact]
    public void Clusters_of_radial_functions_map_a_wave_between_unlike_points()
    {
        #region mapping
        var from = PointCloud.OnLine([.. Enumerable.Range(0, 101).Select(i => 0.01 * i)]);
        var to = PointCloud.OnLine([.. Enumerable.Range(0, 77).Select(i => i / 76.0)]);
        double[] values = [.. Enumerable.Range(0, 101).Select(i => Math.Sin(0.05 * i))];
        var mapped = new double[to.Count];

        var spec = new MappingSpec { Method = MappingMethod.PartitionOfUnity };
        IDataMapping mapping = spec.Build(from, to, ChunkedLoop.Serial);
        mapping.Apply(values, mapped, components: 1);
        #endregion

        for (var i = 0; i < mapped.Length; i++)
        {
            Assert.Equal(Math.Sin(5 * i / 76.0), mapped[i], 1e-3);
        }
    }
}
