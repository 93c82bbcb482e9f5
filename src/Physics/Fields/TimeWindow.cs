namespace ActorMultiscale.Physics.Fields;

/// <summary>
/// The interval after which participants meet. Its ends are whole ticks, so that a time is always the same product
/// tick · tick length, and never a sum that depends on the way that led there.
/// </summary>
/// <param name="StartTick">First tick.</param>
/// <param name="EndTick">Last tick; greater than the first.</param>
/// <param name="TickLength">Length of a tick, s.</param>
public readonly record struct TimeWindow(long StartTick, long EndTick, double TickLength)
{
    /// <summary>Start, s.</summary>
    public double Start => StartTick * TickLength;

    /// <summary>End, s.</summary>
    public double End => EndTick * TickLength;

    /// <summary>Length, s.</summary>
    public double Length => (EndTick - StartTick) * TickLength;

    /// <summary>The end of step <paramref name="step"/> of <paramref name="steps"/> equal ones; exactly <see cref="End"/> for the last.</summary>
    public double EndOfStep(int step, int steps) => step + 1 == steps ? End : Start + (Length * (step + 1) / steps);
}
