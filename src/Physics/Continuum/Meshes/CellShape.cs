namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>The shape of a cell or of one of its facets.</summary>
public enum CellShape
{
    /// <summary>A point, the facet of a line.</summary>
    Point,

    /// <summary>A line of two vertices.</summary>
    Line,

    /// <summary>A triangle.</summary>
    Triangle,

    /// <summary>A quadrilateral, its vertices counter-clockwise.</summary>
    Quadrilateral,

    /// <summary>A tetrahedron: the vertices 0, 1, 2 are counter-clockwise seen from vertex 3.</summary>
    Tetrahedron,

    /// <summary>A hexahedron: the lower face counter-clockwise seen from above, then the upper one.</summary>
    Hexahedron,
}
