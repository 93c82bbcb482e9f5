using System.Globalization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Formats;

/// <summary>A text, line by line, and what is wrong with it. Faults of lines that do not depend on each other are collected, up to a limit.</summary>
internal sealed class TextLines(InputFile file)
{
    private const int Limit = 20;

    private readonly string _text = file.Text;
    private readonly List<string> _faults = [];
    private int _next = file.Text.StartsWith('\uFEFF') ? 1 : 0;

    /// <summary>The number of the line read last, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>How many characters were not read yet: what a count in a file announces must find room in them.</summary>
    public int Left => _text.Length - _next;

    /// <summary>The next line, without its end.</summary>
    public bool TryNext(out ReadOnlySpan<char> line)
    {
        if (!TryPeek(out line))
        {
            return false;
        }

        _next += line.Length + 1;
        Number++;
        line = line.TrimEnd('\r');
        return true;
    }

    /// <summary>The next line that is not blank.</summary>
    public bool TryNextFilled(out ReadOnlySpan<char> line)
    {
        while (TryNext(out line))
        {
            if (!new Words(line).AtEnd)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The next line, which has to be there.</summary>
    public ReadOnlySpan<char> Next(string what) => TryNext(out var line) ? line : throw Stop($"the file ends where {what} is needed; it is probably cut off");

    /// <summary>The next line, which stays the next.</summary>
    public bool TryPeek(out ReadOnlySpan<char> line)
    {
        if (_next >= _text.Length)
        {
            line = default;
            return false;
        }

        line = _text.AsSpan(_next);
        var end = line.IndexOf('\n');
        line = end < 0 ? line : line[..end];
        return true;
    }

    /// <summary>Notes a fault of the line read last.</summary>
    public void Add(string what)
    {
        _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{file.Name}:{Number}: {what}."));
        if (_faults.Count == Limit)
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{file.Name}: these are the first {Limit} faults; there may be more."));
            throw Report();
        }
    }

    /// <summary>Notes a fault after which nothing else can be understood.</summary>
    public AtomFileException Stop(string what)
    {
        Add(what);
        return Report();
    }

    /// <summary>Throws if there are faults.</summary>
    public void RequireNoFaults()
    {
        if (_faults.Count > 0)
        {
            throw Report();
        }
    }

    /// <summary>Throws if the rest of the text is too short for <paramref name="count"/> lines of <paramref name="words"/> words.</summary>
    public void RequireRoom(long count, long words, string what)
    {
        if (2 * (Int128)count * words > (Int128)Left + 1)
        {
            throw Stop(string.Create(CultureInfo.InvariantCulture, $"{count} {what} are announced, for which the {Left} characters that follow are too few; the count is wrong, or the file is cut off"));
        }
    }

    public double Real(scoped ref Words words, string what)
    {
        var word = words.Next();
        if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
        {
            return value;
        }

        Add(word.IsEmpty ? $"{what} is missing, a finite number" : $"{what} is a finite number; found '{Shown(word)}'");
        return 0;
    }

    public long Whole(scoped ref Words words, string what, long least = long.MinValue, long most = long.MaxValue)
    {
        var word = words.Next();
        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        var range = (least, most) switch
        {
            (long.MinValue, _) => "a whole number",
            (_, long.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} on"),
            _ when most < least => string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} on, but none is allowed here, as their number in the file is {most}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"),
        };
        Add(word.IsEmpty ? $"{what} is missing, {range}" : $"{what} is {range}; found '{Shown(word)}'");
        return Math.Max(least, Math.Min(0, most));
    }

    /// <summary>A piece of the text as a message can carry it.</summary>
    public static string Shown(ReadOnlySpan<char> piece)
    {
        const int most = 40;
        var shown = piece.Length > most ? string.Concat(piece[..most], "…") : piece.ToString();
        return string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c));
    }

    private AtomFileException Report() => new(string.Join('\n', _faults));
}

/// <summary>The words of a line; blanks and control characters part them.</summary>
internal ref struct Words(ReadOnlySpan<char> line)
{
    private ReadOnlySpan<char> _rest = line;

    /// <summary>Whether no word is left.</summary>
    public bool AtEnd
    {
        get
        {
            Skip();
            return _rest.IsEmpty;
        }
    }

    /// <summary>What is left, from the next word on.</summary>
    public ReadOnlySpan<char> Rest
    {
        get
        {
            Skip();
            return _rest;
        }
    }

    /// <summary>The next word; empty if none is left.</summary>
    public ReadOnlySpan<char> Next()
    {
        Skip();
        var end = 0;
        while (end < _rest.Length && _rest[end] > ' ')
        {
            end++;
        }

        var word = _rest[..end];
        _rest = _rest[end..];
        return word;
    }

    /// <summary>How many words a line has.</summary>
    public static int Count(ReadOnlySpan<char> line)
    {
        var words = new Words(line);
        var count = 0;
        while (!words.Next().IsEmpty)
        {
            count++;
        }

        return count;
    }

    private void Skip()
    {
        var start = 0;
        while (start < _rest.Length && _rest[start] <= ' ')
        {
            start++;
        }

        _rest = _rest[start..];
    }
}
