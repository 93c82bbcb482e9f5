using System.Collections.Immutable;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Models;

/// <summary>
/// A participant that a team computes, all of whose members are in this process. They go in rounds: each runs as far as its messages reach, then all
/// that was sent is delivered. The bits are the same on any number of threads.
/// </summary>
/// <remarks>The state is that of the members, one after the other.</remarks>
public sealed class TeamModel : IScaleModel
{
    private readonly Func<int, ITeamMember> _make;
    private readonly ITeamMember?[] _members;
    private readonly TeamInbox[] _inboxes;
    private readonly TeamOutbox[] _outboxes;
    private readonly bool[] _isDone;
    private readonly Action<int, int, int> _run;

    /// <summary>A participant of <paramref name="members"/>.</summary>
    /// <param name="description">Its ports.</param>
    /// <param name="members">Who compute it, in their order; at least one.</param>
    public TeamModel(ModelDescription description, ImmutableArray<ITeamMember> members)
        : this(description, members.Length, m => members[m])
    {
    }

    /// <summary>A participant of <paramref name="members"/>, each of whom is made when somebody needs it: where members are in several processes, none has to make them all.</summary>
    /// <param name="description">Its ports.</param>
    /// <param name="members">How many there are; at least one.</param>
    /// <param name="make">Makes the member of a number. The first is made at once: what is wrong with all of them is told here.</param>
    public TeamModel(ModelDescription description, int members, Func<int, ITeamMember> make)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(members, 1);
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(make);
        (Description, _make, _members, _isDone) = (description with { Members = members }, make, new ITeamMember?[members], new bool[members]);
        _inboxes = [.. Enumerable.Range(0, members).Select(_ => new TeamInbox())];
        _outboxes = [.. Enumerable.Range(0, members).Select(m => new TeamOutbox(m))];
        _run = (m, _, _) => Run(m);
        _ = MemberOf(0);
    }

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <summary>How many members there are.</summary>
    public int Members => _members.Length;

    /// <summary>The member of a number: for a runner that has others elsewhere. From one thread at a time.</summary>
    public ITeamMember MemberOf(int number) => _members[number] ??= _make(number);

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        Reset();
        for (var m = 0; m < Members; m++)
        {
            MemberOf(m).BeginInitialize(ChunkedLoop.Serial, m == 0 ? outputs : null);
        }

        Run(ChunkedLoop.Serial);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        Reset();
        using var threads = context.Loop.Gather();

        // Where there are more threads than members, members go one after the other, each on all of them.
        var (ofTeam, ofMember) = threads.Loop.Degree <= Members ? (threads.Loop, ChunkedLoop.Serial) : (ChunkedLoop.Serial, threads.Loop);
        for (var m = 0; m < Members; m++)
        {
            MemberOf(m).BeginAdvance(context with { Loop = ofMember }, m == 0 ? inputs : null, m == 0 ? outputs : null);
        }

        Run(ofTeam);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var members = Members;
        archive.Value("members", ref members);
        if (members != Members)
        {
            throw new ScaleModelException($"The state is that of a team of {members}, and this one has {Members} members.");
        }

        // A state that is refused leaves no member with a part of it.
        var before = archive.IsRestoring ? Enumerable.Range(0, Members).Select(m => StateArchive.Save(MemberOf(m).Archive)).ToArray() : [];
        try
        {
            for (var m = 0; m < Members; m++)
            {
                var state = archive.IsRestoring ? [] : StateArchive.Save(MemberOf(m).Archive, 1 << 16);
                archive.Field(NameOf(m), ref state);
                if (archive.IsRestoring)
                {
                    StateArchive.Restore(state, MemberOf(m).Archive);
                }
            }
        }
        catch when (archive.IsRestoring)
        {
            for (var m = 0; m < Members; m++)
            {
                StateArchive.Restore(before[m], MemberOf(m).Archive);
            }

            throw;
        }
    }

    /// <summary>What the archive of a member is called in that of the team.</summary>
    internal static string NameOf(int member) => FormattableString.Invariant($"member-{member}");

    /// <summary>The archives of the members, in their order: each an array of its own.</summary>
    /// <param name="sizes">About how many bytes each has; afterwards how many.</param>
    internal ImmutableArray<byte[]> SaveMembers(int[] sizes)
    {
        var states = new byte[Members][];
        for (var m = 0; m < Members; m++)
        {
            states[m] = StateArchive.Save(MemberOf(m).Archive, sizes[m]);
            sizes[m] = states[m].Length;
        }

        return [.. states];
    }

    /// <summary>Sets the states of the members. Where one is refused, those before it are set: the team is good for nothing but being restored.</summary>
    /// <exception cref="InvalidDataException">They are of another team.</exception>
    internal void RestoreMembers(IReadOnlyList<byte[]> states)
    {
        if (states.Count != Members)
        {
            throw new InvalidDataException($"The state is that of a team of {states.Count}, and this one has {Members} members.");
        }

        for (var m = 0; m < Members; m++)
        {
            StateArchive.Restore(states[m], MemberOf(m).Archive);
        }
    }

    // What an act left behind that was given up.
    private void Reset()
    {
        for (var m = 0; m < Members; m++)
        {
            _inboxes[m].Clear();
            _outboxes[m].Clear();
            _isDone[m] = false;
        }
    }

    private void Run(int m)
    {
        if (!_isDone[m] && (_members[m]!.WaitsFor is not { } key || _inboxes[m].Has(key)))
        {
            _isDone[m] = _members[m]!.TryRun(_inboxes[m], _outboxes[m]);
        }
    }

    private void Run(ChunkedLoop loop)
    {
        while (true)
        {
            loop.Run(Members, 1, _run);
            var delivered = 0;
            foreach (var outbox in _outboxes)
            {
                foreach (var message in outbox.Messages)
                {
                    _inboxes[message.To].Put(message);
                    delivered++;
                }

                outbox.Clear();
            }

            if (!_isDone.Contains(false))
            {
                break;
            }

            if (delivered == 0)
            {
                var waiting = Array.IndexOf(_isDone, false);
                throw new InvalidOperationException($"Member {waiting} of a team of {Members} waits for {_members[waiting]!.WaitsFor}, and nobody sends anything.");
            }
        }

        var left = Array.FindIndex(_inboxes, i => i.Count > 0);
        if (left >= 0)
        {
            throw new InvalidOperationException($"The act is done, and member {left} of a team of {Members} has not taken {_inboxes[left].Count} messages.");
        }
    }
}
