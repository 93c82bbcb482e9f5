using System.Collections.Immutable;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.CoarseGraining;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Tests.Bridging;

/// <summary>The bar wave written as code: the three experiments of hocon/experiments/bar-wave*.conf, for any packet.</summary>
public static class BarWave
{
    public const double AtomStep = 0.1;

    /// <summary>A hump, and a packet with a carrier that the bar's cells still resolve.</summary>
    public static ImmutableArray<(double Width, double Wavenumber)> Packets { get; } = [(15, 0), (25, 0.15)];

    public static Experiment Fixed(double width, double wavenumber) => new()
    {
        Name = "bar-wave-fixed",
        Until = 520,
        Window = AtomStep,
        Participants = Bodies(width, wavenumber, barStep: AtomStep),
        Conduits = Conduits(),
        Scheme = CouplingScheme.Staged(["handshake"], ["atoms", "bar"], ["coarse-grainer"]),
    };

    public static Experiment Subcycled(double width, double wavenumber, int steps) => new()
    {
        Name = "bar-wave-subcycled",
        Until = 520,
        Window = steps * AtomStep,
        Participants = Bodies(width, wavenumber, barStep: steps * AtomStep),
        Conduits = Conduits(),
        Groups = [new CouplingGroup("steps", CouplingScheme.Serial("handshake", "atoms"), steps)],
        Scheme = CouplingScheme.Serial("steps", "bar", "coarse-grainer"),
    };

    public static Experiment Adaptive(double width, double wavenumber) => new()
    {
        Name = "bar-wave",
        Until = 520,
        Window = 1,
        Participants =
        [
            .. Bodies(width, wavenumber, barStep: AtomStep),
            Participant.Of("refiner", BarRefinerModel.Entry, ("begin", 360.0), ("end", 960.0), ("frozen-to", 400.0)),
        ],
        Conduits =
        [
            .. Conduits(),
            new("bar.indicator", "refiner.indicator"),
            new("refiner.mesh", "bar.mesh"),
            new("refiner.displacement-transfer", "bar.displacement-transfer"),
            new("refiner.velocity-transfer", "bar.velocity-transfer"),
        ],
        Groups = [new CouplingGroup("steps", CouplingScheme.Staged(["handshake"], ["atoms", "bar"], ["coarse-grainer"]), 10)],
        Scheme = CouplingScheme.Serial("steps", "refiner"),
    };

    private static ImmutableArray<Participant> Bodies(double width, double wavenumber, double barStep) =>
    [
        Participant.Of("atoms", AtomChainModel.Entry, ("atoms", 401L), ("step", AtomStep), ("overlap-from", 360.0), ("overlap-to", 400.0),
            ("width", width), ("wavenumber", wavenumber), ("centre", 180.0)),
        Participant.Of("bar", ElasticBarModel.Entry, ("end", 960.0), ("step", barStep), ("overlap-from", 360.0), ("overlap-to", 400.0)),
        Participant.Of("handshake", BridgingDomainModel.Entry, ("overlap-from", 360.0), ("overlap-to", 400.0)),
        Participant.Of("coarse-grainer", CoarseGrainerModel.Entry, ("atoms", 401L)),
    ];

    private static ImmutableArray<Conduit> Conduits() =>
    [
        new("atoms.overlap-velocity", "handshake.atom-velocity"),
        new("atoms.overlap-mass", "handshake.atom-mass"),
        new("bar.overlap-velocity", "handshake.bar-velocity"),
        new("bar.overlap-mass", "handshake.bar-mass"),
        new("handshake.atom-impulse", "atoms.impulse"),
        new("handshake.bar-impulse", "bar.impulse"),
        new("atoms.mass", "coarse-grainer.atom-mass"),
        new("atoms.displacement", "coarse-grainer.atom-displacement"),
        new("atoms.balance", "coarse-grainer.atom-balance"),
        new("bar.balance", "coarse-grainer.bar-balance"),
        new("bar.booked", "coarse-grainer.bar-booked"),
    ];
}
