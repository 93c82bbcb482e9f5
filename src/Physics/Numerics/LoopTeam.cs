using System.Runtime.ExceptionServices;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// Threads that stand by for one short loop after another: <see cref="ChunkedLoop.Gather"/>. A thread that comes late, or never, is not
/// missed: whoever calls works too, and chunks are taken by who is free.
/// </summary>
public sealed class LoopTeam : IDisposable
{
    private const long Closed = uint.MaxValue;      // In the lower half of the ticket: nothing to take.
    private const int Patience = 4000;              // Looks at the ticket before others get the processor.

    private Action<int, int, int> _body = static (_, _, _) => { };
    private int _length;
    private int _chunk;
    private int _chunks;
    private int _left;                              // Chunks that are not done.
    private long _ticket = Closed;                  // Number of the loop, and the next chunk to take.
    private volatile bool _isOver;
    private Exception? _fault;

    internal LoopTeam(int degree, TaskScheduler? scheduler)
    {
        Loop = new(degree, scheduler, this);
        for (var i = 1; i < degree; i++)
        {
            Task.Factory.StartNew(StandBy, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler ?? TaskScheduler.Default);
        }
    }

    /// <summary>The loop that they work on; usable by one caller at a time.</summary>
    public ChunkedLoop Loop { get; }

    /// <summary>Sends the threads away.</summary>
    public void Dispose() => _isOver = true;

    internal void Run(int length, int chunk, int chunks, Action<int, int, int> body)
    {
        (_body, _length, _chunk, _chunks, _left) = (body, length, chunk, chunks, chunks);
        var loop = (Volatile.Read(ref _ticket) >> 32) + 1;
        Interlocked.Exchange(ref _ticket, loop << 32);
        while (TryWork())
        {
        }

        for (var spins = 0; Volatile.Read(ref _left) > 0; spins++)
        {
            Pause(spins);
        }

        // Whoever still looks at this loop must not take from the next one while it is being set up.
        Interlocked.Exchange(ref _ticket, (loop << 32) | Closed);
        if (Interlocked.Exchange(ref _fault, null) is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    private void StandBy()
    {
        for (var spins = 0; !_isOver; spins++)
        {
            if (TryWork())
            {
                spins = 0;
            }
            else
            {
                Pause(spins);
            }
        }
    }

    // Takes one chunk and works on it. That the ticket is the same before and after the loop was looked at makes them belong together.
    private bool TryWork()
    {
        var ticket = Volatile.Read(ref _ticket);
        var c = (int)(ticket & uint.MaxValue);
        if ((ticket & uint.MaxValue) == Closed || c >= Volatile.Read(ref _chunks) || Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket)
        {
            return (ticket & uint.MaxValue) != Closed && c < Volatile.Read(ref _chunks);
        }

        try
        {
            _body(c, c * _chunk, (c * _chunk) + Math.Min(_chunk, _length - (c * _chunk)));
        }
        catch (Exception fault)
        {
            Interlocked.CompareExchange(ref _fault, fault, null);
        }

        Interlocked.Decrement(ref _left);
        return true;
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
