using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace ActorMultiscale.Host.Composition;

/// <content>Values: arrays, quoted and unquoted text.</content>
internal sealed partial class HoconParser
{
    private ConfigNode ParseValue(bool inArray = false)
    {
        var start = _at;
        switch (Current)
        {
            case '{':
                var section = new ObjectBuilder(source.PositionAt(start));
                ParseObject(section);
                return section.Build();
            case '[':
                return ParseArray();
            case '"':
                var position = source.PositionAt(start);
                var text = StandsHere("\"\"\"") ? ParseTripleQuoted() : ParseQuoted();
                return text is null ? new ConfigUnreadable(position) : new ConfigScalar(position, text, Quoted: true);
            default:
                return ParseUnquoted(inArray);
        }
    }

    private ConfigNode ParseArray()
    {
        var position = source.PositionAt(_at);
        if (Open() is not { } opener)
        {
            return new ConfigUnreadable(position);
        }

        var items = ImmutableArray.CreateBuilder<ConfigNode>();
        var isFirst = true;
        while (true)
        {
            SkipSeparators(ref isFirst);
            if (AtEnd)
            {
                ReportUnclosedAtEnd(opener);
                break;
            }

            if (Current == ']')
            {
                if (!DedentSaysUnclosed(opener))
                {
                    NoteCloser(opener);
                    _at++;
                }

                break;
            }

            if (Current == '}')
            {
                if (ForeignCloserEnds(opener))
                {
                    break;
                }

                continue;
            }

            if (source.IsFirstOnLine(_at) && source.LineAt(_at) != opener.Line && SeparatorOnThisLine() is { } separatorAt)
            {
                if (source.IndentAt(_at) <= opener.Indent)
                {
                    var key = Shorten(_text[_at..separatorAt].Trim());
                    ReportUnclosed(opener, $"Put a ']' before line {LineNumber(_at)}, where '{key}' begins");
                    break;
                }

                Report(_at, "an element of an array has no key. Write { key = value } for a section, or put text in double quotes");
                ParseEntry(Discarded());
                items.Add(new ConfigUnreadable(source.PositionAt(_at)));
                continue;
            }

            _path.Add(new PathPart(null, items.Count));
            items.Add(ParseValue(inArray: true));
            ExpectEndOfValue("this element", inArray: true);
            _path.RemoveAt(_path.Count - 1);
        }

        _open.RemoveAt(_open.Count - 1);
        return new ConfigArray(position, items.DrainToImmutable());
    }

    /// <summary>Reads text without quotes: up to the end of the line, a comma, a closing bracket or a comment.</summary>
    private ConfigNode ParseUnquoted(bool inArray)
    {
        var start = _at;
        var isSound = true;
        while (!AtValueEnd)
        {
            switch (Current)
            {
                case '$' when CharAt(_at + 1) == '{':
                    isSound = false;
                    ReportSubstitution();
                    continue;
                case '{' or '[':
                    if (isSound)
                    {
                        Report(
                            _at,
                            $"'{Current}' after text on the same line. Remove the text before it, "
                            + "or put a comma or a line break between two entries");
                        isSound = false;
                    }

                    SkipValue();
                    continue;
                case '"':
                    if (isSound)
                    {
                        Report(_at, "a quote inside text. Put the whole text in double quotes, and write \\\" for a quote in it");
                        isSound = false;
                    }

                    ParseQuoted();
                    continue;
                default:
                    if (isSound && Complaint(start, inArray) is { } complaint)
                    {
                        Report(_at, complaint);
                        isSound = false;
                    }

                    _at++;
                    continue;
            }
        }

        var position = source.PositionAt(start);
        var text = _text.AsSpan(start, _at - start).TrimEnd();
        if (isSound && inArray && IsSeveralNumbers(text))
        {
            Report(start, $"'{Shorten(text.ToString())}' are several numbers in one element. Put commas between them");
            isSound = false;
        }

        return isSound ? new ConfigScalar(position, text.ToString(), Quoted: false) : new ConfigUnreadable(position);
    }

    /// <summary>
    /// What is wrong with the character at the cursor in unquoted text that began at <paramref name="start"/>, if anything.
    /// </summary>
    private string? Complaint(int start, bool inArray) => Current switch
    {
        '\'' when _at == start => "single quotes do not quote. Use double quotes: \"text\"",
        '=' or ':' when inArray =>
            $"'{Current}' in an element of an array, which has no key. Write {{ key = value }} for a section, or put text in double quotes",
        '=' when _at > start =>
            "'=' inside a value. Put a comma or a line break between two entries; text with '=' stands in double quotes",
        ':' when _at > start =>
            "':' inside a value. Put text with ':' in double quotes; two entries need a comma or a line break between them",
        '=' or ':' or '`' or '?' or '!' or '@' or '&' or '\\' or '$' =>
            $"'{Current}' may not stand in text without quotes. Put the value in double quotes",
        _ => null,
    };

    /// <summary>Reads a quoted text; <see langword="null"/> if it is not one, which has then been reported.</summary>
    private string? ParseQuoted()
    {
        var start = _at++;
        var content = new StringBuilder();
        var isSound = true;
        var hasCodes = false;
        while (!AtEnd && !IsLineEnd(Current))
        {
            switch (Current)
            {
                case '"':
                    _at++;
                    if (isSound && hasCodes && !IsWellFormed(content))
                    {
                        Report(
                            start,
                            "the \\u escapes in this text give half of a surrogate pair. Write both halves, or the character itself");
                        isSound = false;
                    }

                    return isSound ? content.ToString() : null;
                case '\\' when _at + 1 < _text.Length && !IsLineEnd(_text[_at + 1]):
                    hasCodes |= _text[_at + 1] == 'u';
                    isSound &= ParseEscape(content);
                    break;
                default:
                    content.Append(Current);
                    _at++;
                    break;
            }
        }

        Report(
            start,
            "this quote is not closed on its line. Put a '\"' at the end of the text; "
            + "text over several lines stands between \"\"\" and \"\"\"");
        StepBackToClosers(start);
        return null;
    }

    /// <summary>
    /// At the end of a line with an unclosed quote: goes back to the closers that end the line, as many as were opened on it, because in
    /// <c>bar { model = "heat }</c> the brace is not meant to be text.
    /// </summary>
    private void StepBackToClosers(int quoteAt)
    {
        var line = source.LineAt(quoteAt);
        var end = _at;
        for (var i = _open.Count - 1; i >= 0 && _open[i].Line == line; i--)
        {
            do
            {
                end--;
            }
            while (end > quoteAt && IsBlank(_text[end]));
            if (end <= quoteAt || _text[end] != CloserOf(_open[i].Kind))
            {
                return;
            }

            _at = end;
        }
    }

    private bool ParseEscape(StringBuilder content)
    {
        var code = _text[_at + 1];
        if (code == 'u')
        {
            var digits = _text.AsSpan(_at + 2, Math.Min(4, _text.Length - _at - 2));
            if (digits.Length == 4 && ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
            {
                content.Append((char)unit);
                _at += 6;
                return true;
            }
        }
        else if ("\"\\/bfnrt".IndexOf(code, StringComparison.Ordinal) is >= 0 and var index)
        {
            content.Append("\"\\/\b\f\n\r\t"[index]);
            _at += 2;
            return true;
        }

        Report(
            _at,
            $"'\\{code}' is no escape; \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hexadecimal digits are. "
            + "Write \\\\ for a backslash, and '/' in paths");
        _at += 2;
        return false;
    }

    /// <summary>Reads text between triple quotes, as it stands, with LF as line end. Surplus quotes at its end belong to it.</summary>
    private string? ParseTripleQuoted()
    {
        var start = _at;
        var end = _text.IndexOf("\"\"\"", start + 3, StringComparison.Ordinal);
        if (end < 0)
        {
            Report(start, "these triple quotes are not closed. Put \"\"\" at the end of the text");
            SkipLine();
            return null;
        }

        while (CharAt(end + 3) == '"')
        {
            end++;
        }

        _at = end + 3;
        return _text[(start + 3)..end].Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
    }

    /// <summary>Reads a value for its faults alone.</summary>
    private void SkipValue()
    {
        SkipBlanks();
        if (AtValueEnd)
        {
            return;
        }

        ParseValue();
        SkipRestOfEntry();
    }

    private void SkipRestOfEntry()
    {
        while (!AtValueEnd)
        {
            switch (Current)
            {
                case '{':
                    ParseObject(Discarded());
                    break;
                case '[':
                    ParseArray();
                    break;
                case '"':
                    ParseQuoted();
                    break;
                default:
                    _at++;
                    break;
            }
        }
    }

    /// <summary>Checks that a comma, a line end, a comment or a closing bracket comes after a value.</summary>
    private void ExpectEndOfValue(string before, bool inArray)
    {
        SkipBlanks();
        if (AtValueEnd || source.IsFirstOnLine(_at))
        {
            return;
        }

        var next = inArray ? "elements" : "entries";
        Report(
            _at,
            $"after {before} comes {Here()} on the same line. Two {next} need a comma or a line break between them; "
            + "texts and sections are not joined");
        if (!inArray && SeparatorOnThisLine() is null)
        {
            SkipRestOfEntry();
        }
    }

    private void ReportSubstitution()
    {
        var start = _at;
        var end = _at + 2;
        while (end < _text.Length && !IsLineEnd(_text[end]) && _text[end] is not ('}' or '{' or '"'))
        {
            end++;
        }

        _at = CharAt(end) == '}' ? end + 1 : end;
        Report(
            start,
            $"the substitution '{Shorten(_text[start.._at])}' is not supported: an experiment must mean the same on every machine. "
            + "Write the value here, or give it on the command line by --set key=value");
    }
}
