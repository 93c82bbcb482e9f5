using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Interop.External;

/// <summary>A port whose number of components is known only when the program runs.</summary>
/// <param name="Name">Name, lower-kebab, unique within the participant.</param>
/// <param name="Direction">Which way it faces.</param>
/// <param name="Quantity">What it carries.</param>
/// <param name="Components">Numbers per point.</param>
public sealed record ExternalPort(string Name, PortDirection Direction, Quantity Quantity, int Components) : Port(Name, Direction, Quantity, Components);

/// <summary>
/// The one line in which a port is described, in an experiment and in the greeting of a peer alike:
/// <c>out wall-force F N, 3 components, 20 points, extensive</c>.
/// </summary>
internal static class PortLine
{
    private const string Form = "A port is written as 'in NAME SYMBOL UNIT' or 'out NAME SYMBOL UNIT', and then, after commas, any of: 'N components', 'N points', 'any points', 'extensive', 'average', 'integral', 'optional', 'no start', 'ledger', 'phase NAME'.";

    /// <summary>The port that <paramref name="line"/> describes.</summary>
    /// <exception cref="ScaleModelException">It describes none.</exception>
    public static PortLayout Parse(string line)
    {
        var parts = line.Split(',', StringSplitOptions.TrimEntries);
        var words = parts[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4 || words[0] is not ("in" or "out"))
        {
            throw new ScaleModelException($"'{line}' describes no port. {Form}");
        }

        if (!IsName(words[1]))
        {
            throw new ScaleModelException($"'{words[1]}' in '{line}' is no name of a port: lower-case letters, digits and '-' are, beginning with a letter.");
        }

        if (!Unit.TryParse(string.Join(' ', words[3..]), out var unit, out var fault))
        {
            throw new ScaleModelException($"The unit in '{line}' cannot be read: {fault}. Units are written as in 'W/m^2' or 'N s'; a pure number has the unit 1.");
        }

        var (components, points, nature, time) = (1, 1, Nature.Intensive, TimeMeaning.Instant);
        var (optional, start, ledger, phase) = (false, true, false, (string?)null);
        foreach (var part in parts[1..])
        {
            switch (part.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                case [var n, "components" or "component"] when IsCount(n, out var count): components = count; break;
                case ["any", "points"]: points = PortLayout.Varying; break;
                case [var n, "points" or "point"] when IsCount(n, out var count): points = count; break;
                case ["intensive"]: nature = Nature.Intensive; break;
                case ["extensive"]: nature = Nature.Extensive; break;
                case ["instant"]: time = TimeMeaning.Instant; break;
                case ["average"]: time = TimeMeaning.WindowAverage; break;
                case ["integral"]: time = TimeMeaning.WindowIntegral; break;
                case ["optional"] when words[0] == "in": optional = true; break;
                case ["no", "start"] when words[0] == "out": start = false; break;
                case ["ledger"] when words[0] == "out": ledger = true; break;
                case ["phase", var name]: phase = name; break;
                default: throw new ScaleModelException($"'{part}' in '{line}' means nothing there. {Form}");
            }
        }

        var direction = words[0] == "in" ? PortDirection.In : PortDirection.Out;
        return new PortLayout(new ExternalPort(words[1], direction, new Quantity(words[2], unit, nature, time), components)
        {
            Optional = optional,
            HasStart = start,
            InLedger = ledger,
            Phase = phase,
        }, points);
    }

    /// <summary>The line of <paramref name="layout"/>, always the same for the same port.</summary>
    public static string Of(PortLayout layout)
    {
        var port = layout.Port;
        var line = new List<string> { $"{(port.Direction == PortDirection.In ? "in" : "out")} {port.Name} {port.Quantity.Symbol} {port.Quantity.Unit.Symbol}" };
        void Add(bool isSo, string word)
        {
            if (isSo)
            {
                line.Add(word);
            }
        }

        Add(port.Components != 1, string.Create(CultureInfo.InvariantCulture, $"{port.Components} components"));
        Add(layout.Points == PortLayout.Varying, "any points");
        Add(layout.Points > 1, string.Create(CultureInfo.InvariantCulture, $"{layout.Points} points"));
        Add(port.Quantity.Nature == Nature.Extensive, "extensive");
        Add(port.Quantity.Time == TimeMeaning.WindowAverage, "average");
        Add(port.Quantity.Time == TimeMeaning.WindowIntegral, "integral");
        Add(port.Optional, "optional");
        Add(!port.HasStart, "no start");
        Add(port.InLedger, "ledger");
        Add(port.Phase is not null, "phase " + port.Phase);
        return string.Join(", ", line);
    }

    private static bool IsCount(string text, out int count) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count > 0;

    private static bool IsName(string name) =>
        char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}

/// <summary>Where the points of ports lie, as a file says it: a line <c>PORT x y z</c> for every point, in meters, in the order of the points.</summary>
internal static class GeometryText
{
    /// <summary>The points of every port that <paramref name="file"/> names.</summary>
    /// <exception cref="ScaleModelException">A line cannot be read.</exception>
    public static ImmutableDictionary<string, PointCloud> Parse(InputFile file)
    {
        var points = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in file.Text.Split('\n'))
        {
            number++;
            var words = line.Split('#')[0].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (words.Length != 4)
            {
                throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture, $"{file.Name}:{number}: '{line.Trim()}' is no point; a point is written as 'PORT x y z', in meters."));
            }

            if (!points.TryGetValue(words[0], out var list))
            {
                points[words[0]] = list = [];
            }

            foreach (var word in words[1..])
            {
                if (!double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
                {
                    throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture, $"{file.Name}:{number}: '{word}' is no coordinate; a number is."));
                }

                list.Add(value);
            }
        }

        return points.ToImmutableDictionary(p => p.Key, p => new PointCloud([.. p.Value]));
    }
}
