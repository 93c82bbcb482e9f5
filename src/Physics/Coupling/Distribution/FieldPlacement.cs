using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>
/// Which site has which participant, and where what conduits carry is mapped and kept. It decides what travels, and changes no bit of
/// the result.
/// </summary>
/// <remarks>
/// A conduit is at home at its producer's site or its consumer's, whichever lets less travel: the unmapped values or the mapped ones. The
/// conduits that a group's acceleration, its criteria or its window controller look at are all at one site, the home of the group.
/// </remarks>
public sealed class FieldPlacement
{
    private readonly ImmutableArray<int>[] _sites;          // By participant, as they are asked for.
    private readonly ImmutableArray<int>[] _withMeshes;
    private readonly ImmutableArray<int>[] _ofInputs;
    private readonly ImmutableArray<int> _all;

    /// <summary>Where conduits are at home, given where participants are.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="participants">Of each participant the site, from 0.</param>
    /// <param name="sites">How many sites there are.</param>
    /// <exception cref="ArgumentException">A participant has no site, or one that there is not.</exception>
    public FieldPlacement(CoupledSystem system, ImmutableArray<int> participants, int sites)
    {
        ArgumentNullException.ThrowIfNull(system);
        if (participants.Length != system.Participants.Length || participants.Any(site => site < 0 || site >= sites))
        {
            throw new ArgumentException($"Each of the {system.Participants.Length} participants is at one of {sites} sites.", nameof(participants));
        }

        (Participants, Sites) = (participants, sites);
        (_sites, _withMeshes, _ofInputs) = (new ImmutableArray<int>[participants.Length], new ImmutableArray<int>[participants.Length], new ImmutableArray<int>[participants.Length]);
        _all = [.. Enumerable.Range(0, sites)];
        var homes = new int[system.Conduits.Length];
        var groups = new int[system.Groups.Length];
        foreach (var group in system.Groups)
        {
            var tied = TiedTo(system, group).ToHashSet();
            groups[group.Index] = Home(system, tied);
            foreach (var conduit in system.Conduits.Where(c => c.Group == group.Index))
            {
                // The unmapped values travel to the consumer, or the mapped ones from the producer.
                var (unmapped, mapped) = (LengthOf(system, conduit.Producer, conduit.ProducerPort), LengthOf(system, conduit.Consumer, conduit.ConsumerPort));
                homes[conduit.Index] = tied.Contains(conduit.Index) ? groups[group.Index] : Participants[unmapped <= mapped ? conduit.Consumer : conduit.Producer];
            }
        }

        (Homes, Groups) = ([.. homes], [.. groups]);
    }

    /// <summary>Given homes, as long as what a group ties together is at the group's.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="participants">Of each participant the site, from 0.</param>
    /// <param name="sites">How many sites there are.</param>
    /// <param name="homes">Of each conduit its home.</param>
    /// <param name="groups">Of each group its home.</param>
    /// <exception cref="ArgumentException">It is no placement of this system.</exception>
    public FieldPlacement(CoupledSystem system, ImmutableArray<int> participants, int sites, ImmutableArray<int> homes, ImmutableArray<int> groups)
        : this(system, participants, sites)
    {
        if (homes.Length != system.Conduits.Length || groups.Length != system.Groups.Length || homes.Concat(groups).Any(site => site < 0 || site >= sites)
            || system.Groups.Any(group => TiedTo(system, group).Any(conduit => homes[conduit] != groups[group.Index])))
        {
            throw new ArgumentException("The homes of conduits and groups are no placement of this system.", nameof(homes));
        }

        (Homes, Groups) = (homes, groups);
    }

    /// <summary>How many sites there are.</summary>
    public int Sites { get; }

    /// <summary>Of each participant its site.</summary>
    public ImmutableArray<int> Participants { get; }

    /// <summary>Of each conduit the site that maps and keeps what it carries.</summary>
    public ImmutableArray<int> Homes { get; }

    /// <summary>Of each group the site that measures and accelerates.</summary>
    public ImmutableArray<int> Groups { get; }

    /// <summary>The sites that an entry of the script concerns. To the others it says nothing: they need not be told it.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="entry">The entry.</param>
    public ImmutableArray<int> SitesOf(CoupledSystem system, ScriptEntry entry)
    {
        ArgumentNullException.ThrowIfNull(system);
        switch (entry)
        {
            case ScriptEntry.Start start:
                return SitesOf(system, start.Participant, changesMeshes: false);
            case ScriptEntry.Deliver deliver:
                return SitesOf(system, deliver.What.Participant, deliver.ChangesMeshes);
            case ScriptEntry.Advance { What.Participant: var reader }:
                if (_ofInputs[reader].IsDefault)
                {
                    _ofInputs[reader] = [.. system.Incoming[reader].Select(c => Homes[c.Index]).Append(Participants[reader]).Distinct().Order()];
                }

                return _ofInputs[reader];
            default:
                return _all;
        }
    }

    /// <summary>The other sites to which a site sends parcels, or which send it some.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="site">The site.</param>
    public ImmutableArray<int> PeersOf(CoupledSystem system, int site)
    {
        ArgumentNullException.ThrowIfNull(system);
        var written = from p in system.Participants from to in SitesOf(system, p.Index, changesMeshes: true) select (From: Participants[p.Index], To: to);
        var read = from c in system.Conduits select (From: Homes[c.Index], To: Participants[c.Consumer]);
        return [.. written.Concat(read).Where(way => way.From == site || way.To == site).SelectMany(way => new[] { way.From, way.To }).Where(other => other != site).Distinct().Order()];
    }

    /// <summary>The share of a site.</summary>
    internal FieldShare ShareOf(int site) => new(
        [.. Homes.Select(home => home == site)],
        [.. Participants.Select(at => at == site)],
        [.. Groups.Select(home => home == site)]);

    /// <summary>The sites that need to know what a participant wrote: its own, and the homes of the conduits from it; where it changes meshes, also of those to it.</summary>
    internal ImmutableArray<int> SitesOf(CoupledSystem system, int participant, bool changesMeshes)
    {
        var sites = changesMeshes ? _withMeshes : _sites;
        if (sites[participant].IsDefault)
        {
            // A change of mesh makes accelerations forget, also where the conduit that changes is at home elsewhere. Groups that iterate not, and watch no lengths, have nothing to forget.
            var concerned = system.Outgoing[participant].Concat(changesMeshes ? system.Incoming[participant] : []).ToList();
            sites[participant] = [.. concerned.Select(c => Homes[c.Index]).Concat(changesMeshes ? concerned.Select(c => system.Groups[c.Group]).Where(g => g.Spec.Scheme.Iteration.IsImplicit || g.Lengths is not null).Select(g => Groups[g.Index]) : [])
                .Append(Participants[participant]).Distinct().Order()];
        }

        return sites[participant];
    }

    /// <summary>The conduits that must be at one place: a group's unknowns, and what its criteria and its window controller look at.</summary>
    internal static IEnumerable<int> TiedTo(CoupledSystem system, GroupNode group)
    {
        var unknowns = group.Spec.Scheme.Iteration.IsImplicit ? system.Conduits.Where(c => c.Group == group.Index && c.IsBackward).Select(c => c.Index) : [];
        var watched = group.Lengths is { } lengths ? lengths.Bonds.SelectMany(b => new[] { b.Effort, b.Flow }).Concat(lengths.Watched) : [];
        return unknowns.Concat(group.Measured).Concat(watched);
    }

    // Where most of them are read.
    private int Home(CoupledSystem system, HashSet<int> tied)
    {
        var lengths = new long[Sites];
        foreach (var index in tied)
        {
            var conduit = system.Conduits[index];
            lengths[Participants[conduit.Consumer]] += 1 + LengthOf(system, conduit.Consumer, conduit.ConsumerPort);
        }

        return Array.IndexOf(lengths, lengths.Max());
    }

    private static long LengthOf(CoupledSystem system, int participant, int port) => Math.Max(0, system.Participants[participant].Description.Ports[port].Length);
}
