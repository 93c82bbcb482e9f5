using System.Globalization;

namespace ActorMultiscale.Host.Composition;

/// <summary>
/// A text to scan: knows its lines and their indentation. Characters that may not occur are reported once, here, and replaced: by a blank
/// what cannot be seen, by U+FFFD what was meant as part of a word.
/// </summary>
internal sealed class SourceText
{
    public const char ReplacementCharacter = '\uFFFD';

    private readonly List<int> _lineStarts = [0];
    private int _line;
    private (int Line, int FirstVisible, int Indent) _indent = (-1, 0, 0);

    public SourceText(string file, string text, FaultCollector faults)
    {
        File = file;
        Text = text.StartsWith('\uFEFF') ? text[1..] : text;
        for (var i = 0; i < Text.Length; i++)
        {
            if (Text[i] == '\n' || (Text[i] == '\r' && !(i + 1 < Text.Length && Text[i + 1] == '\n')))
            {
                _lineStarts.Add(i + 1);
            }
        }

        Text = ReplaceForbidden(faults);
    }

    public string File { get; }

    public string Text { get; }

    public SourcePosition PositionAt(int index)
    {
        var line = LineAt(index);
        return new SourcePosition(File, line + 1, index - _lineStarts[line] + 1);
    }

    /// <summary>The line of an index, from 0. Indices mostly grow, so the last answer is tried first.</summary>
    public int LineAt(int index)
    {
        var inLast = _lineStarts[_line] <= index && (_line + 1 == _lineStarts.Count || index < _lineStarts[_line + 1]);
        if (!inLast)
        {
            var found = _lineStarts.BinarySearch(index);
            _line = found >= 0 ? found : ~found - 1;
        }

        return _line;
    }

    /// <summary>Whether only blanks stand before the index on its line.</summary>
    public bool IsFirstOnLine(int index) => IndentOf(index).FirstVisible == index;

    /// <summary>The indentation of the line that the index is on, tabs counting four.</summary>
    public int IndentAt(int index) => IndentOf(index).Indent;

    private (int Line, int FirstVisible, int Indent) IndentOf(int index)
    {
        var line = LineAt(index);
        if (_indent.Line != line)
        {
            var at = _lineStarts[line];
            var indent = 0;
            while (at < Text.Length && HoconParser.IsBlank(Text[at]))
            {
                indent += Text[at] == '\t' ? 4 : 1;
                at++;
            }

            _indent = (line, at, indent);
        }

        return _indent;
    }

    private string ReplaceForbidden(FaultCollector faults)
    {
        char[]? cleaned = null;
        var inRun = false;
        for (var i = 0; i < Text.Length; i++)
        {
            if (char.IsHighSurrogate(Text[i]) && i + 1 < Text.Length && char.IsLowSurrogate(Text[i + 1]))
            {
                i++;
                inRun = false;
                continue;
            }

            if (Complaint(Text[i]) is not { } complaint)
            {
                inRun = false;
                continue;
            }

            if (!inRun)
            {
                faults.Add(PositionAt(i), "", complaint);
            }

            inRun = true;
            cleaned ??= Text.ToCharArray();
            cleaned[i] = char.IsSurrogate(Text[i]) || Text[i] == ReplacementCharacter ? ReplacementCharacter : ' ';
        }

        return cleaned is null ? Text : new string(cleaned);
    }

    private static string? Complaint(char c) => c switch
    {
        >= ' ' and <= '~' or '\t' or '\n' or '\r' => null,
        ReplacementCharacter => "here stands the replacement character U+FFFD: the file is probably not saved as UTF-8. Save it as UTF-8",
        _ when char.IsSurrogate(c) => $"half of a surrogate pair ({Code(c)}): the text is not valid Unicode. Delete the character",
        _ when char.IsControl(c)
            => $"control character {Code(c)}: only tabs and line ends are allowed. Delete it; is this really a text file?",
        _ when char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            => $"invisible character {Code(c)}, perhaps pasted from a web page or a PDF. Delete it",
        _ => null,
    };

    private static string Code(char c) => "U+" + ((int)c).ToString("X4", CultureInfo.InvariantCulture);
}
