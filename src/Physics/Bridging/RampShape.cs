namespace ActorMultiscale.Physics.Bridging;

/// <summary>How the weight of the continuum grows across the overlap.</summary>
public enum RampShape
{
    /// <summary>α = s.</summary>
    Linear,

    /// <summary>α = 3s² − 2s³, with a continuous slope at both ends.</summary>
    Cubic,
}
