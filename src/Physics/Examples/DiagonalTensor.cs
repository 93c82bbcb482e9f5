namespace ActorMultiscale.Physics.Examples;

/// <summary>The diagonal of a symmetric tensor: three numbers per point of a port.</summary>
/// <param name="Xx">The component xx.</param>
/// <param name="Yy">The component yy.</param>
/// <param name="Zz">The component zz.</param>
public readonly record struct DiagonalTensor(double Xx, double Yy, double Zz);
