namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>In which ways a box may change.</summary>
public enum BoxFreedom
{
    /// <summary>By one factor: its shape stays as it is.</summary>
    Hydrostatic,

    /// <summary>By a factor along each of the axes x, y and z.</summary>
    Axes,

    /// <summary>By those, and by shears: x with y and z, and y with z. The box is not turned.</summary>
    Full,
}

/// <summary>A box that is relaxed together with its atoms, until it is under a pressure from all sides.</summary>
/// <param name="Freedom">In which ways it may change.</param>
/// <param name="Pressure">The pressure at the end, in the unit of pressure of the atoms.</param>
/// <param name="Tolerance">How far each entry of the pressure that <paramref name="Freedom"/> has to do with may be from that; above zero.</param>
public sealed record BoxRelaxation(BoxFreedom Freedom, double Pressure, double Tolerance);
