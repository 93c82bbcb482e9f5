namespace ActorMultiscale.Physics.Fields;

/// <summary>What a tensile test along x tells of a material, whether the specimen consists of atoms or of finite elements.</summary>
/// <param name="YoungsModulus">E = dσxx/dεxx with free sides, in the stress unit of the specimen.</param>
/// <param name="PoissonsRatioY">ν_xy = −dεyy/dεxx.</param>
/// <param name="PoissonsRatioZ">ν_xz = −dεzz/dεxx.</param>
public readonly record struct TensileResponse(double YoungsModulus, double PoissonsRatioY, double PoissonsRatioZ);
