using System.Runtime.InteropServices;

namespace ActorMultiscale.Physics.Models;

/// <summary>By what a member of a team knows a message. No two that are under way to one member are alike.</summary>
/// <param name="From">The member that sent it.</param>
/// <param name="Step">The step to which it belongs.</param>
/// <param name="Phase">The phase of the step.</param>
public readonly record struct TeamKey(int From, long Step, int Phase);

/// <summary>A message between two members of a team.</summary>
/// <param name="To">The member that gets it.</param>
/// <param name="Key">By what it is known there.</param>
/// <param name="Numbers">What it says; whoever takes it owns the array.</param>
public readonly record struct TeamMessage(int To, TeamKey Key, double[] Numbers);

/// <summary>What has come for a member of a team and was not taken yet. One caller at a time.</summary>
public sealed class TeamInbox
{
    private readonly Dictionary<TeamKey, double[]> _messages = [];

    /// <summary>How many messages there are.</summary>
    public int Count => _messages.Count;

    /// <summary>Whether there is a message of this key.</summary>
    public bool Has(TeamKey key) => _messages.ContainsKey(key);

    /// <summary>Takes the message of this key out.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public double[] Take(TeamKey key) => _messages.Remove(key, out var numbers)
        ? numbers
        : throw new InvalidOperationException($"A member takes the message {key}, which has not come.");

    /// <summary>Puts a message in.</summary>
    /// <exception cref="InvalidOperationException">There is one of the same key.</exception>
    public void Put(TeamMessage message)
    {
        if (!_messages.TryAdd(message.Key, message.Numbers))
        {
            throw new InvalidOperationException($"Member {message.To} is sent a second message {message.Key} before it has taken the first.");
        }
    }

    /// <summary>Forgets all messages: those of an act that was given up.</summary>
    public void Clear() => _messages.Clear();
}

/// <summary>What a member of a team sends. One caller at a time.</summary>
/// <param name="member">The member that sends.</param>
public sealed class TeamOutbox(int member)
{
    /// <summary>How many numbers a message has at most, 128 MiB of them: for networks whose frames have an end.</summary>
    public const int MostNumbers = 1 << 24;

    private readonly List<TeamMessage> _messages = [];

    /// <summary>What is to be delivered, in the order in which it was posted; until the next call of another method.</summary>
    public ReadOnlySpan<TeamMessage> Messages => CollectionsMarshal.AsSpan(_messages);

    /// <summary>Sends a message. The array belongs to whoever gets it.</summary>
    /// <exception cref="ScaleModelException">It has more than <see cref="MostNumbers"/>.</exception>
    public void Post(int to, long step, int phase, double[] numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        if (numbers.Length > MostNumbers)
        {
            throw new ScaleModelException($"Member {member} of a team has {numbers.Length} numbers for member {to} at once; {MostNumbers} are the most. Divide the participant among more members, or let it tell less.");
        }

        _messages.Add(new(to, new(member, step, phase), numbers));
    }

    /// <summary>Forgets what has been delivered.</summary>
    public void Clear() => _messages.Clear();
}
