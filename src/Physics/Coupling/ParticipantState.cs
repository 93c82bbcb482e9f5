using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>An archive that is a state, or a member's part of one: its bytes, or, where it lies in a store, how it is known there.</summary>
public abstract record StatePart
{
    private StatePart() { }

    /// <summary>How many bytes it has.</summary>
    public abstract long Length { get; }

    /// <summary>The bytes.</summary>
    public sealed record Here(byte[] Bytes) : StatePart
    {
        /// <inheritdoc/>
        public override long Length => Bytes.Length;
    }

    /// <summary>It lies in a store.</summary>
    /// <param name="Hash">SHA-256 of its bytes, hex.</param>
    /// <param name="Size">How many there are.</param>
    public sealed record Stored(string Hash, long Size) : StatePart
    {
        /// <inheritdoc/>
        public override long Length => Size;
    }
}

/// <summary>Reads a part of a state that lies in a store, piece after piece.</summary>
public delegate IEnumerable<ReadOnlyMemory<byte>> StateReader(StatePart.Stored part);

/// <summary>
/// The state of a participant at a root boundary: its archive; of one that a team computes the archives of the members, so that nobody needs to have them all at once, or in one array.
/// </summary>
/// <param name="Parts">One, or those of the members of a team in their order.</param>
public sealed record ParticipantState(ImmutableArray<StatePart> Parts)
{
    /// <summary>The state whose bytes are these.</summary>
    public static implicit operator ParticipantState(byte[] bytes) => FromBytes(bytes);

    /// <summary>The state whose bytes are these.</summary>
    public static ParticipantState FromBytes(byte[] bytes) => new([new StatePart.Here(bytes)]);

    /// <summary>The state of a team of these states of its members.</summary>
    public static ParticipantState OfMembers(IEnumerable<byte[]> states) => new([.. states.Select(bytes => new StatePart.Here(bytes))]);

    /// <summary>Whether all of it is here.</summary>
    public bool IsHere => Parts.All(part => part is StatePart.Here);

    /// <summary>How many bytes the state has as one archive.</summary>
    public long Length => Parts.Length == 1 ? Parts[0].Length : TeamState.LengthOf([.. Parts.Select(part => part.Length)]);

    /// <summary>The state as one archive in one array.</summary>
    /// <exception cref="InvalidOperationException">Not all of it is here.</exception>
    /// <exception cref="OverflowException">It is larger than an array.</exception>
    public byte[] Whole()
    {
        if (Parts is [StatePart.Here { Bytes: var bytes }])
        {
            return bytes;
        }

        var (whole, at) = (new byte[checked((int)Length)], 0);
        foreach (var piece in Content(part => throw new InvalidOperationException($"The part {part.Hash} of the state lies in a store.")))
        {
            piece.CopyTo(whole.AsMemory(at));
            at += piece.Length;
        }

        return whole;
    }

    /// <summary>The bytes of the state as one archive, piece after piece.</summary>
    /// <param name="read">Reads what lies in a store, piece after piece.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Content(StateReader read)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (Parts.Length > 1)
        {
            yield return TeamState.Head(Parts.Length);
        }

        for (var m = 0; m < Parts.Length; m++)
        {
            if (Parts.Length > 1)
            {
                yield return TeamState.HeadOf(m, Parts[m].Length);
            }

            foreach (var piece in Parts[m] is StatePart.Here here ? [here.Bytes] : read((StatePart.Stored)Parts[m]))
            {
                yield return piece;
            }
        }
    }
}
