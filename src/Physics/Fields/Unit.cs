using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Physics.Fields;

/// <summary>A unit of measurement: a physical dimension and its size in coherent SI units. Ports carry SI; other units exist in what users write.</summary>
/// <param name="Symbol">How the unit is written, for example <c>W/m^2</c>; <c>1</c> for a pure number.</param>
/// <param name="Dimension">Exponents of metre, kilogram, second, kelvin, mole and ampere.</param>
/// <param name="Scale">How many coherent SI units one of these is: 1e-3 for <c>ms</c>.</param>
public sealed record Unit(string Symbol, Dimension Dimension, double Scale)
{
    /// <summary>The unit of a pure number, and of every quantity in a reduced (dimensionless) experiment.</summary>
    public static Unit One { get; } = new("1", default, 1);

    private static readonly ImmutableSortedDictionary<string, Unit> _known = Known();

    /// <summary>The symbols that <see cref="Parse"/> knows, in ordinal order.</summary>
    public static IEnumerable<string> KnownSymbols => _known.Keys;

    /// <summary>Whether values in the two units can be converted into each other.</summary>
    public bool IsCompatibleWith(Unit other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Dimension == other.Dimension;
    }

    /// <summary>Reads a unit expression such as <c>kg/m^3</c>, <c>N s</c>, <c>eV/Å</c> or <c>m s^-1</c>.</summary>
    /// <exception cref="FormatException">A symbol is unknown or an exponent is not a whole number.</exception>
    public static Unit Parse(string expression) =>
        TryParse(expression, out var unit, out var fault) ? unit : throw new FormatException(fault);

    /// <summary>Reads a unit expression; <paramref name="fault"/> says what is wrong with it where the result is <see langword="false"/>.</summary>
    public static bool TryParse(string expression, out Unit unit, out string fault)
    {
        ArgumentNullException.ThrowIfNull(expression);
        unit = One;
        fault = "";
        var dimension = default(Dimension);
        var scale = 1.0;
        var divide = false;
        var text = expression.Replace('*', ' ').Replace('·', ' ').Replace("/", " / ", StringComparison.Ordinal);
        foreach (var token in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (token == "/")
            {
                divide = true;
                continue;
            }

            var caret = token.IndexOf('^', StringComparison.Ordinal);
            var symbol = caret < 0 ? token : token[..caret];
            var exponent = 1;
            if (caret >= 0 && !int.TryParse(token.AsSpan(caret + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
            {
                fault = $"the exponent in '{token}' is not a whole number";
                return false;
            }

            if (!_known.TryGetValue(symbol, out var factor))
            {
                fault = $"'{symbol}' is not a known unit";
                return false;
            }

            var power = divide ? -exponent : exponent;
            dimension = dimension.Times(factor.Dimension.Power(power));
            scale *= Math.Pow(factor.Scale, power);
            divide = false;
        }

        if (divide)
        {
            fault = $"'{expression}' ends in '/'";
            return false;
        }

        unit = new Unit(expression.Trim() is { Length: > 0 } trimmed ? trimmed : "1", dimension, scale);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Symbol;

    private static ImmutableSortedDictionary<string, Unit> Known()
    {
        var table = ImmutableSortedDictionary.CreateBuilder<string, Unit>(StringComparer.Ordinal);
        void Add(string symbol, Dimension dimension, double scale) => table.Add(symbol, new Unit(symbol, dimension, scale));

        var length = new Dimension(Metre: 1);
        var mass = new Dimension(Kilogram: 1);
        var time = new Dimension(Second: 1);
        var force = new Dimension(Metre: 1, Kilogram: 1, Second: -2);
        var energy = new Dimension(Metre: 2, Kilogram: 1, Second: -2);
        var pressure = new Dimension(Metre: -1, Kilogram: 1, Second: -2);

        Add("1", default, 1);
        Add("%", default, 0.01);
        Add("rad", default, 1);
        foreach (var (prefix, factor) in new[] { ("", 1.0), ("k", 1e3), ("c", 1e-2), ("m", 1e-3), ("µ", 1e-6), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12) })
        {
            Add(prefix + "m", length, factor);
        }

        Add("Å", length, 1e-10);
        Add("Angstrom", length, 1e-10);
        Add("kg", mass, 1);
        Add("g", mass, 1e-3);
        Add("Da", mass, 1.66053906660e-27); // CODATA 2018
        foreach (var (prefix, factor) in new[] { ("", 1.0), ("m", 1e-3), ("µ", 1e-6), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12), ("f", 1e-15) })
        {
            Add(prefix + "s", time, factor);
        }

        Add("min", time, 60);
        Add("h", time, 3600);
        Add("Hz", new Dimension(Second: -1), 1);
        Add("K", new Dimension(Kelvin: 1), 1);
        Add("mol", new Dimension(Mole: 1), 1);
        Add("A", new Dimension(Ampere: 1), 1);
        Add("C", new Dimension(Second: 1, Ampere: 1), 1);
        Add("V", new Dimension(Metre: 2, Kilogram: 1, Second: -3, Ampere: -1), 1);
        foreach (var (prefix, factor) in new[] { ("", 1.0), ("k", 1e3), ("M", 1e6), ("m", 1e-3), ("µ", 1e-6), ("n", 1e-9), ("p", 1e-12) })
        {
            Add(prefix + "N", force, factor);
        }

        foreach (var (prefix, factor) in new[] { ("", 1.0), ("k", 1e3), ("M", 1e6), ("m", 1e-3), ("z", 1e-21) })
        {
            Add(prefix + "J", energy, factor);
        }

        Add("eV", energy, 1.602176634e-19); // CODATA 2018, exact
        Add("meV", energy, 1.602176634e-22);
        Add("kcal", energy, 4184);
        foreach (var (prefix, factor) in new[] { ("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12) })
        {
            Add(prefix + "Pa", pressure, factor);
        }

        Add("bar", pressure, 1e5);
        foreach (var (prefix, factor) in new[] { ("", 1.0), ("k", 1e3), ("M", 1e6), ("m", 1e-3) })
        {
            Add(prefix + "W", new Dimension(Metre: 2, Kilogram: 1, Second: -3), factor);
        }

        return table.ToImmutable();
    }
}

/// <summary>Exponents of the SI base units. Equal dimensions mean that values can be added.</summary>
public readonly record struct Dimension(int Metre = 0, int Kilogram = 0, int Second = 0, int Kelvin = 0, int Mole = 0, int Ampere = 0)
{
    /// <summary>The dimension of a product.</summary>
    public Dimension Times(Dimension other) => new(
        Metre + other.Metre, Kilogram + other.Kilogram, Second + other.Second,
        Kelvin + other.Kelvin, Mole + other.Mole, Ampere + other.Ampere);

    /// <summary>The dimension of a power.</summary>
    public Dimension Power(int exponent) => new(
        Metre * exponent, Kilogram * exponent, Second * exponent, Kelvin * exponent, Mole * exponent, Ampere * exponent);

    /// <inheritdoc/>
    public override string ToString()
    {
        var factors = new List<string>();
        void Add(string symbol, int exponent)
        {
            if (exponent != 0)
            {
                factors.Add(exponent == 1 ? symbol : string.Create(CultureInfo.InvariantCulture, $"{symbol}^{exponent}"));
            }
        }

        Add("kg", Kilogram);
        Add("m", Metre);
        Add("s", Second);
        Add("K", Kelvin);
        Add("mol", Mole);
        Add("A", Ampere);
        return factors.Count == 0 ? "1" : string.Join(' ', factors);
    }
}
