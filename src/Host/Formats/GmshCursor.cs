using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ActorMultiscale.Host.Formats;

/// <summary>
/// Numbers of a Gmsh file one after another: words in text, raw numbers where the file is binary. Keeps where it is, for messages.
/// </summary>
internal sealed class GmshCursor(string name, ReadOnlyMemory<byte> bytes)
{
    private int _at;

    /// <summary>Whether numbers are raw; lines between them are text all the same.</summary>
    public bool IsBinary { get; set; }

    /// <summary>How many bytes are left.</summary>
    public int Left => bytes.Length - _at;

    /// <summary>A fault at the present place.</summary>
    public MeshFileException Fault(string what, Exception? cause = null)
    {
        var line = 1 + bytes.Span[..Math.Min(_at, bytes.Length)].Count((byte)'\n');
        var place = IsBinary ? string.Create(CultureInfo.InvariantCulture, $"{name}, byte {_at}") : string.Create(CultureInfo.InvariantCulture, $"{name}:{line}");
        return new($"{place}: {what}.", cause!);
    }

    /// <summary>The rest of the line as text, without blanks at its ends; null at the end of the file.</summary>
    public string? Line()
    {
        if (_at >= bytes.Length)
        {
            return null;
        }

        var rest = bytes.Span[_at..];
        var end = rest.IndexOf((byte)'\n');
        var line = end < 0 ? rest : rest[..end];
        _at += Math.Min(rest.Length, line.Length + 1);
        return Encoding.UTF8.GetString(line).Trim();
    }

    /// <summary>The next line that is not blank; null at the end of the file.</summary>
    public string? FilledLine()
    {
        while (Line() is { } line)
        {
            if (line.Length > 0)
            {
                return line;
            }
        }

        return null;
    }

    /// <summary>Skips to after the line <c>$End…</c> of a section.</summary>
    public void SkipSection(string section)
    {
        var end = Encoding.ASCII.GetBytes("$End" + section);
        var found = bytes.Span[_at..].IndexOf(end);
        if (found < 0)
        {
            throw Fault($"the section ${section} has no end; '$End{section}' is needed, the file is probably cut off");
        }

        _at += found;
        Line();
    }

    /// <summary>Requires the line <c>$End…</c> next.</summary>
    public void End(string section)
    {
        var line = FilledLine();
        if (line != "$End" + section)
        {
            throw Fault($"'$End{section}' is needed here; found {(line is null ? "the end of the file" : $"'{TextLines.Shown(line)}'")}; a count in the section is probably wrong");
        }
    }

    /// <summary>A whole number of four bytes.</summary>
    public int Int(string what, int least = int.MinValue, int most = int.MaxValue)
    {
        var value = IsBinary ? BinaryPrimitives.ReadInt32LittleEndian(Raw(4, what)) : Whole(what);
        return value >= least && value <= most ? (int)value : throw Range(what, value, least, most);
    }

    /// <summary>A whole number of eight bytes.</summary>
    public long Size(string what, long least = 0, long most = long.MaxValue)
    {
        var value = IsBinary ? BinaryPrimitives.ReadInt64LittleEndian(Raw(8, what)) : Whole(what);
        return value >= least && value <= most ? value : throw Range(what, value, least, most);
    }

    /// <summary>How many things follow, of at least so many bytes each.</summary>
    public int Count(string what, long found, int bytesEach) =>
        found >= 0 && found * bytesEach <= Left ? (int)found
            : throw Fault(string.Create(CultureInfo.InvariantCulture, $"{found} {what} are announced, for which the {Left} bytes that follow are too few; the count is wrong, or the file is cut off"));

    /// <summary>A finite number.</summary>
    public double Real(string what)
    {
        if (IsBinary)
        {
            var raw = BinaryPrimitives.ReadDoubleLittleEndian(Raw(8, what));
            return double.IsFinite(raw) ? raw : throw Fault(string.Create(CultureInfo.InvariantCulture, $"{what} is {raw}; a finite number is needed"));
        }

        var word = Word(what);
        return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value
            : throw Fault($"{what} is a finite number; found '{TextLines.Shown(Encoding.UTF8.GetString(word))}'");
    }

    private long Whole(string what)
    {
        var word = Word(what);
        return long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value
            : throw Fault($"{what} is a whole number; found '{TextLines.Shown(Encoding.UTF8.GetString(word))}'");
    }

    private ReadOnlySpan<byte> Word(string what)
    {
        var span = bytes.Span;
        while (_at < span.Length && span[_at] <= ' ')
        {
            _at++;
        }

        var start = _at;
        while (_at < span.Length && span[_at] > ' ')
        {
            _at++;
        }

        return _at > start ? span[start.._at] : throw Fault($"the file ends where {what} is needed; it is probably cut off");
    }

    private ReadOnlySpan<byte> Raw(int size, string what)
    {
        if (Left < size)
        {
            throw Fault($"the file ends where {what} is needed; it is probably cut off");
        }

        _at += size;
        return bytes.Span.Slice(_at - size, size);
    }

    private MeshFileException Range(string what, long found, long least, long most) => Fault(string.Create(
        CultureInfo.InvariantCulture, $"{what} is {found}; a whole number {(most is int.MaxValue or long.MaxValue ? $"from {least} on" : $"from {least} to {most}")} is needed"));
}
