using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>Numbers of a body's state in an archive.</summary>
internal static class BodyState
{
    /// <summary>Saves or restores an array whose length is the body's.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="values">The numbers.</param>
    /// <param name="length">How many the body has.</param>
    /// <param name="mayBeEmpty">Whether there may be none.</param>
    /// <exception cref="InvalidDataException">The archive has another number, as that of another mesh does.</exception>
    public static void Field(StateArchive archive, string name, ref double[] values, int length, bool mayBeEmpty = false)
    {
        var held = values;
        archive.Field(name, ref held);
        if (held.Length != length && !(mayBeEmpty && held.Length == 0))
        {
            throw new InvalidDataException($"The archive has {held.Length} numbers of '{name}', and the body {length}; it was written by a body of another mesh, degree or material.");
        }

        values = held;
    }
}
