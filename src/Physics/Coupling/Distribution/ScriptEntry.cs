using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>
/// What a coordinator tells the sites of a run, in one order: the script. Each site is told, and carries out, what concerns it
/// (<see cref="FieldPlacement.SitesOf(CoupledSystem, ScriptEntry)"/>), so that all hold what one exchange alone would hold.
/// </summary>
public abstract record ScriptEntry
{
    private ScriptEntry() { }

    /// <summary>The start samples of a participant are in force.</summary>
    public sealed record Start(int Participant) : ScriptEntry;

    /// <summary>A command of the coupling machine that concerns fields: windows, stages, iterates.</summary>
    public sealed record Fields(CouplingCommand What) : ScriptEntry;

    /// <summary>A participant advances. <paramref name="Order"/>: the number of this advance, above those before.</summary>
    public sealed record Advance(CouplingCommand.Advance What, long Order) : ScriptEntry;

    /// <summary>What a participant wrote in the advance of the number <paramref name="Order"/> is in force, and perhaps changes meshes.</summary>
    public sealed record Deliver(CouplingCommand.Deliver What, long Order, bool ChangesMeshes) : ScriptEntry;

    /// <summary>From here on each site records the fields of its participants. <paramref name="Window"/>: the first root window that is computed now; <paramref name="From"/>: the first that is recorded.</summary>
    public sealed record Record(long Window, long From) : ScriptEntry;

    /// <summary>What was recorded so far is to be told: answered by <see cref="SiteAnswer.FieldsSealed"/>, be it empty.</summary>
    public sealed record SealFields : ScriptEntry;

    /// <summary>The fields at this root boundary are to be kept: answered by <see cref="SiteAnswer.ShareSaved"/>.</summary>
    public sealed record SaveShare(long Window) : ScriptEntry;
}

/// <summary>What sites tell the coordinator, apart from what participants tell it.</summary>
public abstract record SiteAnswer
{
    private SiteAnswer() { }

    /// <summary>A site's share of the fields.</summary>
    public sealed record ShareSaved(int Site, long Window, byte[] Share) : SiteAnswer;

    /// <summary>What a site has recorded of its participants.</summary>
    /// <param name="Site">The site.</param>
    /// <param name="Number">How many it told before.</param>
    /// <param name="IsAnswer">Whether it answers <see cref="ScriptEntry.SealFields"/>; otherwise a block was full.</param>
    /// <param name="Block">A block of windows; empty where there are none.</param>
    /// <param name="Before">Of the root windows before this one, all that are recorded are in this block and those before it.</param>
    public sealed record FieldsSealed(int Site, long Number, bool IsAnswer, byte[] Block, long Before) : SiteAnswer;

    /// <summary>A window in which meshes changed is accepted at a site; <paramref name="Fault"/> says what cannot be mapped any more.</summary>
    public sealed record MeshesChanged(int Site, int Group, string? Fault) : SiteAnswer;
}

/// <summary>What travels from site to site.</summary>
/// <param name="Order">The number of the advance that wrote it, or that is to read it; 0 for the start of the run.</param>
public abstract record FieldParcel(long Order)
{
    /// <summary>The same with values of its own: those of a parcel may be overwritten.</summary>
    public abstract FieldParcel Copied();

    private static FieldSample Copy(FieldSample sample) => new(sample.Time, sample.Values.ToArray());

    /// <summary>What a participant wrote: of the ports that the site needs.</summary>
    public sealed record Samples(long Order, int Participant, ImmutableArray<ImmutableArray<FieldSample>> Values, ImmutableArray<MeshChange> Meshes) : FieldParcel(Order)
    {
        /// <summary>The fingerprints of the participant's ports afterwards; at its own site only.</summary>
        internal ImmutableArray<ulong> Fingerprints { get; init; }

        /// <inheritdoc/>
        public override FieldParcel Copied() => this with { Values = [.. Values.Select(port => port.IsEmpty ? port : [.. port.Select(Copy)])] };
    }

    /// <summary>What a participant is to read from a conduit; null where the conduit holds nothing yet.</summary>
    public sealed record Input(long Order, int Conduit, Waveform? Value) : FieldParcel(Order)
    {
        /// <inheritdoc/>
        public override FieldParcel Copied() => this with { Value = Value is null ? null : new Waveform(Value.Start, [.. Value.Samples.Select(Copy)], Value.Meaning, Value.Degree) };
    }
}

/// <summary>What a site's shell is to do.</summary>
public abstract record SiteEffect
{
    private SiteEffect() { }

    /// <summary>Advance a participant; answered with <see cref="FieldSite.Answered"/>. Without inputs it has been given up: only what later orders rely on is done.</summary>
    public sealed record Advance(CouplingCommand.Advance Order, PortReader? Inputs) : SiteEffect;

    /// <summary>Send to another site, in order or not. The values may be overwritten when the next thing is told to this site: whoever sends them later copies them.</summary>
    public sealed record Send(int Site, FieldParcel Parcel) : SiteEffect;

    /// <summary>Tell the coordinator: a <see cref="SiteAnswer"/> or a <see cref="CouplingEvent"/>.</summary>
    public sealed record Tell(object What) : SiteEffect;
}
