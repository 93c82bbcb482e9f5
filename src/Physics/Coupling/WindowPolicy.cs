using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// How the lengths of a group's windows are chosen where they are not all equal. The next window is as long as the controller
/// wants, but no longer than what the participants that are followed propose, and within the bounds. The first is nominal.
/// </summary>
/// <param name="Shortest">The shortest window, s; halving after a failure stops there too.</param>
/// <param name="Longest">The longest window, s.</param>
public sealed record WindowPolicy(double Shortest, double Longest)
{
    /// <summary>
    /// The participants whose proposals bound the next window: one for "the first participant decides", all that propose, if
    /// empty, for "the least stable step decides". A participant proposes through <see cref="Models.PortWriter.ProposeWindow"/>.
    /// </summary>
    public ImmutableArray<string> Follows { get; init; } = [];

    /// <summary>Adapts the windows to an estimated coupling error; null for none.</summary>
    public WindowController? Controller { get; init; }
}

/// <summary>
/// A controller of window lengths. With e the estimated error of a window in units of what is tolerated, the next is longer by
/// e^−(I+P) · e₋^P times a safety factor, within bounds, where e₋ is the error of the window before
/// (S. Sadjina, L. T. Kyllingstad, S. Skjong, E. Pedersen, Engineering with Computers 33 (2017) 607, eq. 21).
/// </summary>
/// <param name="Absolute">Tolerance in the unit of what is watched.</param>
/// <param name="Relative">Tolerance relative to its size.</param>
public sealed record WindowController(double Absolute, double Relative)
{
    /// <summary>
    /// Pairs of in-ports that exchange power, as (effort, flow): what one side pays and the other receives differs while windows are
    /// finite, and that difference is the error. Empty: the error of the first guess of the windows' end values is taken instead.
    /// </summary>
    public ImmutableArray<(string Effort, string Flow)> Bonds { get; init; } = [];

    /// <summary>Factor below 1 by which the wanted length is cut.</summary>
    public double Safety { get; init; } = 0.9;

    /// <summary>The integral gain I.</summary>
    public double Integral { get; init; } = 0.15;

    /// <summary>The proportional gain P.</summary>
    public double Proportional { get; init; } = 0.2;

    /// <summary>The least factor between successive windows.</summary>
    public double LeastFactor { get; init; } = 0.2;

    /// <summary>The greatest factor between successive windows.</summary>
    public double GreatestFactor { get; init; } = 1.5;

    /// <summary>The factor from this window's length to the next.</summary>
    /// <param name="error">Estimated error of the window, 1 where it is just tolerated; not negative.</param>
    /// <param name="previous">The same of the window before; not finite if there is none.</param>
    public double Factor(double error, double previous)
    {
        if (!(error > 0))
        {
            return error == 0 ? GreatestFactor : LeastFactor;
        }

        var before = double.IsFinite(previous) && previous > 0 ? previous : error;
        return Math.Clamp(Safety * Math.Pow(error, -(Integral + Proportional)) * Math.Pow(before, Proportional), LeastFactor, GreatestFactor);
    }
}
