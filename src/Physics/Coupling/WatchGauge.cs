using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>A <see cref="Watch"/> on one mesh: the weights with which the values of the points make its numbers.</summary>
/// <remarks>
/// <code>
/// value     Σᵢ wᵢ fᵢ        wᵢ of linear interpolation at the place
/// integral  Σᵢ wᵢ fᵢ        wᵢ = Σ size / number of points, over the cells (faces, edges) at point i: exact for linear fields on simplices
/// mean      Σᵢ wᵢ fᵢ / Σᵢ wᵢ
/// sum       Σᵢ fᵢ
/// </code>
/// </remarks>
internal sealed class WatchGauge
{
    private readonly WatchKind _kind;
    private readonly int _components;
    private readonly IDataMapping? _atPlace;        // Of a value; null where the port has one point.
    private readonly double[]? _weights;            // Of an integral or a mean; null for equal ones.
    private double[] _column = [];

    private WatchGauge(WatchKind kind, int components, IDataMapping? atPlace, double[]? weights)
    {
        (_kind, _components, _atPlace, _weights) = (kind, components, atPlace, weights);
    }

    /// <summary>The gauge on <paramref name="layout"/>, or what is wrong, as a sentence.</summary>
    public static bool TryBuild(Watch watch, PortLayout layout, [NotNullWhen(true)] out WatchGauge? gauge, [NotNullWhen(false)] out string? fault)
    {
        (gauge, fault) = (null, null);
        var cloud = layout.Geometry;
        IDataMapping? atPlace = null;
        double[]? weights = null;
        switch (watch.Kind)
        {
            case WatchKind.Value when watch.At is { } place:
                if (cloud is null || cloud.Count == 0)
                {
                    fault = $"'{watch.Port}' says of no point where it lies, so that it has no value at a place. Leave out 'at', or watch its sum, mean, least or greatest value";
                    return false;
                }

                var mesh = cloud.Connectivity;
                var method = mesh.IsEmpty ? MappingMethod.NearestNeighbor
                    : mesh.Tetrahedra.IsEmpty && mesh.Hexahedra.IsEmpty ? MappingMethod.NearestProjection
                    : MappingMethod.LinearCell;
                atPlace = new MappingSpec { Method = method }.Build(cloud, new PointCloud([place.X, place.Y, place.Z]), new ChunkedLoop(1));
                break;
            case WatchKind.Value when layout.Points != 1:
                fault = layout.Points == PortLayout.Varying
                    ? $"'{watch.Port}' is a list of varying length; give the place 'at' of the value, or watch its sum, mean, least or greatest value"
                    : $"'{watch.Port}' has {layout.Points} points; give the place 'at' of the value, or watch its sum, mean, least or greatest value";
                return false;
            case WatchKind.Integral or WatchKind.Mean:
                weights = cloud is null ? null : Measure.Of(cloud, ofVolume: true) ?? Measure.Of(cloud, ofVolume: false);
                if (weights is null && watch.Kind == WatchKind.Integral)
                {
                    fault = $"'{watch.Port}' has no mesh to integrate over: no edges, faces or cells. Watch its sum or its mean";
                    return false;
                }

                break;
        }

        gauge = new WatchGauge(watch.Kind, layout.Port.Components, atPlace, weights);
        return true;
    }

    /// <summary>The power of the meter by which an integral's unit differs from the port's: 1 to 3.</summary>
    public static int Dimension(PointCloud cloud)
    {
        var mesh = cloud.Connectivity;
        return !mesh.Tetrahedra.IsEmpty || !mesh.Hexahedra.IsEmpty ? 3 : !mesh.Triangles.IsEmpty || !mesh.Quadrilaterals.IsEmpty ? 2 : 1;
    }

    /// <summary>The numbers of the watch; NaN where there are no points.</summary>
    /// <param name="values">The values of the port, component by component of point after point.</param>
    /// <param name="result">One number a component.</param>
    public void Read(ReadOnlySpan<double> values, Span<double> result)
    {
        if (_kind == WatchKind.Value)
        {
            if (_atPlace is null)
            {
                values.CopyTo(result);
            }
            else
            {
                _atPlace.Apply(values, result, _components);
            }

            return;
        }

        var points = values.Length / _components;
        if (_column.Length < points)
        {
            _column = new double[points];
        }

        var column = _column.AsSpan(0, points);
        for (var c = 0; c < _components; c++)
        {
            for (var i = 0; i < points; i++)
            {
                column[i] = values[(i * _components) + c];
            }

            result[c] = _kind == WatchKind.Sum ? FixedOrderSum.Of(column)
                : points == 0 ? double.NaN
                : Of(column);
        }
    }

    private double Of(ReadOnlySpan<double> column)
    {
        switch (_kind)
        {
            case WatchKind.Integral:
                return FixedOrderSum.Dot(_weights, column);
            case WatchKind.Mean:
                return _weights is null ? FixedOrderSum.Of(column) / column.Length : FixedOrderSum.Dot(_weights, column) / FixedOrderSum.Of(_weights);
        }

        var extreme = column[0];
        foreach (var value in column)
        {
            extreme = _kind == WatchKind.Least ? Math.Min(extreme, value) : Math.Max(extreme, value);
        }

        return extreme;
    }
}
