using System.Globalization;
using System.Text;

namespace ActorMultiscale.Host.Composition;

/// <content>The cursor: looking ahead, skipping, and words for messages.</content>
internal sealed partial class HoconParser
{
    private void SkipBlanks()
    {
        while (!AtEnd && IsBlank(Current))
        {
            _at++;
        }
    }

    private void SkipLine()
    {
        while (!AtEnd && !IsLineEnd(Current))
        {
            _at++;
        }
    }

    private void SkipBlanksAndComments()
    {
        while (!AtEnd)
        {
            if (AtComment)
            {
                SkipLine();
            }
            else if (char.IsWhiteSpace(Current))
            {
                _at++;
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Skips what may stand between entries or elements: blanks, comments, line ends and at most one comma.</summary>
    private void SkipSeparators(ref bool isFirst)
    {
        var commas = isFirst ? 1 : 0;
        while (true)
        {
            SkipBlanksAndComments();
            if (Current != ',')
            {
                break;
            }

            if (++commas == 2)
            {
                Report(_at, "a comma with nothing before it. Remove it, or write the missing entry");
            }

            _at++;
        }

        isFirst = false;
    }

    /// <summary>Whether the next thing after the line end at the cursor is one of these brackets; moves there if so.</summary>
    private bool OpensAfterLineEnd(string brackets)
    {
        var start = _at;
        SkipBlanksAndComments();
        if (!AtEnd && brackets.Contains(Current, StringComparison.Ordinal))
        {
            return true;
        }

        _at = start;
        return false;
    }

    /// <summary>
    /// Where the '=', ':' or '{' stands that makes the text at the cursor an entry; <see langword="null"/> if it is none.
    /// </summary>
    private int? SeparatorOnThisLine()
    {
        if (StandsHere("\"\"\""))
        {
            return null;
        }

        var inQuotes = false;
        for (var i = _at; i < _text.Length && i < _at + Lookahead; i++)
        {
            var c = _text[i];
            if (IsLineEnd(c) || (!inQuotes && (c is ',' or '[' or ']' or '}' || IsCommentAt(i))))
            {
                return null;
            }

            i += inQuotes && c == '\\' ? 1 : 0;
            inQuotes ^= c == '"';
            if (!inQuotes && c is '=' or ':' or '{')
            {
                return i > _at && _text[i - 1] != '$' ? i : null;
            }
        }

        return null;
    }

    private string RestOfEntry()
    {
        var end = _at;
        while (end < _text.Length && end < _at + Lookahead
            && _text[end] is not (',' or '}' or ']' or '\n' or '\r') && !IsCommentAt(end))
        {
            end++;
        }

        return _text[_at..end].TrimEnd();
    }

    private bool StandsHere(string expected) => string.CompareOrdinal(_text, _at, expected, 0, expected.Length) == 0;

    private char CharAt(int index) => index >= 0 && index < _text.Length ? _text[index] : '\0';

    private bool IsCommentAt(int index) => CharAt(index) is '#' || (CharAt(index) is '/' && CharAt(index + 1) is '/');

    private static bool IsLineEnd(char c) => c is '\n' or '\r';

    private static char CloserOf(char opener) => opener switch { '{' => '}', '[' => ']', _ => '\0' };

    private static bool IsWellFormed(StringBuilder content)
    {
        for (var i = 0; i < content.Length; i++)
        {
            if (char.IsHighSurrogate(content[i]) && i + 1 < content.Length && char.IsLowSurrogate(content[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(content[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSeveralNumbers(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var word in text.SplitAny(' ', '\t'))
        {
            if (!text[word].IsEmpty)
            {
                if (!double.TryParse(text[word], NumberStyles.Float, CultureInfo.InvariantCulture, out _))
                {
                    return false;
                }

                count++;
            }
        }

        return count > 1;
    }

    private void Report(int at, string message) => Report(at, message, PathOf(_path.Count));

    private void Report(int at, string message, string key) => faults.Add(source.PositionAt(at), key, message);

    private string PathOf(int count)
    {
        var path = "";
        for (var i = 0; i < count; i++)
        {
            var (name, number) = _path[i];
            path = KeyPath.Join(path, name ?? number.ToString(CultureInfo.InvariantCulture));
        }

        return path;
    }

    private int LineNumber(int at) => source.LineAt(at) + 1;

    /// <summary>What stands at the cursor, for a message.</summary>
    private string Here()
    {
        if (AtEnd)
        {
            return "the end of the text";
        }

        if (IsLineEnd(Current))
        {
            return "the end of the line";
        }

        var end = _at;
        while (end < _text.Length && end < _at + Lookahead && (KeyPath.IsPlain(_text[end]) || _text[end] == '.'))
        {
            end++;
        }

        return $"'{Shorten(_text[_at..Math.Max(end, _at + 1)])}'";
    }

    private static string Shorten(string text)
    {
        const int shown = 40;
        return text.Length <= shown ? text : text[..shown] + "…";
    }

    private ObjectBuilder Discarded() => new(source.PositionAt(_at));
}
