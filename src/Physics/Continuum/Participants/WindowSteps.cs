namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>Equal steps of a window.</summary>
internal static class WindowSteps
{
    /// <summary>The least number of equal steps of which none is longer than <paramref name="longest"/>, but for rounding; one if there is no longest.</summary>
    public static int Of(double window, double? longest) => longest is { } step ? (int)Math.Clamp(Math.Ceiling((window / step) - 1e-9), 1, 1e9) : 1;
}
