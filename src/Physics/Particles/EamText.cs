using System.Globalization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>Words of a potential file with the lines on which they stand.</summary>
internal sealed class EamText
{
    private readonly InputFile _file;
    private readonly string[] _lines;
    private int _line;
    private string[] _words = [];
    private int _word;

    public EamText(InputFile file)
    {
        _file = file;
        _lines = file.Text.Split('\n');
    }

    public string Line(int number) => number <= _lines.Length ? _lines[number - 1] : "";

    /// <summary>The names of the elements in the fourth line: a count followed by as many names. Null where it is something else.</summary>
    public string[]? Elements()
    {
        var fourth = Line(4).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fourth.Length >= 2 && int.TryParse(fourth[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && fourth.Length == count + 1
            && fourth.Skip(1).All(name => char.IsLetter(name[0])) ? fourth[1..] : null;
    }

    public void StartAtLine(int number)
    {
        _line = number - 1;
        (_words, _word) = ([], 0);
    }

    public string Word(string what)
    {
        while (_word >= _words.Length)
        {
            if (_line >= _lines.Length)
            {
                throw Fault(_lines.Length, $"the file ends where {what} is needed; it is cut off, or is no funcfl or setfl file");
            }

            (_words, _word) = (_lines[_line++].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), 0);
        }

        return _words[_word++];
    }

    public int Whole(string what, int least, int most)
    {
        var word = Word(what);
        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Fault(_line, FormattableString.Invariant($"{what} is a whole number from {least} to {most}; found '{word}'"));
    }

    public double Number(string what, double above = double.NegativeInfinity)
    {
        // Fortran writes 1.0D+00.
        var word = Word(what);
        return double.TryParse(word.Replace('D', 'E').Replace('d', 'e'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value > above
            ? value
            : throw Fault(_line, $"{what} is a finite number{(double.IsFinite(above) ? " above zero" : "")}; found '{word}'");
    }

    public double[] Numbers(string what, int count)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = Number(FormattableString.Invariant($"number {i + 1} of {count} of {what}"));
        }

        return values;
    }

    public void End()
    {
        var rest = _words.Length - _word + _lines.Skip(_line).Sum(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);
        if (rest > 0)
        {
            throw Fault(_line, FormattableString.Invariant($"{rest} words stand after the last table; the counts in the head of the file are probably wrong"));
        }
    }

    public ScaleModelException Fault(int line, string what) =>
        new(FormattableString.Invariant($"The potential '{_file.Name}', line {line}: {what}."));
}
