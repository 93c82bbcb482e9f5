using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>The state of a team and those of its members: as a <see cref="TeamModel"/> that has them all archives it.</summary>
public static class TeamState
{
    private const int MostMembers = 1_000_000;

    /// <summary>The state of a team of the states of its members.</summary>
    public static byte[] Join(IReadOnlyList<byte[]> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        return StateArchive.Save(archive => _ = Walk(archive, [.. states]), states.Sum(s => s.Length + 64));
    }

    /// <summary>The states of the members of the state of a team.</summary>
    /// <exception cref="InvalidDataException">The bytes are no state of a team.</exception>
    public static ImmutableArray<byte[]> Split(byte[] state)
    {
        byte[][] states = [];
        StateArchive.Restore(state, archive => states = Walk(archive, states));
        return [.. states];
    }

    private static byte[][] Walk(StateArchive archive, byte[][] states)
    {
        _ = archive.Version(1);
        var members = states.Length;
        archive.Value("members", ref members);
        if (members != states.Length)
        {
            states = members is > 0 and <= MostMembers ? [.. Enumerable.Repeat(Array.Empty<byte>(), members)] : throw new ScaleModelException($"The state is that of a team of {members}, and a team has at most {MostMembers} members.");
        }

        for (var m = 0; m < members; m++)
        {
            archive.Field(FormattableString.Invariant($"member-{m}"), ref states[m]);
        }

        return states;
    }
}
