using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Building;

/// <summary>A place of an atom in a cell.</summary>
/// <param name="Fraction">Where: coordinates in units of the cell vectors.</param>
/// <param name="Kind">What: an index into the species.</param>
public readonly record struct Site(Vec3 Fraction, int Kind = 0);

/// <summary>The cell that a crystal repeats: what crystallographers draw, which is not always the smallest.</summary>
/// <param name="Vectors">The cell vectors a, b, c as columns, right-handed, in the unit of length of the atoms.</param>
/// <param name="Sites">The places of its atoms.</param>
public sealed record ConventionalCell(Matrix3 Vectors, ImmutableArray<Site> Sites)
{
    /// <summary>The cell of a lattice.</summary>
    /// <param name="lattice">The lattice.</param>
    /// <param name="a">The lattice constant: of cubic lattices and of squares the edge, of hcp and of triangles the distance of neighbors in the plane.</param>
    /// <param name="c">
    /// Of hcp the height of the cell, √(8/3) a of ideal spheres if left out. Of the two lattices in a plane the height given to the cell, a if left out; there is one layer in it.
    /// </param>
    /// <exception cref="ScaleModelException">A length is not above zero, or <paramref name="c"/> is given for a cubic lattice.</exception>
    public static ConventionalCell Of(Lattice lattice, double a, double? c = null)
    {
        if (!(a is > 0 and < double.PositiveInfinity && c is null or (> 0 and < double.PositiveInfinity)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A lattice of the constants a = {a}, c = {c} is asked for; they must be finite and above zero."));
        }

        if (c is not null && lattice is Lattice.Sc or Lattice.Bcc or Lattice.Fcc or Lattice.Diamond)
        {
            throw new ScaleModelException($"The lattice {lattice} is cubic and has no constant c beside a. Leave c out, or take hcp.");
        }

        Matrix3 cube = Matrix3.Diagonal(a, a, a), right = Matrix3.Diagonal(a, Math.Sqrt(3) * a, c ?? (lattice == Lattice.Hcp ? Math.Sqrt(8.0 / 3) * a : a));
        return lattice switch
        {
            Lattice.Sc => new(cube, [At(0, 0, 0)]),
            Lattice.Bcc => new(cube, [At(0, 0, 0), At(0.5, 0.5, 0.5)]),
            Lattice.Fcc => new(cube, _fcc),
            Lattice.Diamond => new(cube, [.. _fcc, .. _fcc.Select(site => new Site(site.Fraction + new Vec3(0.25, 0.25, 0.25)))]),
            Lattice.Hcp => new(right, [At(0, 0, 0), At(0.5, 0.5, 0), At(0.5, 5.0 / 6, 0.5), At(0, 1.0 / 3, 0.5)]),
            Lattice.Square => new(Matrix3.Diagonal(a, a, c ?? a), [At(0, 0, 0)]),
            Lattice.Triangular => new(right, [At(0, 0, 0), At(0.5, 0.5, 0)]),
            _ => throw new ScaleModelException($"There is no lattice {(int)lattice}."),
        };
    }

    private static readonly ImmutableArray<Site> _fcc = [At(0, 0, 0), At(0, 0.5, 0.5), At(0.5, 0, 0.5), At(0.5, 0.5, 0)];

    private static Site At(double x, double y, double z) => new(new Vec3(x, y, z));
}

/// <summary>Which directions of a crystal lie along the axes x, y, z: whole multiples of the cell vectors, at right angles to each other, right-handed.</summary>
/// <param name="X">[h k l] along x.</param>
/// <param name="Y">[h k l] along y.</param>
/// <param name="Z">[h k l] along z.</param>
public sealed record CrystalDirections((int H, int K, int L) X, (int H, int K, int L) Y, (int H, int K, int L) Z)
{
    /// <summary>The cell as it stands: [100], [010], [001].</summary>
    public static CrystalDirections AsDrawn { get; } = new((1, 0, 0), (0, 1, 0), (0, 0, 1));
}
