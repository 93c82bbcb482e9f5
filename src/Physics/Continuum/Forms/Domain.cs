namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>What an integral runs over.</summary>
public abstract record Domain
{
    private Domain() { }

    /// <summary>All cells.</summary>
    public static Domain Body { get; } = new All();

    /// <summary>All facets that bound one cell only.</summary>
    public static Domain Surface { get; } = new Outer();

    /// <summary>The cells of a region.</summary>
    public static Domain Region(string name) => new NamedRegion(name);

    /// <summary>The facets of a boundary.</summary>
    public static Domain Boundary(string name) => new NamedBoundary(name);

    internal sealed record All : Domain;

    internal sealed record Outer : Domain;

    internal sealed record NamedRegion(string Name) : Domain;

    internal sealed record NamedBoundary(string Name) : Domain;
}
