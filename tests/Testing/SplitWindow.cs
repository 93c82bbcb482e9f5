namespace ActorMultiscale.Testing;

/// <summary>
/// How one window and its two halves agree, which a coupling relies on when it halves a window that failed and when a user
/// chooses another window.
/// </summary>
public sealed record SplitWindow
{
    private SplitWindow() { }

    /// <summary>
    /// The same bits: for a model that steps on a time grid of its own which has a point at the middle of the window, or does
    /// not depend on time. Its inputs are then piecewise linear.
    /// </summary>
    public static SplitWindow ToTheBit { get; } = new() { IsToTheBit = true };

    /// <summary>
    /// Equal but for the error of the model's integrator: after a fixed number of windows of length H the two differ by
    /// O(Hᵖ⁺¹) or by round-off. A port that carries a guess made before the inputs are read may well be of order 0.
    /// </summary>
    /// <param name="order">p: 1 for Euler's methods, 2 for velocity Verlet and the midpoint rule, 4 for the classical Runge–Kutta method.</param>
    public static SplitWindow OfOrder(double order) => new() { Order = order };

    /// <summary>Not comparable, such as a model whose random numbers differ between a window and its halves.</summary>
    /// <param name="reason">Why, for whoever reads the test.</param>
    public static SplitWindow Unlike(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return new() { Reason = reason };
    }

    /// <summary>Whether the same bits are expected.</summary>
    public bool IsToTheBit { get; private init; }

    /// <summary>The order p; null where none is declared.</summary>
    public double? Order { get; private init; }

    /// <summary>Why nothing is compared; null where something is.</summary>
    public string? Reason { get; private init; }
}
