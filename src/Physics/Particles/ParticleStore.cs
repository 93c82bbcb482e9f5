using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// Atoms as kernels want them: rows of four doubles, sorted in space, with the images that the atoms near the faces of the box feel as
/// copies behind them. <see cref="Ids"/> says which atom of the <see cref="AtomConfiguration"/> stands where.
/// </summary>
/// <remarks>
/// A row of positions is x, y, z and the kind; of velocities vx, vy, vz and the acceleration by a unit of force; of forces fx, fy, fz and
/// nothing. A full row is one load of 256 bits. Behind the images lies one atom so far away that nobody feels it: lists of neighbors are
/// filled up with it to whole vectors.
/// </remarks>
internal sealed unsafe class ParticleStore
{
    /// <summary>Where the atom lies that nobody feels.</summary>
    private const double FarAway = 1e150;

    private readonly AlignedArray<double> _positions = new();
    private readonly AlignedArray<double> _velocities = new();
    private readonly AlignedArray<double> _forces = new();
    private readonly AlignedArray<double> _sortedPositions = new();
    private readonly Action<int, int, int> _permute;
    private int[] _order = [];
    private int[] _sortedIds;
    private Vec3[] _sortedImages;

    /// <summary>The atoms of <paramref name="atoms"/>, in the order of their indices.</summary>
    public ParticleStore(AtomConfiguration atoms)
    {
        _permute = Permute;
        Count = atoms.Count;
        Ids = [.. Enumerable.Range(0, Count)];
        Images = new Vec3[Count];
        (_sortedIds, _sortedImages) = (new int[Count], new Vec3[Count]);
        _positions.Ensure(4 * (Count + 1));
        _velocities.Ensure(4 * Count);
        _forces.Ensure(4 * Count);
        var thrust = atoms.Species.Select(s => atoms.Units.ForceToAcceleration / s.Mass).ToArray();
        for (var i = 0; i < Count; i++)
        {
            Write(X, i, atoms.Positions[i], atoms.Kinds[i]);
            Write(V, i, atoms.Velocities.Length > 0 ? atoms.Velocities[i] : Vec3.Zero, thrust[atoms.Kinds[i]]);
            Write(F, i, Vec3.Zero, 0);
        }

        SetGhosts(0);
    }

    /// <summary>Nobody: <see cref="Resize"/> makes room for atoms.</summary>
    public ParticleStore()
    {
        (_permute, Ids, Images, _sortedIds, _sortedImages) = (Permute, [], [], [], []);
        SetGhosts(0);
    }

    /// <summary>How many atoms there are.</summary>
    public int Count { get; private set; }

    /// <summary>For how many atoms there is room in the arrays that are not rows.</summary>
    public int Room => Ids.Length;

    /// <summary>How many images of them there are.</summary>
    public int Ghosts { get; private set; }

    /// <summary>Index in the configuration of the atom in each place.</summary>
    public int[] Ids { get; private set; }

    /// <summary>How many cell vectors each atom has been moved back into the box: unwrapped = position + cell · image.</summary>
    public Vec3[] Images { get; private set; }

    /// <summary>Rows of positions: atoms, images, and the one far away.</summary>
    public double* X => _positions.Pointer;

    /// <summary>Rows of velocities.</summary>
    public double* V => _velocities.Pointer;

    /// <summary>Rows of forces.</summary>
    public double* F => _forces.Pointer;

    /// <summary>The place of the atom that nobody feels.</summary>
    public int Nobody => Count + Ghosts;

    public Vec3 Position(int i) => Read(X, i);

    public Vec3 Velocity(int i) => Read(V, i);

    public Vec3 Force(int i) => Read(F, i);

    /// <summary>Makes room for images behind the atoms.</summary>
    public void SetGhosts(int ghosts)
    {
        Ghosts = ghosts;
        _positions.Ensure(4 * (Count + ghosts + 1), 4 * Count);
        Write(X, Nobody, new(FarAway, FarAway, FarAway), 0);
    }

    /// <summary>
    /// Makes this the number of atoms: those who come stand behind the others and have nothing yet, those who go stood last. Images are gone
    /// and forces void afterwards, and <see cref="Ids"/> are the places.
    /// </summary>
    public void Resize(int count)
    {
        var keep = Math.Min(count, Count);
        _positions.Ensure(4 * (count + 1), 4 * keep);
        _velocities.Ensure(4 * count, 4 * keep);
        _forces.Ensure(4 * count);
        if (Room < count)
        {
            var room = count + (count / 16) + 16;
            var images = new Vec3[room];
            Images.AsSpan(0, keep).CopyTo(images);
            (Ids, Images, _sortedIds, _sortedImages) = (new int[room], images, new int[room], new Vec3[room]);
        }

        Count = count;
        NumberPlaces();
        SetGhosts(0);
    }

    /// <summary>Makes <see cref="Ids"/> the places, after those who keep something of each atom have followed a new order.</summary>
    public void NumberPlaces()
    {
        for (var i = 0; i < Count; i++)
        {
            Ids[i] = i;
        }
    }

    /// <summary>Exchanges the rows of forces with others that are as long.</summary>
    public void SwapForces(AlignedArray<double> rows) => AlignedArray<double>.Swap(_forces, rows);

    /// <summary>Puts the atom from place <c>order[i]</c> into place i. Forces are void afterwards.</summary>
    public void Reorder(int[] order, ChunkedLoop loop)
    {
        _order = order;
        _sortedPositions.Ensure(4 * (Count + Ghosts + 1));
        loop.Run(Count, 1024, _permute);
        AlignedArray<double>.Swap(_positions, _sortedPositions);
        AlignedArray<double>.Swap(_velocities, _forces);      // Forces are void anyway.
        (Ids, _sortedIds, Images, _sortedImages) = (_sortedIds, Ids, _sortedImages, Images);
    }

    public static void Write(double* rows, int i, Vec3 v, double w) => Vector256.Create(v.X, v.Y, v.Z, w).StoreAligned(rows + (4L * i));

    public static Vec3 Read(double* rows, int i) => new(rows[4L * i], rows[(4L * i) + 1], rows[(4L * i) + 2]);

    private void Permute(int chunk, int first, int past)
    {
        var positions = _sortedPositions.Pointer;
        var velocities = F;
        for (var i = first; i < past; i++)
        {
            var from = _order[i];
            Vector256.LoadAligned(X + (4L * from)).StoreAligned(positions + (4L * i));
            Vector256.LoadAligned(V + (4L * from)).StoreAligned(velocities + (4L * i));
            (_sortedIds[i], _sortedImages[i]) = (Ids[from], Images[from]);
        }
    }
}
