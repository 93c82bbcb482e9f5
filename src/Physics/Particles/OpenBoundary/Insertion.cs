using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.OpenBoundary;

/// <summary>Where atoms come into a dense fluid: at places whose potential energy is the one that is wanted.</summary>
/// <param name="Energy">U₀, the energy of the new atom with all others that is wanted: with the potential energy over the number of atoms, U/N, that stays as it is.</param>
/// <param name="Size">σ, about the size of an atom.</param>
/// <param name="Depth">ε, about the depth of the well between two.</param>
public sealed record InsertionSettings(double Energy, double Size, double Depth)
{
    /// <summary>How far from U₀ the energy may be, as a part of it.</summary>
    public double Tolerance { get; init; } = 0.1;

    /// <summary>The longest step outside of other atoms, of the size.</summary>
    public double LongestStep { get; init; } = 0.1;

    /// <summary>The energy, of the depth, above which the place lies upon another atom, and is left at once.</summary>
    public double Overlap { get; init; } = 1e4;

    /// <summary>Steps from one start.</summary>
    public int MostSteps { get; init; } = 100;

    /// <summary>Starts.</summary>
    public int MostStarts { get; init; } = 500;
}

/// <summary>Atoms that are added to others, or taken away, between two runs of an engine: the number of atoms of an engine stays as it is.</summary>
public static class Insertion
{
    private static readonly ulong _stream = Fingerprint.OfName("insertion");

    /// <summary>
    /// A place for one more atom: from a random start along the force on it, with steps that end where the energy is U₀; a new start where the
    /// energy no longer falls (USHER: R. Delgado-Buscalioni, P. V. Coveney, J. Chem. Phys. 119 (2003) 978).
    /// </summary>
    /// <param name="atoms">The others.</param>
    /// <param name="law">How they act on it.</param>
    /// <param name="kind">The kind of the new atom.</param>
    /// <param name="settings">What is wanted.</param>
    /// <param name="seed">Which draw of starts.</param>
    /// <param name="where">Where it may be; anywhere in the box if null.</param>
    /// <returns>The place and the energy there; null if no start led to one.</returns>
    /// <exception cref="ScaleModelException">A setting makes no sense, or the cutoff is longer than half of the box.</exception>
    public static (Vec3 Position, double Energy)? Find<TLaw>(AtomConfiguration atoms, TLaw law, int kind, InsertionSettings settings, ulong seed, Func<Vec3, bool>? where = null)
        where TLaw : struct, IPairLaw
    {
        ArgumentNullException.ThrowIfNull(atoms);
        ArgumentNullException.ThrowIfNull(settings);
        Check(atoms, law.Cutoff, settings);
        var around = new Surroundings(atoms, law.Cutoff);
        return Find(atoms.Box, atoms.Box.Point, x => around.At(law, kind, x), settings, seed, where);
    }

    /// <summary>The same for any energy and force of a place, from starts that are made of three numbers from 0 to 1.</summary>
    internal static (Vec3 Position, double Energy)? Find(SimulationBox box, Func<Vec3, Vec3> start, Func<Vec3, (double Energy, Vec3 Force)> at, InsertionSettings settings, ulong seed, Func<Vec3, bool>? where)
    {
        var random = new Philox(seed, _stream);
        for (var trial = 0; trial < settings.MostStarts; trial++)
        {
            var x = start(new(random.Uniform(trial, 0, 0), random.Uniform(trial, 0, 1), random.Uniform(trial, 0, 2)));
            var before = double.PositiveInfinity;
            for (var step = 0; step < settings.MostSteps && where?.Invoke(x) != false; step++)
            {
                var (energy, force) = at(x);
                if (Math.Abs(energy - settings.Energy) <= settings.Tolerance * Math.Abs(settings.Energy))
                {
                    return (box.Wrap(x), energy);
                }

                // Downhill the energy must fall, or this is the bottom of a hole that is too shallow.
                var strength = force.Norm;
                if ((energy > settings.Energy && energy >= before) || !(strength > 0))
                {
                    break;
                }

                // Upon another atom U ≈ 4ε (σ/r)¹², so that it lies (4ε/U)^(1/12) σ away; a step to σ leads out of it. Else to where the energy would be U₀.
                var length = energy > settings.Overlap * settings.Depth
                    ? settings.Size * (1 - Math.Pow(4 * settings.Depth / energy, 1.0 / 12))
                    : Math.Min(settings.LongestStep * settings.Size, Math.Abs(energy - settings.Energy) / strength);
                before = energy > settings.Energy ? energy : double.PositiveInfinity;
                x += (energy > settings.Energy ? length : -length) / strength * force;
                if (!double.IsFinite(x.NormSquared))
                {
                    break;
                }
            }
        }

        return null;
    }

    /// <summary>The energy of one more atom at a place with all others, and the force on it.</summary>
    public static (double Energy, Vec3 Force) At<TLaw>(AtomConfiguration atoms, TLaw law, int kind, Vec3 position) where TLaw : struct, IPairLaw
    {
        ArgumentNullException.ThrowIfNull(atoms);
        return new Surroundings(atoms, law.Cutoff).At(law, kind, position);
    }

    /// <summary>The atoms and one more, the last.</summary>
    /// <param name="atoms">The atoms.</param>
    /// <param name="kind">The kind of the new one.</param>
    /// <param name="position">Where it is.</param>
    /// <param name="velocity">How fast.</param>
    /// <exception cref="ScaleModelException">There is no such kind.</exception>
    public static AtomConfiguration Added(AtomConfiguration atoms, int kind, Vec3 position, Vec3 velocity)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        if (kind < 0 || kind >= atoms.Species.Length)
        {
            throw new ScaleModelException($"An atom of kind {kind + 1} is to be added, and there are {atoms.Species.Length} kinds.");
        }

        return atoms with
        {
            Kinds = [.. atoms.Kinds, kind],
            Positions = [.. atoms.Positions, position],
            Velocities = atoms.Velocities.Length == 0 && velocity == Vec3.Zero ? [] : [.. atoms.Velocities.Length == 0 ? new Vec3[atoms.Count] : atoms.Velocities, velocity],
            Charges = atoms.Charges.Length == 0 ? [] : [.. atoms.Charges, 0],
            Ids = atoms.Ids.Length == 0 ? [] : [.. atoms.Ids, atoms.Ids.Max() + 1],
            Molecules = atoms.Molecules.Length == 0 ? [] : [.. atoms.Molecules, 0],
        };
    }

    /// <summary>The atoms without some, in their order; those that stay keep the numbers by which files know them.</summary>
    /// <param name="atoms">The atoms.</param>
    /// <param name="gone">Whether the atom of an index is taken away.</param>
    /// <exception cref="ScaleModelException">Nobody would stay, or an atom is bonded to one that does.</exception>
    public static AtomConfiguration Without(AtomConfiguration atoms, Func<int, bool> gone)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        ArgumentNullException.ThrowIfNull(gone);
        int[] stay = [.. Enumerable.Range(0, atoms.Count).Where(i => !gone(i))];
        if (stay.Length == 0)
        {
            throw new ScaleModelException("All atoms would be taken away.");
        }

        var place = new int[atoms.Count];
        Array.Fill(place, -1);
        for (var k = 0; k < stay.Length; k++)
        {
            place[stay[k]] = k;
        }

        T[] Of<T>(T[] all) => all.Length == 0 ? [] : Array.ConvertAll(stay, i => all[i]);
        ImmutableArray<Connection> Kept(ImmutableArray<Connection> all) =>
            [.. all.Where(c => c.Atoms.Any(i => place[i] >= 0)).Select(c => c.Atoms.All(i => place[i] >= 0)
                ? c with { Atoms = [.. c.Atoms.Select(i => place[i])] }
                : throw new ScaleModelException($"Atom {atoms.IdOf(c.Atoms.First(i => place[i] < 0))} is to be taken away, and is bonded to atom {atoms.IdOf(c.Atoms.First(i => place[i] >= 0))}, which stays."))];
        return atoms with
        {
            Kinds = Of(atoms.Kinds),
            Positions = Of(atoms.Positions),
            Velocities = Of(atoms.Velocities),
            Charges = Of(atoms.Charges),
            Ids = Array.ConvertAll(stay, atoms.IdOf),
            Molecules = Of(atoms.Molecules),
            Bonds = Kept(atoms.Bonds),
            Angles = Kept(atoms.Angles),
            Dihedrals = Kept(atoms.Dihedrals),
            Impropers = Kept(atoms.Impropers),
        };
    }

    internal static void Check(AtomConfiguration atoms, double cutoff, InsertionSettings settings)
    {
        if (!(settings.Size > 0 && settings.Depth > 0 && settings.Tolerance > 0 && settings.LongestStep > 0 && settings.Overlap > 0) || !double.IsFinite(settings.Energy) || settings.Energy == 0)
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"An atom is to be inserted with {settings}; the energy is finite and not zero, and everything else is above zero."));
        }

        for (var side = 0; side < 3; side++)
        {
            var height = side switch { 0 => atoms.Box.Heights.X, 1 => atoms.Box.Heights.Y, _ => atoms.Box.Heights.Z };
            if (atoms.Box.IsPeriodic(side) && 2 * cutoff > height)
            {
                throw new ScaleModelException(FormattableString.Invariant($"An atom is to be inserted in a box of height {height} along side {"abc"[side]}, with a cutoff of {cutoff}; only nearest images count, so that it may be half of the height at most."));
            }
        }
    }
}
