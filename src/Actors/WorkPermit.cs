namespace ActorMultiscale.Actors;

/// <summary>
/// What a site needs for each job, before it is begun and again before its answer is let out: that whoever has ordered it still counts on this process. Once that is not so no job begins
/// any more, and what is under way is answered to nobody. So a process that stood still, and whose participants are computed elsewhere by now, takes no further step when it wakes.
/// </summary>
/// <param name="stands">Whether it is so still; once false, always false. Asked from any thread.</param>
/// <param name="lapsed">Told once, where it was found to be so no more.</param>
/// <param name="ended">Told once, when it is withdrawn or has lapsed and nothing is under way any more.</param>
/// <param name="clock">The clock of <see cref="WorkSpan"/>.</param>
internal sealed class WorkPermit(Func<bool> stands, Action lapsed, Action<WorkSpan> ended, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly DateTimeOffset _began = clock.GetUtcNow();
    private DateTimeOffset? _last;
    private DateTimeOffset? _inVain;
    private int _underWay;
    private bool _isOver;
    private bool _isTold;

    /// <summary>Asks for a job to be begun. Where it may be, <see cref="TryEnd"/> follows.</summary>
    public bool TryBegin()
    {
        lock (_gate)
        {
            if (!Stands())
            {
                return false;
            }

            _underWay++;
            _last = clock.GetUtcNow();
            return true;
        }
    }

    /// <summary>A job has ended: whether its answer may be let out.</summary>
    public bool TryEnd()
    {
        bool counts;
        lock (_gate)
        {
            _underWay--;
            counts = Stands();
            if (counts)
            {
                _last = clock.GetUtcNow();
            }
            else
            {
                _inVain = clock.GetUtcNow();
            }
        }

        TellIfEnded();
        return counts;
    }

    /// <summary>No job begins any more.</summary>
    public void Withdraw()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        TellIfEnded();
    }

    private bool Stands()
    {
        if (!_isOver && !stands())
        {
            _isOver = true;
            lapsed();
        }

        return !_isOver;
    }

    private void TellIfEnded()
    {
        lock (_gate)
        {
            if (!_isOver || _underWay > 0 || _isTold)
            {
                return;
            }

            _isTold = true;
        }

        ended(new WorkSpan(_began, _last ?? _began, _inVain));
    }
}

/// <summary>When a site has computed.</summary>
/// <param name="From">Since when it could.</param>
/// <param name="Until">When the last job was begun, or its answer let out.</param>
/// <param name="InVain">When the last job ended whose answer was let out no more; null where there was none.</param>
internal sealed record WorkSpan(DateTimeOffset From, DateTimeOffset Until, DateTimeOffset? InVain);
