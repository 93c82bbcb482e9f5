using System.Globalization;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Host.Composition;

/// <summary>Reads numbers with and without a unit as users write them.</summary>
internal static class QuantityText
{
    private static readonly Dictionary<string, string> _commonMistakes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sec"] = "s",
        ["secs"] = "s",
        ["second"] = "s",
        ["seconds"] = "s",
        ["minute"] = "min",
        ["minutes"] = "min",
        ["hour"] = "h",
        ["hours"] = "h",
        ["meter"] = "m",
        ["metre"] = "m",
        ["meters"] = "m",
        ["metres"] = "m",
        ["micron"] = "µm",
        ["angstrom"] = "Å",
        ["ang"] = "Å",
        ["C"] = "K",
        ["°C"] = "K",
        ["degC"] = "K",
        ["kelvin"] = "K",
        ["percent"] = "%",
        ["amu"] = "Da",
        ["u"] = "Da",
        ["joule"] = "J",
        ["pascal"] = "Pa",
        ["newton"] = "N",
        ["watt"] = "W",
        ["degrees"] = "rad",
        ["deg"] = "rad",
    };

    private static readonly Dictionary<string, string> _nouns = new(StringComparer.Ordinal)
    {
        ["s"] = "a time",
        ["s^-1"] = "a frequency",
        ["m"] = "a length",
        ["m^2"] = "an area",
        ["m^3"] = "a volume",
        ["kg"] = "a mass",
        ["K"] = "a temperature",
        ["mol"] = "an amount of substance",
        ["A"] = "a current",
        ["m s^-1"] = "a velocity",
        ["m s^-2"] = "an acceleration",
        ["kg m s^-2"] = "a force",
        ["kg m^2 s^-2"] = "an energy",
        ["kg m^-1 s^-2"] = "a pressure",
        ["kg m^2 s^-3"] = "a power",
        ["kg m^-3"] = "a density",
        ["kg s^-3"] = "a heat flux",
        ["kg m s^-3 K^-1"] = "a thermal conductivity",
        ["m^2 s^-2 K^-1"] = "a specific heat capacity",
        ["kg m^-1 s^-1"] = "a dynamic viscosity",
        ["m^2 s^-1"] = "a diffusivity",
    };

    /// <summary>What is allowed, with an example: <c>a time such as '0.1 s'</c>.</summary>
    public static string Expected(Unit unit) =>
        unit.Dimension == default ? "a plain number such as '0.5'" : $"{Noun(unit.Dimension)} such as '0.1 {unit.Symbol}'";

    /// <summary>
    /// Reads a number in the given unit; <paramref name="fault"/> says what is wrong where the result is <see langword="false"/>.
    /// </summary>
    /// <remarks>
    /// A bare number is in <paramref name="unit"/> already and is not touched. Between units that differ by a power of ten the decimal
    /// point moves, so that nothing is lost: <c>3.615 Å</c> in metres has the bits of <c>3.615e-10</c>.
    /// </remarks>
    public static bool TryRead(string text, Unit unit, out double value, out string fault)
    {
        text = text.Trim();
        value = double.NaN;
        fault = "";
        var length = NumberLength(text);
        var number = text.AsSpan(0, length);
        var rest = text[length..].Trim();
        if (length == 0)
        {
            fault = IsNameOfNonNumber(text)
                ? $"'{Shorten(text)}' is not finite. Expected {Expected(unit)}"
                : $"found '{Shorten(text)}', which is not a number. Expected {Expected(unit)}";
            return false;
        }

        var parsed = double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(parsed) || (parsed == 0 && HasNonZeroDigit(number)))
        {
            var extreme = parsed == 0 ? "small" : "large";
            fault = $"'{Shorten(text)}' is too {extreme} for a number in double precision. Look at the exponent, or use another unit";
            return false;
        }

        if (rest.Length == 0)
        {
            value = parsed;
            return true;
        }

        if (NotAUnit(text, rest) is { } cause)
        {
            fault = $"found '{Shorten(text)}': {cause}. Expected {Expected(unit)}";
            return false;
        }

        if (!Unit.TryParse(Normalize(rest), out var written, out var complaint))
        {
            fault = $"found '{Shorten(text)}': {complaint}. Expected {Expected(unit)}.{UnitHint(rest, unit)}";
            return false;
        }

        if (!written.IsCompatibleWith(unit))
        {
            var hint = rest == "m" && unit.Dimension == new Dimension(Second: 1) ? " 'm' is metre; minutes are 'min'." : "";
            fault = $"found '{Shorten(text)}', which is {Noun(written.Dimension)}. Expected {Expected(unit)}.{hint}";
            return false;
        }

        value = Convert(number, parsed, written.Scale, unit.Scale);
        if (!double.IsFinite(value))
        {
            fault = $"'{Shorten(text)}' is out of range when converted to {unit.Symbol}. Look at the exponent and the unit";
            return false;
        }

        return true;
    }

    private static double Convert(ReadOnlySpan<char> text, double number, double from, double to)
    {
        if (from == to || number == 0)
        {
            return number;
        }

        if (DecimalPlaces(from / to) is { } places)
        {
            return ShiftPoint(text, places);
        }

        var parts = Math.Round(to / from);
        return parts > 1 && Math.Abs((to / from) - parts) <= 1e-15 * parts ? number / parts : number * (from / to);
    }

    /// <summary>
    /// The exponent of a ratio that stands for a power of ten, whatever the rounding of the two scales; else <see langword="null"/>.
    /// </summary>
    private static int? DecimalPlaces(double ratio)
    {
        var places = Math.Round(Math.Log10(ratio));
        return Math.Abs(places) <= 30 && Math.Abs((ratio / Math.Pow(10, places)) - 1) <= 2e-15 ? (int)places : null;
    }

    /// <summary>Reads the number with its decimal point moved, which rounds once where a product would round twice.</summary>
    private static double ShiftPoint(ReadOnlySpan<char> text, int places)
    {
        var exponentAt = text.IndexOfAny('e', 'E');
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        var invariant = CultureInfo.InvariantCulture;
        var exponent = exponentAt < 0 ? 0 : int.Parse(text[(exponentAt + 1)..], NumberStyles.AllowLeadingSign, invariant);
        return double.Parse(string.Create(invariant, $"{mantissa}e{exponent + places}"), NumberStyles.Float, invariant);
    }

    /// <summary>The length of the decimal number at the beginning; 0 if there is none.</summary>
    private static int NumberLength(string text)
    {
        var at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        var digits = SkipDigits(text, ref at);
        if (at < text.Length && text[at] == '.')
        {
            at++;
            digits += SkipDigits(text, ref at);
        }

        if (digits == 0)
        {
            return 0;
        }

        if (at < text.Length && text[at] is 'e' or 'E')
        {
            var exponentAt = at + 1;
            if (exponentAt < text.Length && text[exponentAt] is '+' or '-')
            {
                exponentAt++;
            }

            if (SkipDigits(text, ref exponentAt) > 0)
            {
                at = exponentAt;
            }
        }

        return at;
    }

    private static int SkipDigits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return at - start;
    }

    /// <summary>The usual things that stand behind a number and are no unit.</summary>
    private static string? NotAUnit(string text, string rest)
    {
        if (rest[0] == ',')
        {
            return "the decimal point is '.', and digits are not grouped";
        }

        if (rest[0] is '_')
        {
            return "digits are not grouped";
        }

        if (rest[0] is 'x' or 'X' && text.TrimStart('+', '-')[0] == '0')
        {
            return "hexadecimal numbers are not supported";
        }

        return char.IsAsciiDigit(rest[0]) || rest[0] is '.' or '+' or '-'
            ? "there is more than one number here. Several numbers stand in an array, [1, 2]; sums are not computed"
            : null;
    }

    private static string UnitHint(string written, Unit unit)
    {
        if (_commonMistakes.TryGetValue(written, out var meant) && Unit.Parse(meant).IsCompatibleWith(unit))
        {
            return written.EndsWith('C') || written == "degC" || written == "c"
                ? " Temperatures are in kelvin: add 273.15."
                : written.StartsWith("deg", StringComparison.Ordinal) ? " Angles are in radians." : $" Did you mean '{meant}'?";
        }

        var compatible = Unit.KnownSymbols.Where(symbol => Unit.Parse(symbol).IsCompatibleWith(unit)).ToList();
        return Suggestion.Nearest(written, compatible) is { } nearest ? $" Did you mean '{nearest}'?"
            : compatible.Count > 0 && unit.Dimension != default ? $" Known units: {Suggestion.List(compatible)}."
            : "";
    }

    /// <summary>Other ways to type the same unit: both signs for micro and ångström, superscripts, any kind of space.</summary>
    private static string Normalize(string unit) => string.Concat(unit.Select(static c => c switch
    {
        '\u03BC' => "µ",
        '\u212B' => "Å",
        '²' => "^2",
        '³' => "^3",
        _ when char.IsWhiteSpace(c) => " ",
        _ => c.ToString(),
    }));

    private static string Noun(Dimension dimension)
    {
        var written = dimension.ToString();
        return dimension == default ? "a plain number" : _nouns.GetValueOrDefault(written, $"a quantity in {written}");
    }

    private static bool IsNameOfNonNumber(string text) =>
        text.TrimStart('+', '-').ToUpperInvariant() is "NAN" or "INF" or "INFINITY" or "∞";

    /// <summary>Whether a number that was parsed as zero is not.</summary>
    public static bool HasNonZeroDigit(ReadOnlySpan<char> number)
    {
        var exponentAt = number.IndexOfAny('e', 'E');
        return (exponentAt < 0 ? number : number[..exponentAt]).ContainsAnyInRange('1', '9');
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
