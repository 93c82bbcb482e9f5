using System.Runtime.ExceptionServices;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// Threads that stand by for one short loop after another: <see cref="ChunkedLoop.Gather"/>. A thread that comes late, or never, is not
/// missed: whoever calls works too, and who is done with his own chunks takes those of others.
/// </summary>
public sealed class LoopTeam : IDisposable
{
    private const long Closed = uint.MaxValue;      // In the lower half of a ticket: nothing to take.
    private const int Line = 16;                    // Tickets lie so many numbers apart, so that no two share a line of the cache.
    private const int Patience = 4000;              // Looks at the tickets before others get the processor.

    private readonly int _members;
    private readonly long[] _tickets;               // Of each member's part of the loop: number of the loop, and the next chunk to take.
    private Action<int, int, int> _body = static (_, _, _) => { };
    private int _length;
    private int _chunk;
    private int _chunks;
    private long _loop;
    private int _left;                              // Chunks that are not done.
    private volatile bool _isOver;
    private Exception? _fault;

    internal LoopTeam(int degree, TaskScheduler? scheduler)
    {
        Loop = new(degree, scheduler, this);
        _members = degree;
        _tickets = new long[Line * (degree + 1)];
        Close();
        for (var i = 1; i < degree; i++)
        {
            var member = i;
            Task.Factory.StartNew(() => StandBy(member), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler ?? TaskScheduler.Default);
        }
    }

    /// <summary>The loop that they work on; usable by one caller at a time.</summary>
    public ChunkedLoop Loop { get; }

    /// <summary>Sends the threads away.</summary>
    public void Dispose() => _isOver = true;

    internal void Run(int length, int chunk, int chunks, Action<int, int, int> body)
    {
        (_body, _length, _chunk, _chunks, _left) = (body, length, chunk, chunks, chunks);
        _loop++;
        for (var part = 0; part < _members; part++)
        {
            Interlocked.Exchange(ref Ticket(part), (_loop << 32) | (uint)First(part));
        }

        while (TryWork(0))
        {
        }

        for (var spins = 0; Volatile.Read(ref _left) > 0; spins++)
        {
            Pause(spins);
        }

        // Whoever still looks at this loop must not take from the next one while it is being set up.
        Close();
        if (Interlocked.Exchange(ref _fault, null) is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    private ref long Ticket(int part) => ref _tickets[Line * (part + 1)];

    // Where a member's part of the chunks begins: in every loop over the same atoms a member has the same ones, and they stay in its cache.
    private int First(int part) => (int)((long)Volatile.Read(ref _chunks) * part / _members);

    private void Close()
    {
        for (var part = 0; part < _members; part++)
        {
            Interlocked.Exchange(ref Ticket(part), (_loop << 32) | Closed);
        }
    }

    private void StandBy(int member)
    {
        for (var spins = 0; !_isOver; spins++)
        {
            if (TryWork(member))
            {
                spins = 0;
            }
            else
            {
                Pause(spins);
            }
        }
    }

    // Works on one chunk of one's own part, or of that of another who has not come to it.
    private bool TryWork(int member)
    {
        for (var other = 0; other < _members; other++)
        {
            var part = (member + other) % _members;
            while (true)
            {
                // That the ticket is the same before and after the loop was looked at makes them belong together.
                var ticket = Volatile.Read(ref Ticket(part));
                var c = ticket & uint.MaxValue;
                if (c == Closed || c >= First(part + 1))
                {
                    break;
                }

                if (Interlocked.CompareExchange(ref Ticket(part), ticket + 1, ticket) == ticket)
                {
                    Work((int)c);
                    return true;
                }
            }
        }

        return false;
    }

    private void Work(int c)
    {
        try
        {
            ChunkedLoop.Call(_body, c, _length, _chunk);
        }
        catch (Exception fault)
        {
            Interlocked.CompareExchange(ref _fault, fault, null);
        }

        Interlocked.Decrement(ref _left);
    }

    private static void Pause(int spins)
    {
        if (spins < Patience)
        {
            Thread.SpinWait(4);
        }
        else
        {
            Thread.Yield();
        }
    }
}
