using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>Periodic sides of a box and planes through it.</summary>
internal static class PeriodicSides
{
    /// <summary>
    /// The name of a periodic side that leads through planes of a normal: its cell vector leads from an atom to its image, which would lie on another
    /// plane. Null if all periodic sides lie along the planes.
    /// </summary>
    public static char? Across(SimulationBox box, Vec3 normal)
    {
        for (var side = 0; side < 3; side++)
        {
            var vector = box.Cell.Column(side);
            if (box.IsPeriodic(side) && Math.Abs(Vec3.Dot(vector, normal)) > 1e-9 * vector.Norm)
            {
                return "abc"[side];
            }
        }

        return null;
    }
}
