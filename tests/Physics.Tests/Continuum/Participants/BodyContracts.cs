using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>A warm plate with every kind of port.</summary>
public abstract class HeatContract : ScaleModelContract<HeatModel>
{
    protected abstract (string Key, object Value)[] Settings { get; }

    protected override HeatModel Create() => (HeatModel)Participant.Of("body", Entry, Settings).CreateModel();

    protected override ModelEntry Entry => HeatModel.Entry(NoFiles);
}

public sealed class BackwardEulerHeatContract : HeatContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("thickness", 0.5), ("temperature-in", Names("right")), ("flux-in", Names("left")), ("heat-in", Names("top")), ("heat-out", Names("right", "top")), ("flux-out", Names("right")),
        ("temperature-out", Names("left", "top")), ("step", 0.03), ("film", Names("top", "bottom")), ("film-coefficients", Numbers(2, 3)), ("ambient-in", Names("top")), ("ambient-temperatures", Numbers(1)),
    ];

    protected override SplitWindow Split => SplitWindow.OfOrder(1);

    protected override IReadOnlyCollection<string> Defects => ["energy-defect"];
}

public sealed class CrankNicolsonHeatContract : HeatContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("size", Numbers(1, 1, 1)), ("cells", Numbers(2, 2, 2)), ("cell", "simplex"), ("degree", 2), ("scheme", "crank-nicolson"), ("conductivity", Numbers(0.01)), ("flux-in", Names("left")),
        ("heat-in", Names("top")), ("temperature-out", Names("left")), ("fixed-temperature", Names("back")), ("fixed-temperatures", Numbers(0)),
    ];

    // What a step does not resolve, Crank–Nicolson does not damp.
    protected override double WindowLength => 0.02;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);

    protected override IReadOnlyCollection<string> Defects => ["energy-defect"];
}

public sealed class Bdf2HeatContract : HeatContract
{
    // The first step is one of backward Euler.
    protected override (string Key, object Value)[] Settings =>
        [("scheme", "bdf2"), ("regions", Names("all", "part")), ("region-boxes", Numbers(0, 0, 1, 1, 0.5, 0.5, 1, 1)), ("conductivity", Numbers(0.01, 0.03)), ("flux-in", Names("left")), ("temperature-out", Names("left"))];
}

public sealed class SteadyHeatContract : HeatContract
{
    protected override (string Key, object Value)[] Settings => [("scheme", "steady"), ("temperature-in", Names("left", "bottom")), ("heat-in", Names("right")), ("heat-out", Names("left")), ("flux-out", Names("bottom"))];

    protected override SplitWindow Split => SplitWindow.Unlike("heat is a mean over the window, and the body has no memory");
}

/// <summary>A block with every kind of port.</summary>
public abstract class SolidContract : ScaleModelContract<SolidModel>
{
    protected abstract (string Key, object Value)[] Settings { get; }

    protected override SolidModel Create() => (SolidModel)Participant.Of("body", Entry, Settings).CreateModel();

    protected override ModelEntry Entry => SolidModel.Entry(NoFiles);

    // Small displacements, and loads that give such.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        ArgumentNullException.ThrowIfNull(port);
        base.FillInput(port, time, values);
        foreach (ref var value in values)
        {
            value = port.Name.StartsWith("displacement", StringComparison.Ordinal) ? 1e-3 * (value - 1) : value;
        }
    }
}

public sealed class StaticSolidContract : SolidContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("plane", "stress"), ("young", Numbers(1e3)), ("expansion", Numbers(1e-3)), ("fixed", Names("left")), ("traction-in", Names("right")), ("force-in", Names("top")),
        ("displacement-in", Names("bottom")), ("displacement-out", Names("right")), ("force-out", Names("left", "bottom", "top")), ("traction-out", Names("left")), ("constant-pressure", Names("top")), ("constant-pressures", Numbers(3)),
    ];

    // The first window leads from no load at all to that at its end; on the way there the work depends on the window.
    protected override SplitWindow Split => SplitWindow.OfOrder(0);
}

public sealed class NewmarkSolidContract : SolidContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("size", Numbers(2, 1, 1)), ("cells", Numbers(2, 1, 1)), ("degree", 2), ("motion", "newmark"), ("young", Numbers(100)), ("density", Numbers(1)), ("fixed", Names("left")),
        ("force-in", Names("right")), ("displacement-out", Names("right")), ("velocity-out", Names("right")), ("force-out", Names("left")), ("initial-velocity", Numbers(0.1, 0, 0)),
    ];

    // The fastest of its waves take longer.
    protected override double WindowLength => 1e-3;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);
}

public sealed class GeneralizedAlphaPlasticSolidContract : SolidContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("motion", "generalized-alpha"), ("material", Names("plastic")), ("young", Numbers(1000)), ("yield-stress", Numbers(0.5)), ("isotropic-hardening", Numbers(100)), ("density", Numbers(1)),
        ("fixed", Names("left")), ("traction-in", Names("right")), ("displacement-in", Names("top")), ("traction-out", Names("left")), ("step", 0.006),
    ];

    protected override double WindowLength => 0.01;
}

public sealed class NeoHookeanSolidContract : SolidContract
{
    protected override (string Key, object Value)[] Settings =>
        [("motion", "static"), ("material", Names("neo-hookean")), ("young", Numbers(10)), ("cell", "simplex"), ("fixed", Names("left")), ("traction-in", Names("right")), ("force-out", Names("left")),
            ("bedding", Names("bottom")), ("bedding-stiffnesses", Numbers(1, 2)), ("follower-pressure-in", Names("top"))];

    // As above.
    protected override SplitWindow Split => SplitWindow.OfOrder(0);
}

public sealed class OnePointSolidContract : SolidContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("size", Numbers(2, 1, 1)), ("cells", Numbers(4, 2, 3)), ("motion", "explicit"), ("integration", "one-point"), ("young", Numbers(1)), ("poisson", Numbers(0.2)), ("density", Numbers(1)),
        ("displacement-in", Names("left")), ("traction-in", Names("right")), ("bedding", Names("bottom")), ("bedding-stiffnesses", Numbers(0, 0, 0.5)), ("force-out", Names("left")),
    ];

    protected override double WindowLength => 0.5;

    // As below.
    protected override SplitWindow Split => SplitWindow.Unlike("steps are as long as stability allows, and not halved with the window");
}

public sealed class ExplicitSolidContract : SolidContract
{
    protected override (string Key, object Value)[] Settings =>
    [
        ("motion", "explicit"), ("young", Numbers(1)), ("poisson", Numbers(0.2)), ("density", Numbers(1)), ("displacement-in", Names("left")), ("traction-in", Names("right")),
        ("force-out", Names("left")), ("velocity-out", Names("right")), ("expansion", Numbers(1e-3)),
    ];

    // Some steps of 0.9 of the stable one, 0.2.
    protected override double WindowLength => 0.5;

    protected override SplitWindow Split => SplitWindow.Unlike("steps are as long as stability allows, and not halved with the window");
}
