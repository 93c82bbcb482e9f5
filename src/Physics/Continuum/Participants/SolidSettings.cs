using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>What an experiment says of a solid body: what it is made of, how it moves, what holds and loads it.</summary>
internal sealed class SolidSettings
{
    private static readonly ImmutableArray<string> _ports = ["traction-in", "force-in", "follower-pressure-in", "displacement-in", "displacement-out", "velocity-out", "traction-out", "force-out"];
    private static readonly ImmutableArray<string> _withYoung = ["isotropic", "plastic", "neo-hookean"];
    private static readonly ImmutableArray<(string Key, ImmutableArray<string> Kinds)> _ofKinds =
    [
        ("young", _withYoung), ("poisson", _withYoung), ("yield-stress", ["plastic"]), ("isotropic-hardening", ["plastic"]), ("kinematic-hardening", ["plastic"]),
        ("cubic-constants", ["cubic"]), ("young-axes", ["orthotropic"]), ("poisson-axes", ["orthotropic"]), ("shear-axes", ["orthotropic"]),
    ];

    private readonly ModelSettings _given;
    private readonly ImmutableArray<(string Surface, ImmutableArray<double> Values)> _tractions;
    private readonly ImmutableArray<(string Surface, ImmutableArray<double> Values)> _pressures;
    private readonly ImmutableArray<(string Surface, ImmutableArray<double> Values)> _beddings;
    private readonly ImmutableArray<(string Surface, ImmutableArray<double> Values)> _followers;

    /// <summary>Reads all settings.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="reader">Reads a mesh from a file.</param>
    /// <param name="box">The cells that are meant, for a part of a body; all if null.</param>
    /// <exception cref="ScaleModelException">They do not fit together; all that is wrong is named.</exception>
    public SolidSettings(ModelSettings given, MeshReader reader, CellBox? box = null)
    {
        (_given, Body) = (given, new(given, reader, box));
        var d = Body.Mesh.Dimension;
        var motion = given.Choice("motion");
        (IsStatic, IsExplicit) = (motion == "static", motion == "explicit");
        LongestStep = given.Has("step") ? given.Number("step") : null;
        Scheme = motion == "generalized-alpha" ? DynamicScheme.GeneralizedAlpha(given.Number("spectral-radius")) : DynamicScheme.Newmark();
        Density = Body.PerRegion("density", above: 0);
        (Expansion, ReferenceTemperature) = (Body.PerRegion("expansion"), given.Number("reference-temperature"));
        (BodyForce, InitialVelocity) = (Body.Vector("constant-body-force"), Body.Vector("initial-velocity"));
        (Small, Large) = Materials();
        Surfaces = _ports.ToImmutableSortedDictionary(key => key, Body.Surfaces, StringComparer.Ordinal);
        (_tractions, _pressures) = (Body.Valued("constant-traction", "constant-tractions", d), Body.Valued("constant-pressure", "constant-pressures"));
        (_beddings, _followers) = (Body.Valued("bedding", "bedding-stiffnesses", d), Body.Valued("follower-pressure", "follower-pressures"));
        foreach (var (surface, values) in _beddings)
        {
            Body.Require(values.All(k => k >= 0) && values.Any(k => k > 0), $"'bedding-stiffnesses' gives '{surface}' {string.Join(", ", values.Select(k => FormattableString.Invariant($"{k}")))}; none is below zero, and not all are zero");
        }

        foreach (var key in (ReadOnlySpan<string>)["follower-pressure", "follower-pressure-in"])
        {
            Body.Require(given.Texts(key).IsEmpty || given.Texts("material").Contains("neo-hookean"), $"'{key}' names surfaces, and 'material' is not neo-hookean; with small strains pressures keep the direction of the body at rest, see 'constant-pressure'");
        }

        IsOnePoint = given.Choice("integration") == "one-point" && MayBeOnePoint();
        Held =
        [
            .. from name in Body.Surfaces("fixed") from c in Enumerable.Range(0, d) select (name, c, 0.0),
            .. from name in Body.Surfaces("symmetry") let axis = Across(name) where axis >= 0 select (name, axis, 0.0),
            .. from v in Body.Valued("displaced", "displacements", d) from c in Enumerable.Range(0, d) select (v.Surface, c, v.Values[c]),
        ];
        foreach (var name in given.Texts("displaced"))
        {
            // They come first, and would take components of the displacement away.
            foreach (var key in (ReadOnlySpan<string>)["fixed", "symmetry"])
            {
                Body.Require(!given.Texts(key).Contains(name), $"'displaced' and '{key}' both name '{name}'");
            }
        }

        foreach (var name in Surfaces["displacement-in"])
        {
            foreach (var key in (ReadOnlySpan<string>)["fixed", "displaced"])
            {
                Body.Require(!given.Texts(key).Contains(name), $"'displacement-in' and '{key}' both name '{name}'");
            }
        }

        Body.Require(!IsStatic || Surfaces["velocity-out"].IsEmpty, $"'velocity-out' names surfaces, and 'motion' is static: nothing has a velocity");
        Body.Require(!IsStatic || !given.Given.ContainsKey("initial-velocity"), $"'initial-velocity' is given, and 'motion' is static");
        Body.Require(!IsExplicit || Body.Degree == 1 || Body.Mesh.Blocks.All(b => !b.Geometry.Cell.IsSimplex), $"'motion' is explicit and 'degree' 2; triangles and tetrahedra of degree 2 have no lumped mass");
        Body.RequireSound();
    }

    /// <summary>All settings.</summary>
    public static ImmutableArray<Setting> All { get; } =
    [
        .. BodySettings.OfShape,
        Setting.Choice("plane", "what a body in the plane does across: it is held (strain), or free of stress", ["strain", "stress"], "strain"),
        Setting.Texts("material", "of each region: isotropic, cubic, orthotropic, plastic (von Mises), or of all neo-hookean, with large strains", ["isotropic"]),
        Setting.Numbers("young", "Pa", "isotropic, plastic, neo-hookean: Young's modulus of each region", [2e11]),
        Setting.Numbers("poisson", "1", "isotropic, plastic, neo-hookean: Poisson's ratio of each region", [0.3]),
        Setting.Numbers("cubic-constants", "Pa", "cubic: C11, C12, C44 of each region, its cube edges along x, y, z", [2e11, 1e11, 1e11]),
        Setting.Numbers("young-axes", "Pa", "orthotropic: Young's moduli along x, y, z of each region", [2e11, 2e11, 2e11]),
        Setting.Numbers("poisson-axes", "1", "orthotropic: ν_xy, ν_xz, ν_yz of each region; ν_xy is the contraction along y under tension along x", [0.3, 0.3, 0.3]),
        Setting.Numbers("shear-axes", "Pa", "orthotropic: shear moduli G_yz, G_xz, G_xy of each region", [8e10, 8e10, 8e10]),
        Setting.Numbers("yield-stress", "Pa", "plastic: yield stress in tension of each region", [2.5e8]),
        Setting.Numbers("isotropic-hardening", "Pa", "plastic: by how much the yield stress rises with the plastic strain, of each region", [0]),
        Setting.Numbers("kinematic-hardening", "Pa", "plastic: by how much its middle moves, of each region", [0]),
        Setting.Numbers("density", "kg/m^3", "density of each region", [7800]),
        Setting.Numbers("expansion", "K^-1", "coefficient of thermal expansion of each region", [0]),
        Setting.Number("reference-temperature", "K", "temperature without thermal strain", 0),
        Setting.Choice("motion", "at rest, or in motion by implicit or explicit steps", ["static", "newmark", "generalized-alpha", "explicit"], "static"),
        Setting.Choice("integration", "of explicit steps of hexahedra: full, or the fast kernel of one point a cell with a stiffness against hourglass modes, of one isotropic region", ["full", "one-point"], "full"),
        Setting.Number("spectral-radius", "1", "generalized-alpha: what is left after a step of what it does not resolve", 0.8, 0, 1),
        Setting.Positive("step", "s", "longest time step; a window has a whole number of equal steps; without it one, and of explicit ones as many as 0.9 of the longest stable step asks for") with { Optional = true },
        Setting.Numbers("initial-velocity", "m/s", "velocity of all that is not held, at the start", []),
        Setting.Numbers("constant-body-force", "N/m^3", "a force on the whole body, such as its weight", []),
        Setting.Texts("fixed", "surfaces that do not move", []),
        Setting.Texts("symmetry", "plane surfaces across x, y or z whose points stay in the plane", []),
        Setting.Texts("displaced", "surfaces that are displaced", []),
        Setting.Numbers("displacements", "m", "their displacements: for each, or for all, as many numbers as the body has dimensions", []),
        Setting.Texts("constant-traction", "surfaces under a constant traction", []),
        Setting.Numbers("constant-tractions", "Pa", "the tractions: for each, or for all, as many numbers as the body has dimensions", []),
        Setting.Texts("constant-pressure", "surfaces under a constant pressure", []),
        Setting.Numbers("constant-pressures", "Pa", "the pressures, above zero inward; one for all or one each", []),
        Setting.Texts("bedding", "surfaces on an elastic bedding or springs, whose traction on the body is −κ u", []),
        Setting.Numbers("bedding-stiffnesses", "N/m^3", "their κ along each axis: for each, or for all, as many numbers as the body has dimensions", []),
        Setting.Texts("follower-pressure", "neo-hookean: surfaces under a constant pressure that stays normal to the deformed surface", []),
        Setting.Numbers("follower-pressures", "Pa", "the pressures, above zero inward; one for all or one each", []),
        Setting.Texts("follower-pressure-in", "neo-hookean: surfaces with a port 'follower-pressure-in-NAME': one pressure for the surface, which stays normal to it, Pa", []),
        Setting.Texts("traction-in", "surfaces with a port 'traction-in-NAME': the traction on the body, Pa", []),
        Setting.Texts("force-in", "surfaces with a port 'force-in-NAME': the force on each node, N", []),
        Setting.Texts("displacement-in", "surfaces whose displacement comes by a port 'displacement-in-NAME', m", []),
        Setting.Texts("displacement-out", "surfaces with a port 'displacement-out-NAME', m", []),
        Setting.Texts("velocity-out", "surfaces with a port 'velocity-out-NAME', m/s", []),
        Setting.Texts("traction-out", "surfaces with a port 'traction-out-NAME': the traction with which the body acts on what touches it, Pa", []),
        Setting.Texts("force-out", "surfaces with a port 'force-out-NAME': the force with which each node acts on what touches it, N", []),
    ];

    /// <summary>The shape of the body.</summary>
    public BodySettings Body { get; }

    /// <summary>Whether it is at rest.</summary>
    public bool IsStatic { get; }

    /// <summary>Whether its steps are explicit.</summary>
    public bool IsExplicit { get; }

    /// <summary>Whether forces are those of one point a cell.</summary>
    public bool IsOnePoint { get; }

    /// <summary>Young's modulus and Poisson's ratio of the region, where <see cref="IsOnePoint"/>.</summary>
    public (double Young, double Poisson) Moduli => (_given.Numbers("young")[0], _given.Numbers("poisson")[0]);

    /// <summary>The scheme of implicit steps.</summary>
    public DynamicScheme Scheme { get; }

    /// <summary>The longest step that is asked for, s.</summary>
    public double? LongestStep { get; }

    /// <summary>The density of each region, kg/m³.</summary>
    public double[] Density { get; }

    /// <summary>The coefficient of thermal expansion of each region, 1/K.</summary>
    public double[] Expansion { get; }

    /// <summary>The temperature without thermal strain, K.</summary>
    public double ReferenceTemperature { get; }

    /// <summary>A force on the whole body, N/m³.</summary>
    public Vec3 BodyForce { get; }

    /// <summary>The velocity at the start, m/s.</summary>
    public Vec3 InitialVelocity { get; }

    /// <summary>The laws of the regions, for small strains; or none.</summary>
    public ImmutableArray<IConstitutiveLaw> Small { get; }

    /// <summary>Whether forces are linear in the displacement.</summary>
    public bool IsLinear => !Small.IsEmpty && Small.All(law => law is ElasticLaw);

    /// <summary>The laws of the regions, for large strains; or none.</summary>
    public ImmutableArray<IHyperelasticLaw> Large { get; }

    /// <summary>The surfaces with ports of each kind.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> Surfaces { get; }

    /// <summary>All surfaces with ports or loads.</summary>
    public IEnumerable<string> PortSurfaces => _tractions.Concat(_pressures).Concat(_beddings).Concat(_followers).Select(v => v.Surface).Concat(_ports.SelectMany(key => Surfaces[key])).Distinct();

    /// <summary>Components of the displacement on surfaces that the settings give, m.</summary>
    public ImmutableArray<(string Surface, int Component, double Value)> Held { get; }

    /// <summary>The constant traction on a surface at a place with an outward normal, Pa.</summary>
    public Vec3 Traction(string surface, Vec3 normal)
    {
        var traction = Vec3.Zero;
        foreach (var (_, values) in _tractions.Where(v => v.Surface == surface))
        {
            traction += BodySettings.ToVector(values);
        }

        foreach (var (_, values) in _pressures.Where(v => v.Surface == surface))
        {
            traction -= values[0] * normal;
        }

        return traction;
    }

    /// <summary>The stiffness of the bedding of a surface along x, y, z, N/m³; zero without one.</summary>
    public Vec3 Bedding(string surface) => _beddings.Where(v => v.Surface == surface).Select(v => BodySettings.ToVector(v.Values)).FirstOrDefault(Vec3.Zero);

    /// <summary>The constant pressure on a surface that stays normal to it, Pa.</summary>
    public double Follower(string surface) => _followers.Where(v => v.Surface == surface).Sum(v => v.Values[0]);

    // Says all that keeps the body from the kernel of one point a cell.
    private bool MayBeOnePoint()
    {
        var mesh = Body.Mesh;
        return Body.Require(IsExplicit, $"'integration' is one-point, and 'motion' is not explicit")
            & Body.Require(mesh.Blocks is [{ Shape: CellShape.Hexahedron, Order: 1 }] && Body.Degree == 1, $"'integration' is one-point, and the body is not of hexahedra of degree 1 alone")
            & Body.Require(Body.RegionCount == 1 && _given.Texts("material") is ["isotropic"], $"'integration' is one-point, and the body is not one isotropic region")
            & Body.Require(Expansion.All(a => a == 0), $"'integration' is one-point, which knows no thermal strain, and 'expansion' is given");
    }

    // The axis that a plane surface is across.
    private int Across(string surface)
    {
        var mesh = Body.Mesh;
        var basis = Basis.Scalar(mesh, Body.Degree);
        var places = basis.NodesOn(surface).Select(n => basis.Nodes[n]).ToArray();
        var size = Math.Max(mesh.Points.ToArray().Max(x => x.Norm), double.Epsilon);
        for (var axis = 0; axis < mesh.Dimension; axis++)
        {
            if (places.All(x => Math.Abs(x[axis] - places[0][axis]) <= 1e-9 * size))
            {
                return axis;
            }
        }

        Body.Require(false, $"'symmetry' names '{surface}', which is no plane across x, y or z");
        return -1;
    }

    private (ImmutableArray<IConstitutiveLaw> Small, ImmutableArray<IHyperelasticLaw> Large) Materials()
    {
        ImmutableArray<string> kinds = ["isotropic", "cubic", "orthotropic", "plastic", "neo-hookean"];
        var named = _given.Texts("material");
        var sound = Body.Require(named.Length == 1 || named.Length == Body.RegionCount, $"'material' has {named.Length} words; it takes one, or one for each of the {Body.RegionCount} regions");
        foreach (var kind in named.Distinct())
        {
            sound &= Body.Require(kinds.Contains(kind), $"'material' holds '{kind}'; known are {string.Join(", ", kinds)}");
        }

        foreach (var (key, takers) in _ofKinds)
        {
            Body.Require(!_given.Given.ContainsKey(key) || named.Any(takers.Contains), $"'{key}' is given, and no region is {string.Join(" or ", takers)}");
        }

        var isLarge = named.Contains("neo-hookean");
        var isPlaneStress = Body.Mesh.Dimension == 2 && _given.Choice("plane") == "stress";
        sound &= Body.Require(!isLarge || named.All(k => k == "neo-hookean"), $"'material' is neo-hookean in some regions; large strains are of all regions or of none");
        sound &= Body.Require(!isPlaneStress || !named.Any(k => k is "plastic" or "neo-hookean"), $"'plane' is stress, and 'material' {string.Join(", ", named.Where(k => k is "plastic" or "neo-hookean").Distinct())}; these are for plane strain and for bodies in space");
        sound &= Body.Require(!isLarge || Expansion.All(a => a == 0), $"'expansion' is given, and 'material' is neo-hookean, which knows no thermal strain");
        if (!sound)
        {
            return ([], []);
        }

        var of = Enumerable.Range(0, Body.RegionCount).Select(r => named[Math.Min(r, named.Length - 1)]).ToArray();
        bool Any(params ReadOnlySpan<string> some)
        {
            foreach (var kind in some)
            {
                if (of.Contains(kind))
                {
                    return true;
                }
            }

            return false;
        }

        var moduli = of.Any(_withYoung.Contains);
        var (young, poisson) = moduli ? (Body.PerRegion("young", above: 0), Body.PerRegion("poisson", above: -1, below: 0.5)) : ([], []);
        var cubic = Any("cubic") ? Body.PerRegion("cubic-constants", 3) : [];
        var (axes, ratios, shears) = Any("orthotropic") ? (Body.PerRegion("young-axes", 3), Body.PerRegion("poisson-axes", 3), Body.PerRegion("shear-axes", 3)) : ([], [], []);
        var (yield, isotropic, kinematic) = Any("plastic") ? (Body.PerRegion("yield-stress", above: 0), Body.PerRegion("isotropic-hardening"), Body.PerRegion("kinematic-hardening")) : ([], [], []);
        if (moduli && !(young.All(e => e > 0) && poisson.All(p => p is > -1 and < 0.5)))
        {
            return ([], []);        // Said already.
        }

        if (isLarge)
        {
            return ([], [.. of.Select((_, r) => Body.Try<IHyperelasticLaw>(() => new NeoHookean(young[r], poisson[r]))).OfType<IHyperelasticLaw>()]);
        }

        IConstitutiveLaw Elastic(Tangent6 c) => new ElasticLaw(isPlaneStress ? Elasticity.PlaneStress(c) : c);
        return ([.. of.Select((kind, r) => Body.Try(() => kind switch
        {
            "isotropic" => Elastic(Tangent6.Isotropic(young[r], poisson[r])),
            "cubic" => Elastic(Cubic(cubic[3 * r], cubic[(3 * r) + 1], cubic[(3 * r) + 2])),
            "orthotropic" => Elastic(Elasticity.Orthotropic(
                new(axes[3 * r], axes[(3 * r) + 1], axes[(3 * r) + 2]), (ratios[3 * r], ratios[(3 * r) + 1], ratios[(3 * r) + 2]), (shears[3 * r], shears[(3 * r) + 1], shears[(3 * r) + 2]))),
            _ => new J2Plasticity(young[r], poisson[r], yield[r], isotropic[r], kinematic[r]),
        })).OfType<IConstitutiveLaw>()], []);
    }

    // A cubic crystal is stable if C44 > 0, C11 > |C12| and C11 + 2 C12 > 0. After: Born, Huang, "Dynamical Theory of Crystal Lattices" (1954), section 11.
    private static Tangent6 Cubic(double c11, double c12, double c44) => c44 > 0 && c11 > Math.Abs(c12) && c11 + (2 * c12) > 0
        ? Tangent6.Cubic(c11, c12, c44)
        : throw new ScaleModelException(FormattableString.Invariant($"'cubic-constants' C11 = {c11}, C12 = {c12}, C44 = {c44} are those of no stable crystal: C44 and C11 + 2 C12 are above zero, and C11 above |C12|"));
}
