using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>The integrals over a body that conducts heat, or over a part of it, times its thickness.</summary>
internal sealed class HeatIntegrals
{
    /// <summary>Makes them of the mesh that the settings have.</summary>
    public HeatIntegrals(HeatSettings settings)
    {
        var body = settings.Body;
        var t = body.Thickness;
        Basis = Basis.Scalar(body.Mesh, body.Degree);
        double Of(double[] values, QuadraturePoint x) => t * values[body.RegionOf[x.Cell]];
        Capacity = Assembly.Matrix(Basis, BilinearForm.Scalar((x, u) => ScalarJet.Source(Of(settings.Capacity, x) * u.Value)));
        Conduction = ChangeSolver.Sum(
            [(1, Assembly.Matrix(Basis, Heat.Conduction(x => Of(settings.Conductivity, x)))), .. settings.Films.Select(f => (1.0, Assembly.Matrix(Basis, Heat.Robin(t * f.Values[0]), Domain.Boundary(f.Surface))))]);
        Constant = Assembly.Vector(Basis, LinearForm.Scalar(x => ScalarJet.Source(Of(settings.Source, x))));
        Points = BodyPoints.OfBody(Basis, t);
        Surfaces = settings.ActiveSurfaces.ToImmutableSortedDictionary(name => name, name => BodyPoints.OfSurface(Basis, t, name), StringComparer.Ordinal);
    }

    /// <summary>The functions.</summary>
    public Basis Basis { get; }

    /// <summary>∫ c N_a N_b, J/K.</summary>
    public CsrMatrix Capacity { get; }

    /// <summary>∫ k ∇N_a·∇N_b, and ∫ h N_a N_b of the surfaces that exchange heat, W/K.</summary>
    public CsrMatrix Conduction { get; }

    /// <summary>What sources of the settings give each node, W.</summary>
    public double[] Constant { get; }

    /// <summary>All nodes.</summary>
    public BodyPoints Points { get; }

    /// <summary>The nodes of the surfaces at which something is given or taken.</summary>
    public ImmutableSortedDictionary<string, BodyPoints> Surfaces { get; }
}
