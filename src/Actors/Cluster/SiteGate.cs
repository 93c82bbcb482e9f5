using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>What sites tell, looked at before the coordinator takes it: a site that tells of what the run does not have loses its link, and not the run its coordinator.</summary>
internal static class SiteGate
{
    /// <summary>Gives the message back, if it is one that a site may tell.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public static object Pass(CoupledSystem system, int sites, object message)
    {
        bool Has(int participant) => participant >= 0 && participant < system.Participants.Length;
        bool Fits(int participant, int ports) => Has(participant) && ports == system.Participants[participant].Description.Ports.Length;
        var fits = message switch
        {
            ParticipantAnswer.Ready ready => Has(ready.Participant) && (ready.Start.IsEmpty || Fits(ready.Participant, ready.Start.Length)),
            ParticipantAnswer.Saved saved => Has(saved.Participant) && saved.State is null,
            ParticipantAnswer.StateStored stored => Has(stored.Participant) && stored.Part < stored.Parts && stored.Parts <= Math.Max(1, system.Participants[stored.Participant].Description.Members)
                && stored.What.Size >= 0 && IsHash(stored.What.Hash),
            ParticipantAnswer.StoreFails => true,
            StateRows rows => rows.Site < sites && rows.Rows.All(row => IsHash(row.Hash)),
            ParticipantAnswer.CannotStart fault => Has(fault.Participant),
            ParticipantAnswer.CannotSave fault => Has(fault.Participant),
            ParticipantAnswer.Underway underway => Has(underway.Participant),
            CouplingEvent.Advanced advanced => Fits(advanced.Participant, advanced.Samples.Length) && Fits(advanced.Participant, advanced.Fingerprints.Length)
                && (advanced.Watched.IsDefault ? 0 : advanced.Watched.Length) == system.Watches.Where(w => w.Participant == advanced.Participant).Sum(w => w.Components),
            CouplingEvent.Failed failed => Has(failed.Participant),
            CouplingEvent.Measured measured => measured.Address.Group < system.Groups.Length && measured.Residuals.Length == system.Groups[measured.Address.Group].Measured.Length,
            SiteAnswer.ShareSaved share => share.Site < sites,
            SiteAnswer.FieldsSealed told => told.Site < sites,
            SiteAnswer.MeshesChanged changed => changed.Site < sites && changed.Group < system.Groups.Length,
            SiteWorked worked => worked.Site < sites && worked.Mapped.All(m => m.Conduit >= 0 && m.Conduit < system.Conduits.Length) && worked.Accelerated.All(a => a.Group >= 0 && a.Group < system.Groups.Length),
            _ => false,
        };
        static bool IsHash(string hash) => hash.Length == 2 * RunEventCodec.HashLength && hash.All(char.IsAsciiHexDigitLower);
        return fits ? message : throw new InvalidDataException($"A site tells of what the run does not have ({message.GetType().Name}).");
    }
}
