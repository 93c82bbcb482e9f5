using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.CoarseGraining;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Bridging;

public sealed class AtomChainModelContract : ScaleModelContract<AtomChainModel>
{
    protected override AtomChainModel Create() => (AtomChainModel)Participant.Of("atoms", Entry, ("centre", 350.0)).CreateModel();

    protected override ModelEntry Entry => AtomChainModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("a leapfrog makes one step a window, always of the same length, and refuses others");
}

public sealed class ElasticBarModelContract : ScaleModelContract<ElasticBarModel>
{
    protected override ElasticBarModel Create() => (ElasticBarModel)Participant.Of("bar", Entry).CreateModel();

    protected override ModelEntry Entry => ElasticBarModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("a leapfrog makes one step a window, always of the same length, and refuses others");

    protected override int VaryingPoints => 121;

    // The mesh that the bar has. A change of mesh is driven by a refiner, in BarWaveTests.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        base.FillInput(port, time, values);
        for (var j = 0; port.Name == "mesh" && j < values.Length; j++)
        {
            values[j] = 360 + (5.0 * j);
        }
    }
}

public sealed class BridgingDomainModelContract : ScaleModelContract<BridgingDomainModel>
{
    protected override BridgingDomainModel Create() => (BridgingDomainModel)Participant.Of("handshake", Entry).CreateModel();

    protected override ModelEntry Entry => BridgingDomainModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("an impulse is given once a window, whatever its length");
}

public sealed class CoarseGrainerModelContract : ScaleModelContract<CoarseGrainerModel>
{
    protected override CoarseGrainerModel Create() => (CoarseGrainerModel)Participant.Of("coarse-grainer", Entry).CreateModel();

    protected override ModelEntry Entry => CoarseGrainerModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("the ledger has one entry a window, of its start");
}

public sealed class BarRefinerModelContract : ScaleModelContract<BarRefinerModel>
{
    protected override BarRefinerModel Create() => (BarRefinerModel)Participant.Of("refiner", Entry).CreateModel();

    protected override ModelEntry Entry => BarRefinerModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("the mesh goes one level a window");

    protected override int VaryingPoints => 38;

    // Indicators without a gradient worth a cell: lists of another length would have to come from a bar that follows.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        for (var e = 0; e < values.Length; e++)
        {
            values[e] = e == 0 ? 1 + (0.01 * time) : 1e-4;
        }
    }
}
