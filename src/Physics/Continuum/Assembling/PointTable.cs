using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Assembling;

/// <summary>The functions of an element, and of the geometry, at the quadrature points of a reference cell or of one of its facets.</summary>
internal sealed class PointTable
{
    /// <summary>Functions are padded with zeros to a multiple of this, the width of a vector.</summary>
    public const int Lanes = 4;

    /// <summary>The table of a quadrature rule.</summary>
    /// <param name="geometry">The element of the cell's map.</param>
    /// <param name="element">The element of the field.</param>
    /// <param name="facet">A facet of the cell, −1 for the cell itself.</param>
    /// <param name="degree">What the rule is exact for.</param>
    public PointTable(ReferenceElement geometry, ReferenceElement element, int facet, int degree)
    {
        var cell = element.Cell;
        var rule = Quadrature.Of(facet < 0 ? cell.Shape : cell.Facets[facet].Shape, degree);
        Facet = Math.Max(facet, -1);
        Area = IsFacet ? cell.FacetNormal(facet) : Vec3.Zero;
        Fill(geometry, element, [.. rule.Weights], [.. rule.Points.Select(x => IsFacet ? cell.OnFacet(facet, x) : x)]);
    }

    /// <summary>The table of one place.</summary>
    public PointTable(ReferenceElement geometry, ReferenceElement element, Vec3 at) : this(geometry, element, [at]) { }

    /// <summary>The table of given places, whose weights are 1.</summary>
    public PointTable(ReferenceElement geometry, ReferenceElement element, ReadOnlySpan<Vec3> places)
    {
        var weights = new double[places.Length];
        Array.Fill(weights, 1);
        Fill(geometry, element, weights, places.ToArray());
    }

    /// <summary>The number of points.</summary>
    public int Count => Weights.Length;

    /// <summary>The number of the facet that the points are on, −1 for those of a cell.</summary>
    public int Facet { get; } = -1;

    /// <summary>Whether the points are on a facet.</summary>
    public bool IsFacet => Facet >= 0;

    /// <summary>The area vector of the facet in the reference cell.</summary>
    public Vec3 Area { get; }

    /// <summary>The number of functions.</summary>
    public int Functions { get; private set; }

    /// <summary>The same with the padding.</summary>
    public int Padded { get; private set; }

    /// <summary>The number of nodes of the geometry.</summary>
    public int Corners { get; private set; }

    public double[] Weights { get; private set; } = [];

    /// <summary>N_a at point q, at q·Padded + a.</summary>
    public double[] Values { get; private set; } = [];

    /// <summary>∂N_a/∂ξ_l at point q, at (q·d + l)·Padded + a.</summary>
    public double[] Gradients { get; private set; } = [];

    /// <summary>The functions of the geometry at point q, at q·Corners + a.</summary>
    public double[] MapValues { get; private set; } = [];

    /// <summary>Their gradients.</summary>
    public Vec3[] MapGradients { get; private set; } = [];

    private void Fill(ReferenceElement geometry, ReferenceElement element, double[] weights, Vec3[] places)
    {
        var d = element.Cell.Dimension;
        (Functions, Corners, Weights) = (element.Nodes.Length, geometry.Nodes.Length, weights);
        Padded = (Functions + Lanes - 1) / Lanes * Lanes;
        (Values, Gradients) = (new double[Count * Padded], new double[Count * d * Padded]);
        (MapValues, MapGradients) = (new double[Count * Corners], new Vec3[Count * Corners]);
        var gradients = new Vec3[Functions];
        for (var q = 0; q < Count; q++)
        {
            element.Evaluate(places[q], Values.AsSpan(q * Padded, Functions), gradients);
            geometry.Evaluate(places[q], MapValues.AsSpan(q * Corners, Corners), MapGradients.AsSpan(q * Corners, Corners));
            for (var l = 0; l < d; l++)
            {
                for (var a = 0; a < Functions; a++)
                {
                    Gradients[(((q * d) + l) * Padded) + a] = gradients[a][l];
                }
            }
        }
    }
}
