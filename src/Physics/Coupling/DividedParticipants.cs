using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>That a participant is computed in sub-domains, and how these iterate until they agree.</summary>
/// <param name="Division">The sub-domains.</param>
public sealed record SubdomainScheme(Subdomains Division)
{
    /// <summary>The most iterations a window.</summary>
    public int MostIterations { get; init; } = 100;

    /// <summary>How the next iterate is found.</summary>
    public AccelerationSpec Acceleration { get; init; } = AccelerationSpec.LeastSquares() with { Relaxation = 1 };

    /// <summary>By how much all that sub-domains take from each other may change in the last iteration, relative to its size: ‖Δx‖ ≤ tolerance ‖x‖ with Euclidean norms over the values of all edges.</summary>
    public double Tolerance { get; init; } = 1e-9;

    /// <summary>A change ‖Δx‖ that is small enough whatever the size, in the unit of what is solved for; none if null. Of N values it allows a root mean square of absolute/√N.</summary>
    public double? Absolute { get; init; }

    /// <summary>Windows of the body in one of the group that names it.</summary>
    public int Windows { get; init; } = 1;

    /// <summary>The number of sub-domains, if it may be one; else null.</summary>
    public int? Count => Division.Parts.Aggregate(1.0, (n, p) => n * p) is >= 1 and <= 1_000_000 and var count && !Division.Parts.IsEmpty ? (int)count : null;
}

/// <summary>
/// Writes participants in sub-domains out: <c>plate</c> becomes <c>plate[0]</c>, <c>plate[1]</c>, … and <c>plate-coarse</c>, the conduits between them, and a group
/// called <c>plate</c> that iterates, of which stages speak. After that nobody needs to know of sub-domains.
/// </summary>
public static class DividedParticipants
{
    /// <summary>The name of the coarse level of a participant in sub-domains.</summary>
    /// <param name="name">The name of the participant.</param>
    public static string CoarseLevelOf(string name) => $"{name}-coarse";

    /// <summary>The participant of an experiment, as it is written, that a name speaks of: <c>plate</c> of <c>plate</c>, <c>plate[3].temperature</c> and, if it is in sub-domains, <c>plate-coarse.correction</c>.</summary>
    /// <param name="experiment">The experiment, not yet written out.</param>
    /// <param name="address">The name of a participant, of a member, or of a port of one. If nobody is called so, what is given back names nobody either.</param>
    public static string OwnerOf(Experiment experiment, string address)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var name = Suggestion.BaseOf(address);
        return experiment.Participants.Any(p => p.Name == name) ? name
            : experiment.Participants.FirstOrDefault(p => p.Subdomains is not null && CoarseLevelOf(p.Name) == name)?.Name ?? name;
    }

    /// <summary>
    /// The experiment written out; where the conduits that were added are said to be wrong, by their index behind the written ones; what is wrong, by path; and whether
    /// a name stands for two things, so that nothing more can be said.
    /// </summary>
    internal static (Experiment Experiment, ImmutableArray<string> AddedPaths, ImmutableArray<(string Path, string Message)> Faults, bool IsAmbiguous) Expand(Experiment experiment)
    {
        var isAmbiguous = false;
        var participants = ImmutableArray.CreateBuilder<Participant>();
        var conduits = experiment.Conduits.ToBuilder();
        var groups = experiment.Groups.ToBuilder();
        var (paths, faults) = (ImmutableArray.CreateBuilder<string>(), ImmutableArray.CreateBuilder<(string, string)>());
        foreach (var participant in experiment.Participants)
        {
            if (participant.Subdomains is not { } scheme)
            {
                participants.Add(participant);
                continue;
            }

            var (name, path) = (participant.Name, $"participants.{participant.Name}.subdomains");
            if (Clash(experiment, name, !scheme.Division.Coarse.IsEmpty) is { } clash)
            {
                faults.Add((path, clash));
                isAmbiguous = true;
            }

            if (Divided(participant, scheme.Division, fault => faults.Add((path, fault))) is not { } divided)
            {
                participants.Add(participant with { Subdomains = null, Count = participant.Count ?? scheme.Count, Model = participant.Model with { Create = _ => throw new UnknownModelException() } });
                continue;
            }

            string Member(int index) => index == SubdomainLink.CoarseLevel ? CoarseLevelOf(name) : string.Create(CultureInfo.InvariantCulture, $"{name}[{index}]");
            ImmutableArray<string> members = [.. Enumerable.Range(0, divided.Count).Select(Member)];
            ImmutableArray<string> InPhase(int phase) => [.. members.Select(m => $"{m}:{divided.Phases[phase]}")];
            participants.AddRange(members.Select((member, index) => participant with { Name = member, Model = divided.Subdomain, EnsembleIndex = index, Subdomains = null, PartOf = name }));
            if (divided.Coarse is { } coarse)
            {
                participants.Add(participant with { Name = Member(SubdomainLink.CoarseLevel), Model = coarse, Subdomains = null, PartOf = name });
            }

            // Between windows what is taken goes on as it did.
            conduits.AddRange(divided.Links.Select(link => new Conduit($"{Member(link.From)}.{link.OutPort}", $"{Member(link.To)}.{link.InPort}")
            {
                IsPointByPoint = link.From != SubdomainLink.CoarseLevel,
                IsAccelerated = !link.IsOfStart,
                Extrapolation = link.IsTrace ? Extrapolation.Linear : Extrapolation.Constant,
            }));
            paths.AddRange(divided.Links.Select(_ => path));
            var measure = scheme.Absolute is null ? ResidualMeasure.Relative : ResidualMeasure.AbsoluteOrRelative;
            groups.Add(new(
                name,
                new(divided.Coarse is null ? [members] : [InPhase(0), [Member(SubdomainLink.CoarseLevel)], InPhase(1)], new(
                    1, scheme.MostIterations,
                    [.. divided.Links.Where(link => link.IsTrace).Select(link => new ConvergenceCriterion($"{Member(link.To)}.{link.InPort}", measure, scheme.Absolute ?? scheme.Tolerance) { RelativeLimit = scheme.Absolute is null ? 0 : scheme.Tolerance, IsStrict = true, IsJoint = true })],
                    scheme.Acceleration)),
                scheme.Windows));
        }

        return (experiment with { Participants = participants.ToImmutable(), Conduits = conduits.ToImmutable(), Groups = groups.ToImmutable() }, paths.ToImmutable(), faults.ToImmutable(), isAmbiguous);
    }

    // What is written and has a name that the sub-domains take.
    private static string? Clash(Experiment experiment, string name, bool hasCoarse) =>
        experiment.Groups.Any(g => g.Name == name) ? $"The sub-domains of '{name}' are a group of that name, and 'groups' has one too. Give that one another name; a stage that names '{name}' means the sub-domains."
        : hasCoarse && experiment.Participants.Any(p => p.Name == CoarseLevelOf(name)) ? $"The coarse level of '{name}' is called '{CoarseLevelOf(name)}', and so is another participant. Give that one another name."
        : hasCoarse && experiment.Groups.Any(g => g.Name == CoarseLevelOf(name)) ? $"The coarse level of '{name}' is called '{CoarseLevelOf(name)}', and so is a group. Give that one another name."
        : null;

    private static DividedModel? Divided(Participant participant, Subdomains asked, Action<string> fault)
    {
        if (participant.Model.Divide is not { } divide)
        {
            fault($"A participant of the model '{participant.Model.Kind}' is computed as a whole; bodies of finite elements, 'heat' and 'solid', may have sub-domains.");
            return null;
        }

        if (participant.Count is not null)
        {
            fault("A participant has either 'count' or 'subdomains'.");
            return null;
        }

        try
        {
            return divide(participant.Settings, asked);
        }
        catch (ScaleModelException reason)
        {
            fault($"'{participant.Name}' cannot be divided: {reason.Message}");
            return null;
        }
    }
}
