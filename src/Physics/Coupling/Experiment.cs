using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// A coupling experiment as plain data. An experiment file becomes one of these, and code may write one directly:
/// both read alike.
/// </summary>
public sealed record Experiment
{
    /// <summary>Name, lower-kebab.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for listings.</summary>
    public string Description { get; init; } = "";

    /// <summary>Where the run ends, s.</summary>
    public required double Until { get; init; }

    /// <summary>Length of the root window, s.</summary>
    public required double Window { get; init; }

    /// <summary>Seed of all random numbers.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The participants in the state in which they begin, brought along by name; members of an ensemble by <c>name[index]</c>.</summary>
    public ImmutableSortedDictionary<string, CarriedState> Carried { get; init; } = ImmutableSortedDictionary<string, CarriedState>.Empty;

    /// <summary>Who takes part.</summary>
    public required ImmutableArray<Participant> Participants { get; init; }

    /// <summary>Who hears whom.</summary>
    public required ImmutableArray<Conduit> Conduits { get; init; }

    /// <summary>Stages and iterations of the root group.</summary>
    public required CouplingScheme Scheme { get; init; }

    /// <summary>How often a root window may be halved when its computation fails or does not converge.</summary>
    public int Halvings { get; init; }

    /// <summary>How the lengths of root windows are chosen; null for windows of equal length.</summary>
    public WindowPolicy? Lengths { get; init; }

    /// <summary>Nested groups.</summary>
    public ImmutableArray<CouplingGroup> Groups { get; init; } = [];

    /// <summary>A snapshot is taken after every so many root windows; 0 leaves it to the clock and the end of the run.</summary>
    public int SnapshotEvery { get; init; }

    /// <summary>A snapshot is also taken at the first root boundary after so much wall-clock time. When it is taken changes no bit.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many root windows may be computed ahead of the last durable one.</summary>
    public int RunAhead { get; init; } = 4096;

    /// <summary>Limits that end the run when they are passed.</summary>
    public ImmutableArray<ConservationLimit> Limits { get; init; } = [];

    /// <summary>What is watched after every root window.</summary>
    public ImmutableArray<Watch> Watches { get; init; } = [];

    /// <summary>On which nodes of a cluster participants are computed, where it matters; the first rule that concerns a participant holds. Changes no bit.</summary>
    public ImmutableArray<PlacementRule> Placement { get; init; } = [];

    /// <summary>What the experiment says must come out.</summary>
    public ImmutableArray<Check> Checks { get; init; } = [];
}

/// <summary>A named instance of a scale model.</summary>
/// <param name="Name">Name, lower-kebab, unique in the experiment.</param>
/// <param name="Model">The kind of model.</param>
/// <param name="Settings">Its settings, complete.</param>
public sealed record Participant(string Name, ModelEntry Model, ModelSettings Settings)
{
    /// <summary>How many members it has, if it is an ensemble: participants alike, told apart by their index.</summary>
    public int? Count { get; init; }

    /// <summary>That it is computed in sub-domains, each a participant of its own; null for one that is computed as a whole.</summary>
    public SubdomainScheme? Subdomains { get; init; }

    /// <summary>The participant that was written, of a sub-domain or the coarse level of it; null for others.</summary>
    public string? PartOf { get; init; }

    /// <summary>The index of a member of an ensemble; 0 for others. Models read it through <see cref="ModelSettings.EnsembleIndex"/>.</summary>
    public int EnsembleIndex { get; init; }

    /// <summary>The wall-clock time that one advance may take; none if null. It never changes numbers.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// Whether a window in which it passes <see cref="TimeLimit"/> twice is shortened, as if its computation had failed; otherwise the
    /// run stops. Lengths then depend on the clock: they are recorded, and hold when the run is resumed or verified.
    /// </summary>
    public bool ShortensWhenLate { get; init; }

    /// <summary>How much of its fields is recorded with every root window. It changes no bit.</summary>
    public FieldRecording Recording { get; init; } = FieldRecording.All;

    /// <summary>A participant with settings written in place.</summary>
    public static Participant Of(string name, ModelEntry model, params ReadOnlySpan<(string Key, object Value)> settings)
    {
        var given = new List<KeyValuePair<string, object>>();
        foreach (var (key, value) in settings)
        {
            given.Add(new(key, value));
        }

        return new Participant(name, model, new ModelSettings(name, model, given));
    }

    /// <summary>A fresh model.</summary>
    public IScaleModel CreateModel()
    {
        var model = Model.Create(EnsembleIndex == 0 ? Settings : Settings.WithEnsembleIndex(EnsembleIndex));
        return Carried is null ? model : new CarriedModel(model, Carried);
    }

    /// <summary>The state of another run in which it begins; null to begin as the model does.</summary>
    public CarriedState? Carried { get; init; }
}

/// <summary>What a consumer reads in a new window before the producer has written anything there.</summary>
public enum Extrapolation
{
    /// <summary>The last value, held; integrals are held as a rate.</summary>
    Constant,

    /// <summary>The line through the last two windows' ends (instants), or through their means (averages, rates of integrals).</summary>
    Linear,
}

/// <summary>A directed connection from an out-port to an in-port.</summary>
/// <param name="From">The out-port, <c>participant.port</c>.</param>
/// <param name="To">The in-port, <c>participant.port</c>.</param>
public sealed record Conduit(string From, string To)
{
    /// <summary>Degree of the interpolation in time inside a window, 0 to 5.</summary>
    public int Degree { get; init; } = 1;

    /// <summary>Whether all substeps pass, or the window's end alone.</summary>
    public bool Substeps { get; init; } = true;

    /// <summary>Whether its values decide the steps of a quasi-Newton or Aitken acceleration; otherwise they are carried along.</summary>
    public bool IsAccelerated { get; init; } = true;

    /// <summary>The first guess in a new window.</summary>
    public Extrapolation Extrapolation { get; init; }

    /// <summary>
    /// How values pass between unlike point sets. Null for point by point where both sides have the same number of points, and nearest
    /// neighbor otherwise. What is kept follows from the quantity, sums of extensive and constants of intensive ones, unless the
    /// specification asks for scaling.
    /// </summary>
    public MappingSpec? Mapping { get; init; }

    /// <summary>Whether values pass point by point, and another number of points on either side is an error.</summary>
    public bool IsPointByPoint { get; init; }

    /// <summary>
    /// The out-port, <c>participant.port</c>, of the same producer that holds the gradient of what is mapped, three derivatives for
    /// each number; for <see cref="MappingMethod.NearestNeighborGradient"/>, which fits it where none is given.
    /// </summary>
    public string? Gradient { get; init; }
}

/// <summary>A limit on an entry of the conservation ledger; passing it ends the run with the last good window.</summary>
/// <param name="Metric">A scalar out-port, <c>participant.port</c>, or a watch, <c>watch.name</c>.</param>
/// <param name="Limit">The greatest absolute value allowed.</param>
public sealed record ConservationLimit(string Metric, double Limit);

/// <summary>Where participants are computed in a cluster. It decides how fast a run is, and changes no bit of it.</summary>
/// <param name="Participants">A participant, an ensemble (all its members), a member such as <c>rve[3]</c>, or the beginning of several names with <c>*</c> behind it.</param>
public sealed record PlacementRule(string Participants)
{
    /// <summary>The role that their nodes have; null for any.</summary>
    public string? Role { get; init; }

    /// <summary>The participant whose node they share where their role allows it; null for none.</summary>
    public string? With { get; init; }

    /// <summary>So many nodes of that role, or of any, have to be there before they are placed. The members of a team, of which there are as many at least, are then on no fewer. Null for 1.</summary>
    public int? LeastNodes { get; init; }

    /// <summary>Whether the rule is of the participant <paramref name="name"/>.</summary>
    public bool Concerns(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsPrefix ? name.StartsWith(Participants[..^1], StringComparison.Ordinal) : name == Participants || Ensembles.BaseName(name) == Participants;
    }

    /// <summary>With whom the participant <paramref name="name"/>, which the rule concerns, shares its node; null for nobody. One of several that the rule is of may be the one whom the others join.</summary>
    public string? PartnerOf(string name) => With == name ? null : With;

    /// <summary>Whether it says anything.</summary>
    public bool SaysSomething() => Role is not null || With is not null || LeastNodes is not null;

    /// <summary>Whether it is of all whose names begin alike.</summary>
    internal bool IsPrefix => Participants.EndsWith('*');
}

/// <summary>Something that must hold at the end of the run, with its source.</summary>
/// <param name="Name">What it says, for people.</param>
/// <param name="Metric">A scalar out-port, <c>participant.port</c>, a watch, <c>watch.name</c>, or a number of the run such as <c>iterations.mean</c>.</param>
/// <param name="Source">Where the expected value comes from.</param>
public sealed record Check(string Name, string Metric, string Source)
{
    /// <summary>The expected value, with <see cref="Tolerance"/>.</summary>
    public double? Value { get; init; }

    /// <summary>The greatest absolute deviation from <see cref="Value"/>.</summary>
    public double Tolerance { get; init; }

    /// <summary>The least value allowed.</summary>
    public double? AtLeast { get; init; }

    /// <summary>The greatest value allowed.</summary>
    public double? AtMost { get; init; }

    /// <summary>The unit in which the numbers were written; they stand here in coherent SI units. Null for bare numbers.</summary>
    public Unit? Unit { get; init; }

    /// <summary>Whether <paramref name="actual"/> satisfies the check; NaN does not.</summary>
    public bool IsSatisfiedBy(double actual) =>
        double.IsFinite(actual)
        && (Value is not { } value || Math.Abs(actual - value) <= Tolerance)
        && (AtLeast is not { } least || actual >= least)
        && (AtMost is not { } most || actual <= most);
}
