using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>The coarse level of a body in six sub-domains.</summary>
public abstract class CoarseLevelContract : ScaleModelContract<IScaleModel>
{
    protected override SplitWindow Split => SplitWindow.Unlike("its matrix is that of one step, and it has no memory");

    protected static IScaleModel Of(ModelEntry entry, params (string Key, object Value)[] settings)
    {
        var body = Participant.Of("body", entry, settings);
        return entry.Divide!(body.Settings, new([3, 2], 1, [3, 2])).Coarse!.Create(body.Settings);
    }
}

public sealed class HeatCoarseLevelContract : CoarseLevelContract
{
    protected override IScaleModel Create() => Of(HeatModel.Entry(NoFiles), ("size", Numbers(3, 2)), ("cells", Numbers(9, 6)), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(0)));
}

public sealed class SolidCoarseLevelContract : CoarseLevelContract
{
    protected override IScaleModel Create() => Of(SolidModel.Entry(NoFiles), ("size", Numbers(3, 2)), ("cells", Numbers(9, 6)), ("fixed", Names("left")));
}
