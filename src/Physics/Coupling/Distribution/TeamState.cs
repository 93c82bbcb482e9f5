using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>The state of a team and those of its members: as a <see cref="TeamModel"/> that has them all archives it.</summary>
public static class TeamState
{
    private const int MostMembers = 1_000_000;

    /// <summary>With what the archive of a team begins: the members follow, each behind its <see cref="HeadOf"/>.</summary>
    internal static byte[] Head(int members) => StateArchive.Save(archive =>
    {
        _ = archive.Version(1);
        archive.Value("members", ref members);
    });

    /// <summary>What stands before the archive of a member.</summary>
    internal static byte[] HeadOf(int member, long length) => StateArchive.HeadOf(TeamModel.NameOf(member), length);

    /// <summary>How many bytes the archive of a team has.</summary>
    internal static long LengthOf(IReadOnlyList<long> members)
    {
        var length = (long)Head(members.Count).Length;
        for (var m = 0; m < members.Count; m++)
        {
            length += HeadOf(m, members[m]).Length + members[m];
        }

        return length;
    }

    /// <summary>The states of the members, of the archive of a team.</summary>
    /// <exception cref="InvalidDataException">The bytes are no archive of a team.</exception>
    public static ImmutableArray<byte[]> Split(byte[] state)
    {
        byte[][] states = [];
        StateArchive.Restore(state, archive =>
        {
            _ = archive.Version(1);
            var members = 0;
            archive.Value("members", ref members);
            states = members is > 0 and <= MostMembers ? new byte[members][] : throw new ScaleModelException($"The state is that of a team of {members}, and a team has at most {MostMembers} members.");
            for (var m = 0; m < members; m++)
            {
                states[m] = [];
                archive.Field(TeamModel.NameOf(m), ref states[m]);
            }
        });
        return [.. states];
    }
}
