namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>What is wanted of a cell.</summary>
public enum Mark
{
    /// <summary>To be merged with its sibling.</summary>
    Coarsen = -1,

    /// <summary>To stay.</summary>
    Keep = 0,

    /// <summary>To be halved.</summary>
    Refine = 1,
}
