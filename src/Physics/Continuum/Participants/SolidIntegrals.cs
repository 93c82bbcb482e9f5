using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>The integrals over a solid body, or over a part of it, times its thickness.</summary>
internal sealed class SolidIntegrals
{
    /// <summary>Makes them of the mesh that the settings have.</summary>
    public SolidIntegrals(SolidSettings settings)
    {
        var body = settings.Body;
        var (t, scalar) = (body.Thickness, Basis.Scalar(body.Mesh, body.Degree));
        (Scalar, Basis) = (scalar, Basis.Vector(body.Mesh, body.Degree));
        Materials = new(
            Basis, settings.Small.IsEmpty ? null : body.ByRegion(settings.Small), settings.Large.IsEmpty ? null : body.ByRegion(settings.Large), body.ByRegion([.. settings.Expansion]), t);
        Points = BodyPoints.OfBody(scalar, t);
        Mass = Assembly.Matrix(Basis, BilinearForm.Vector((x, u) => VectorJet.Source(t * settings.Density[body.RegionOf[x.Cell]] * u.Value)));
        Constant = Assembly.Vector(Basis, Elasticity.BodyForce(_ => t * settings.BodyForce));
        Surfaces = settings.PortSurfaces.ToImmutableSortedDictionary(name => name, name => new Surface(
            BodyPoints.OfSurface(scalar, t, name), Assembly.Vector(Basis, Elasticity.Traction(x => t * settings.Traction(name, x.Normal)), Domain.Boundary(name)),
            settings.Bedding(name) is var bedding && bedding != Vec3.Zero ? Assembly.Matrix(Basis, Elasticity.Bedding(t * bedding), Domain.Boundary(name)) : null), StringComparer.Ordinal);
        var beddings = settings.PortSurfaces.Select(name => Surfaces[name].Bedding).OfType<CsrMatrix>().ToArray();
        Bedding = beddings.Length > 0 ? ChangeSolver.Sum([.. beddings.Select(b => (1.0, b))]) : null;
    }

    /// <summary>The functions of the displacement.</summary>
    public Basis Basis { get; }

    /// <summary>Those of a number a node.</summary>
    public Basis Scalar { get; }

    /// <summary>What it is made of.</summary>
    public SolidMaterials Materials { get; }

    /// <summary>All nodes.</summary>
    public BodyPoints Points { get; }

    /// <summary>∫ ρ N_a N_b, kg.</summary>
    public CsrMatrix Mass { get; }

    /// <summary>Forces of the settings on the body, N.</summary>
    public double[] Constant { get; }

    /// <summary>The sum of all beddings, N/m; null without one.</summary>
    public CsrMatrix? Bedding { get; }

    /// <summary>The surfaces with ports, loads or beddings.</summary>
    public ImmutableSortedDictionary<string, Surface> Surfaces { get; }

    /// <summary>The stiffness of the body at rest, N/m.</summary>
    public CsrMatrix Stiffness(ChunkedLoop loop) => Materials.Respond(new double[Basis.DofCount], Materials.InitialState(), [], loop).Stiffness;

    /// <summary>The same with its beddings.</summary>
    public CsrMatrix StiffnessOnBeddings() => Bedding is null ? Stiffness(ChunkedLoop.Serial) : ChangeSolver.Sum((1, Stiffness(ChunkedLoop.Serial)), (1, Bedding));

    /// <summary>A surface: its nodes, the forces of the settings there, N, one number a dof of the body, and the matrix of its bedding.</summary>
    public sealed record Surface(BodyPoints Points, double[] Constant, CsrMatrix? Bedding);
}
