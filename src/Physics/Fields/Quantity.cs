namespace ActorMultiscale.Physics.Fields;

/// <summary>What a value refers to, which decides how it is mapped between unlike point sets.</summary>
public enum Nature
{
    /// <summary>A value at a point (temperature, velocity, stress): mapped consistently, so that constants stay constant.</summary>
    Intensive,

    /// <summary>A value that belongs to a point's share of the body (force, mass, impulse): mapped conservatively, so that sums stay equal.</summary>
    Extensive,
}

/// <summary>What a value says about time. A scheme can be perfectly converged to a wrong number if the two sides disagree on it.</summary>
public enum TimeMeaning
{
    /// <summary>The value at the sample's time.</summary>
    Instant,

    /// <summary>The mean over the interval that ends at the sample's time.</summary>
    WindowAverage,

    /// <summary>The integral over the interval that ends at the sample's time.</summary>
    WindowIntegral,
}

/// <summary>What a port carries: symbol, unit, nature and meaning in time.</summary>
/// <param name="Symbol">The symbol of the quantity in formulas, such as <c>u</c>.</param>
/// <param name="Unit">The unit of every value; coherent SI, or <c>1</c> in reduced units.</param>
/// <param name="Nature">Decides the default mapping.</param>
/// <param name="Time">Decides how samples inside a window are read.</param>
public sealed record Quantity(string Symbol, Unit Unit, Nature Nature = Nature.Intensive, TimeMeaning Time = TimeMeaning.Instant);

/// <summary>Quantities that many models share.</summary>
public static class Quantities
{
    /// <summary>A pure number.</summary>
    public static Quantity Number { get; } = new("x", Unit.One);

    /// <summary>Displacement, m.</summary>
    public static Quantity Displacement { get; } = new("u", Unit.Parse("m"));

    /// <summary>Velocity, m/s.</summary>
    public static Quantity Velocity { get; } = new("v", Unit.Parse("m/s"));

    /// <summary>Force, N, shared out over points.</summary>
    public static Quantity Force { get; } = new("f", Unit.Parse("N"), Nature.Extensive);

    /// <summary>Impulse over the window, N s, shared out over points.</summary>
    public static Quantity Impulse { get; } = new("J", Unit.Parse("N s"), Nature.Extensive, TimeMeaning.WindowIntegral);

    /// <summary>Temperature, K.</summary>
    public static Quantity Temperature { get; } = new("T", Unit.Parse("K"));

    /// <summary>Heat flux density, W/m², at an instant.</summary>
    public static Quantity HeatFlux { get; } = new("q", Unit.Parse("W/m^2"));

    /// <summary>Heat flow into a body, W, averaged over the window.</summary>
    public static Quantity HeatPower { get; } = new("P", Unit.Parse("W"), Nature.Extensive, TimeMeaning.WindowAverage);

    /// <summary>Energy, J, of a body.</summary>
    public static Quantity Energy { get; } = new("E", Unit.Parse("J"), Nature.Extensive);

    /// <summary>Stress, Pa.</summary>
    public static Quantity Stress { get; } = new("σ", Unit.Parse("Pa"));

    /// <summary>Elastic modulus, Pa.</summary>
    public static Quantity Modulus { get; } = new("C", Unit.Parse("Pa"));
}
