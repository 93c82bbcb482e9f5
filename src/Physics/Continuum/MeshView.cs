using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>A model of finite elements that shows its fields on its mesh.</summary>
public interface IViewable : IScaleModel
{
    /// <summary>The fields as they are now: at the start, after a window, or where the state was restored. Changes nothing.</summary>
    MeshView View();
}

/// <summary>Fields on a mesh at one time.</summary>
/// <param name="Basis">The elements; fields of nodes have a value at each of theirs.</param>
/// <param name="NodeFields">Fields with a value at each node.</param>
/// <param name="CellFields">Fields with a value in each cell.</param>
public sealed record MeshView(Basis Basis, ImmutableArray<MeshField> NodeFields, ImmutableArray<MeshField> CellFields);

/// <summary>A field of a view.</summary>
/// <param name="Name">Its name, in the way of ports.</param>
/// <param name="Components">Numbers a node or cell: 1 for a scalar, 2 or 3 for a vector, 6 for a symmetric tensor in the order of <see cref="SymTensor3"/>.</param>
/// <param name="Values">The numbers, SI, components interleaved.</param>
public sealed record MeshField(string Name, int Components, double[] Values)
{
    /// <summary>A field of vectors.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">A vector a node or cell.</param>
    public static MeshField Of(string name, Vec3[] values) => new(name, 3, MemoryMarshal.Cast<Vec3, double>(values).ToArray());

    /// <summary>A field of symmetric tensors.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">A tensor a node or cell.</param>
    public static MeshField Of(string name, SymTensor3[] values) => new(name, 6, MemoryMarshal.Cast<SymTensor3, double>(values).ToArray());
}
