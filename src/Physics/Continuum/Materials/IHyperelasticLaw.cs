using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>A material whose stress follows from an energy of the deformation gradient F = 1 + ∂u/∂X, for strains of any size.</summary>
public interface IHyperelasticLaw
{
    /// <summary>W(F), J per m³ of the body at rest.</summary>
    double Energy(in Matrix3 f);

    /// <summary>P = ∂W/∂F, the first Piola-Kirchhoff stress: force per area at rest, Pa.</summary>
    /// <exception cref="Models.ScaleModelException">det F is not positive.</exception>
    Matrix3 Stress(in Matrix3 f);

    /// <summary>dP of a change dF, the consistent tangent, Pa.</summary>
    Matrix3 Change(in Matrix3 f, in Matrix3 change);
}
