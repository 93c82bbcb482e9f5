using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Models;

/// <summary>How a body is divided into sub-domains that overlap, each of which is a participant.</summary>
/// <param name="Parts">Into how many parts along each axis; each cell is in one part.</param>
/// <param name="Overlap">By how many layers of cells each sub-domain reaches beyond its part, at least 1.</param>
/// <param name="Coarse">The cells of the coarse level along each axis; empty for none.</param>
public sealed record Subdomains(ImmutableArray<int> Parts, int Overlap, ImmutableArray<int> Coarse);

/// <summary>A model that is computed by several participants: who they are, and the conduits between them.</summary>
/// <param name="Count">The number of sub-domains.</param>
/// <param name="Subdomain">The model of a sub-domain, told apart by <see cref="ModelSettings.EnsembleIndex"/>.</param>
/// <param name="Coarse">The model of the coarse level; null for none.</param>
/// <param name="Links">The conduits between them, point by point where both ends have the same points.</param>
public sealed record DividedModel(int Count, ModelEntry Subdomain, ModelEntry? Coarse, ImmutableArray<SubdomainLink> Links)
{
    /// <summary>The phases of sub-domains, before and after the coarse level; empty without one.</summary>
    public ImmutableArray<string> Phases { get; init; } = [];
}

/// <summary>A conduit between the participants of one body.</summary>
/// <param name="From">The index of the sub-domain that writes; <see cref="CoarseLevel"/> for the coarse level.</param>
/// <param name="OutPort">Its out-port.</param>
/// <param name="To">The index of the one that reads; <see cref="CoarseLevel"/> for the coarse level.</param>
/// <param name="InPort">Its in-port.</param>
public sealed record SubdomainLink(int From, string OutPort, int To, string InPort)
{
    /// <summary>Stands for the coarse level instead of an index.</summary>
    public const int CoarseLevel = -1;

    /// <summary>Whether what it carries is read where a window begins alone, so that it is known, and not iterated on.</summary>
    public bool IsOfStart { get; init; }

    /// <summary>Whether it joins two sub-domains with what has to agree in the end.</summary>
    public bool IsTrace => From != CoarseLevel && To != CoarseLevel && !IsOfStart;
}
