using System.Globalization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// A section of a file of pair tables as LAMMPS reads them (<c>pair_style table</c>): a name, a line <c>N 500 R 0.5 2.6</c>, and so many lines of number, distance, energy and force.
/// </summary>
/// <remarks>
/// With <c>R lo hi</c> or <c>RSQ lo hi</c> distances are not those of the lines, but equally spaced in r or r² from lo to hi, as in LAMMPS. <c>FPRIME lo hi</c> are the slopes of the force at both ends.
/// <c>BITMAP</c> is refused. Numbers are in the units of the atoms.
/// </remarks>
public sealed class PairTableFile
{
    private PairTableFile(double[] distances, double[] energies, double[] forces, (double First, double Last)? slopes) =>
        (Distances, Energies, Forces, Slopes) = (distances, energies, forces, slopes);

    /// <summary>r of each point, ascending.</summary>
    public IReadOnlyList<double> Distances { get; }

    /// <summary>φ(r).</summary>
    public IReadOnlyList<double> Energies { get; }

    /// <summary>−φ′(r).</summary>
    public IReadOnlyList<double> Forces { get; }

    /// <summary>−φ″ at the first and the last point, where the file says so.</summary>
    public (double First, double Last)? Slopes { get; }

    /// <summary>Reads a section.</summary>
    /// <param name="file">The file.</param>
    /// <param name="section">Its name; the first section if null.</param>
    /// <exception cref="ScaleModelException">There is no such section, or it is no table; the message says where and why.</exception>
    public static PairTableFile Parse(InputFile file, string? section)
    {
        ArgumentNullException.ThrowIfNull(file);
        var lines = file.Text.Split('\n');
        var names = new List<string>();
        for (var at = 0; at < lines.Length;)
        {
            // Lines between sections may be blank or comments.
            if (Words(lines[at]) is not [var name, ..])
            {
                at++;
                continue;
            }

            names.Add(name);
            var head = Next(lines, at + 1) is { } line ? line : throw Fault(file, lines.Length, $"the file ends where the line 'N …' of the section '{name}' is needed");
            var count = Count(file, lines, head);
            if (section is null || name == section)
            {
                return Table(file, lines, head, count);
            }

            at = Next(lines, head + 1) is { } first ? first + count : lines.Length;
        }

        throw new ScaleModelException($"The tables '{file.Name}' have no section {(section is null ? "at all" : $"'{section}'; they have {(names.Count == 0 ? "none" : string.Join(", ", names))}")}.");
    }

    /// <summary>The table of a potential.</summary>
    /// <param name="points">How many points are made of it.</param>
    /// <param name="cutoff">Where it ends; the last distance if null.</param>
    /// <param name="interpolation">What lies between the points.</param>
    /// <exception cref="ScaleModelException">The cutoff is beyond the table, or distances do not ascend.</exception>
    public PairTable ToTable(int points, double? cutoff, TableInterpolation interpolation) =>
        new([.. Distances], [.. Energies], [.. Forces], points, cutoff ?? Distances[^1], interpolation, Slopes);

    private static PairTableFile Table(InputFile file, string[] lines, int head, int count)
    {
        var (_, spacing, slopes) = Head(file, lines, head);
        var (r, e, f) = (new double[count], new double[count], new double[count]);
        var first = Next(lines, head + 1) ?? lines.Length;
        for (var i = 0; i < count; i++)
        {
            var at = first + i;
            if (at >= lines.Length || Words(lines[at]) is not [_, var distance, var energy, var force, ..])
            {
                throw Fault(file, Math.Min(at + 1, lines.Length), FormattableString.Invariant($"point {i + 1} of {count} is a number, a distance, an energy and a force; found '{(at < lines.Length ? lines[at].Trim() : "the end of the file")}'"));
            }

            (r[i], e[i], f[i]) = (Number(file, at, distance), Number(file, at, energy), Number(file, at, force));
            if (spacing is var (isSquare, low, high))
            {
                var part = (double)i / (count - 1);
                r[i] = isSquare ? Math.Sqrt((low * low) + (part * ((high * high) - (low * low)))) : low + ((high - low) * part);
            }
        }

        return new(r, e, f, slopes);
    }

    private static int Count(InputFile file, string[] lines, int head) => Head(file, lines, head).Count;

    private static (int Count, (bool IsSquare, double Low, double High)? Spacing, (double First, double Last)? Slopes) Head(InputFile file, string[] lines, int at)
    {
        var words = Words(lines[at]);
        (int Count, (bool, double, double)? Spacing, (double, double)? Slopes) head = default;
        for (var w = 0; w < words.Length;)
        {
            double Value(int behind) => w + behind < words.Length ? Number(file, at, words[w + behind]) : throw Fault(file, at + 1, $"'{words[w]}' takes {(words[w] == "N" ? "a number" : "two numbers")}");
            switch (words[w])
            {
                case "N":
                    head.Count = Value(1) is >= 2 and <= 10_000_000 and var n && n == Math.Floor(n) ? (int)n : throw Fault(file, at + 1, $"N is a whole number from 2 on; found '{words[w + 1]}'");
                    w += 2;
                    break;
                case "R" or "RSQ":
                    var (low, high) = (Value(1), Value(2));
                    head.Spacing = low > 0 && high > low ? (words[w] == "RSQ", low, high) : throw Fault(file, at + 1, $"'{words[w]}' takes the first and the last distance, above zero and ascending; found '{words[w + 1]} {words[w + 2]}'");
                    w += 3;
                    break;
                case "FPRIME":
                    head.Slopes = (Value(1), Value(2));
                    w += 3;
                    break;
                default:
                    throw Fault(file, at + 1, $"found '{words[w]}' where the line of a section is 'N …' with R, RSQ and FPRIME{(words[w] == "BITMAP" ? "; tables with BITMAP are not read" : "")}");
            }
        }

        return head.Count >= 2 ? head : throw Fault(file, at + 1, "the line of a section says how many points there are: 'N 500' for instance");
    }

    // The next line that says something.
    private static int? Next(string[] lines, int from)
    {
        for (var at = from; at < lines.Length; at++)
        {
            if (Words(lines[at]).Length > 0)
            {
                return at;
            }
        }

        return null;
    }

    private static string[] Words(string line) => (line.IndexOf('#', StringComparison.Ordinal) is >= 0 and var comment ? line[..comment] : line).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static double Number(InputFile file, int at, string word) => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
        ? value
        : throw Fault(file, at + 1, $"found '{word}' where a finite number is needed");

    private static ScaleModelException Fault(InputFile file, int line, string what) => new(FormattableString.Invariant($"The tables '{file.Name}', line {line}: {what}."));
}
