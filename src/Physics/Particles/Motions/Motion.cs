using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// How atoms move in a step: at constant energy, with a thermostat, with a barostat. A step is put together of kicks, drifts and what else
/// there is. One object serves one engine.
/// </summary>
/// <remarks>
/// What is random depends on seed, number of the step and number of the atom alone: the same bits on any number of threads, and after a saved
/// state. Another run of the same atoms wants another seed.
/// </remarks>
public abstract class Motion
{
    private bool _isTaken;

    private protected Motion()
    {
    }

    /// <summary>How the box changes with time, and the atoms with it; null: it stays as it is.</summary>
    public Deformation? Deformation { get; init; }

    /// <summary>
    /// How many squares of velocities make up the kinetic energy: 3N − 3 where the momentum of all stays as it is, and the common motion is no
    /// heat; 3N where a bath pushes each atom by itself, or something acts from outside. For a single atom that nothing pushes there is none.
    /// </summary>
    /// <param name="atoms">N.</param>
    /// <param name="hasFields">Whether something acts on the atoms from outside: walls, tethers, gravity, forces that are set, mirrors.</param>
    public double DegreesOfFreedom(int atoms, bool hasFields = false) => KeepsMomentum && !hasFields ? 3.0 * (atoms - 1) : 3.0 * atoms;

    private protected double DegreesOfFreedom(Mover mover) => DegreesOfFreedom(mover.Count, mover.HasFields);

    /// <summary>Whether the momentum of all atoms stays as it is.</summary>
    private protected virtual bool KeepsMomentum => true;

    /// <summary>Takes what it needs of an engine; once.</summary>
    /// <exception cref="ScaleModelException">It serves another engine, or cannot move these atoms.</exception>
    internal void Attach(Mover mover)
    {
        if (_isTaken)
        {
            throw new ScaleModelException($"A {GetType().Name} that moves the atoms of one engine is given to another; it keeps what belongs to its atoms, so make one for each.");
        }

        Prepare(mover);
        _isTaken = true;
    }

    private protected virtual void Prepare(Mover mover)
    {
    }

    /// <summary>Sees to it that forces are known, before the first of some steps.</summary>
    internal virtual void Begin(Mover mover) => mover.EnsureForces();

    /// <summary>Moves the atoms by a step.</summary>
    internal abstract void Step(Mover mover, double step);

    /// <summary>What stays as it is but for the error of the method, if there is such a thing.</summary>
    /// <param name="mover">The atoms.</param>
    /// <param name="total">Their potential and kinetic energy.</param>
    internal virtual double? Conserved(Mover mover, double total) => null;

    /// <summary>Saves or restores what it knows beside the atoms.</summary>
    internal virtual void Archive(StateArchive archive)
    {
    }

    private protected static double Positive(double value, string what) => value is > 0 and < double.PositiveInfinity
        ? value
        : throw new ScaleModelException(FormattableString.Invariant($"The {what} is {value}; it must be finite and above zero."));

    private protected static double NotNegative(double value, string what) => value is >= 0 and < double.PositiveInfinity
        ? value
        : throw new ScaleModelException(FormattableString.Invariant($"The {what} is {value}; it must be finite and not below zero."));

    /// <summary>The numbers by which atoms draw: those of files.</summary>
    private protected static long[] NumbersOf(Mover mover)
    {
        var numbers = new long[mover.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = mover.Start.IdOf(i);
        }

        return numbers.Distinct().Count() == numbers.Length
            ? numbers
            : throw new ScaleModelException("Two atoms have one id, and would be pushed alike; ids must differ.");
    }

    /// <summary>Refuses to move a box whose atoms something pushes from outside: that does not go with the box, and what it adds to the pressure is not known.</summary>
    internal static void RefuseFields(Mover mover, string what)
    {
        if (mover.Interactions.Any(i => i.StandsStill) || !mover.Mirrors.IsEmpty)
        {
            throw new ScaleModelException($"{what} while something acts on the atoms from outside: a wall, a tether, a field or a mirror. It does not go with the box, and its part of the pressure is not known. Leave one of them out.");
        }
    }

    private protected void NeedsTwo(Mover mover)
    {
        if (mover.Count < 2 && !mover.HasFields)
        {
            throw new ScaleModelException($"A {GetType().Name} is to heat a single atom: without momentum it cannot move. Use {nameof(Langevin)}.");
        }
    }
}
