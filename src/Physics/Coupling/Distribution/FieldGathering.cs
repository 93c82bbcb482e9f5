using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>The fields of a run at a root boundary, put together from the shares of its sites: the same bytes as of one exchange alone.</summary>
public sealed class FieldGathering
{
    private readonly CoupledSystem _system;
    private readonly FieldPlacement _placement;
    private readonly CouplingMachine _machine;
    private readonly FieldExchange _whole;
    private readonly bool[] _hasShare;

    internal FieldGathering(CoupledSystem system, FieldPlacement placement, CouplingMachine machine)
    {
        (_system, _placement, _machine) = (system, placement, machine);
        _whole = new FieldExchange(system);
        _hasShare = new bool[placement.Sites];
    }

    /// <summary>Whether all sites have given their shares.</summary>
    public bool IsComplete => Array.TrueForAll(_hasShare, has => has);

    /// <summary>A site's share; one that is told twice counts once.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public void Take(SiteAnswer.ShareSaved share)
    {
        ArgumentNullException.ThrowIfNull(share);
        if (!_hasShare[share.Site])
        {
            var part = new FieldExchange(_system, false, _placement.ShareOf(share.Site));
            StateArchive.Restore(share.Share, part.Archive);
            _whole.TakeShare(part);
            _hasShare[share.Site] = true;
        }
    }

    /// <summary>The bytes of the whole, as <see cref="CouplingCore.SaveFields"/> gives them.</summary>
    public byte[] SaveFields() => StateArchive.Save(archive =>
    {
        _whole.Archive(archive);
        _machine.Archive(archive);
    }, 1024);

    /// <summary>The hash of the run where it ends here: see <see cref="CouplingCore.FinalHash(long, IReadOnlyList{ParticipantState})"/>.</summary>
    /// <param name="tick">Where the run stands.</param>
    /// <param name="states">The states of all participants, in the order of the system.</param>
    /// <param name="read">Reads what of them lies in a store, piece after piece.</param>
    public string FinalHash(long tick, IReadOnlyList<ParticipantState> states, StateReader read) =>
        CouplingCore.FinalHash(_system, _whole, tick, states, read);
}
