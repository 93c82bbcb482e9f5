using System.Collections.Immutable;

namespace ActorMultiscale.Host.Composition;

/// <summary>
/// Recursive descent over one text. Every method starts at the cursor and leaves it behind what it read; where something is wrong it
/// reports that, skips as little as makes sense, and goes on, so that one pass finds all faults.
/// </summary>
/// <param name="source">The text.</param>
/// <param name="faults">Takes the faults.</param>
/// <param name="trustIndentation">Whether a line that is indented less than it should be closes what is open: for
/// texts whose braces do not add up.</param>
internal sealed partial class HoconParser(SourceText source, FaultCollector faults, bool trustIndentation)
{
    private const int LongestKey = 256;
    private const int Lookahead = 160;

    private readonly string _text = source.Text;
    private readonly List<Bracket> _open = [];
    private readonly List<PathPart> _path = [];
    private int _at;
    private bool _abandoned;
    private Bracket? _suspectCloser;

    /// <summary>Whether all brackets so far had their partners.</summary>
    public bool IsStructureSound { get; private set; } = true;

    /// <summary>Whether the text ended while something was open.</summary>
    public bool ClosersMissingAtEnd { get; private set; }

    private bool AtEnd => _at >= _text.Length;

    /// <summary>The character at the cursor; NUL at the end, which occurs nowhere else.</summary>
    private char Current => CharAt(_at);

    private bool AtLineEnd => AtEnd || IsLineEnd(Current) || AtComment;

    private bool AtComment => IsCommentAt(_at);

    private bool AtValueEnd => AtLineEnd || Current is ',' or '}' or ']';

    /// <summary>Whether the character is white space within a line.</summary>
    public static bool IsBlank(char c) => char.IsWhiteSpace(c) && !IsLineEnd(c);

    /// <summary>Reads the whole text.</summary>
    public ConfigObject ParseDocument()
    {
        var root = new ObjectBuilder(source.PositionAt(0));
        SkipBlanksAndComments();
        if (Current == '{')
        {
            ParseObject(root);
            SkipBlanksAndComments();
            if (!AtEnd && Current is not ('}' or ']'))
            {
                Report(
                    _at,
                    "this stands after the '}' that closes the whole file. Remove the braces around the file, they are not needed, "
                    + "or the surplus '}' before this place");
            }
        }
        else if (Current == '[')
        {
            Report(_at, "an experiment is made of keys, not of an array. Give the array a key: key = [ … ]");
            ParseArray();
        }

        ParseMembers(root, opener: null);
        return root.Build();
    }

    /// <summary>
    /// Reads one <c>a.b = value</c> that is the whole text: the path and the value, or <see langword="null"/> if it is not one.
    /// </summary>
    public (ImmutableArray<string> Path, ConfigNode Value)? ParseAssignment()
    {
        SkipBlanks();
        var keyAt = _at;
        if (!ParseKey())
        {
            return null;
        }

        SkipBlanks();
        if (Current is not ('=' or ':'))
        {
            Report(keyAt, Current == '+' && CharAt(_at + 1) == '='
                ? "'+=' is not supported: write the whole value, key=value"
                : "there is no '=' after the key. Write --set key=value, in shell quotes if the value has spaces or brackets");
            return null;
        }

        var path = _path.Select(static part => part.Name!).ToImmutableArray();
        _at++;
        SkipBlanks();
        if (AtValueEnd)
        {
            Report(keyAt, "there is no value after '='. Write --set key=value; an empty text is \"\"");
            return null;
        }

        var value = ParseValue();
        SkipBlanks();
        if (!AtEnd)
        {
            Report(
                _at,
                $"{Here()} stands after the value. One --set takes one assignment; text with special characters stands in double quotes");
        }

        return (path, value);
    }

    private void ParseObject(ObjectBuilder target)
    {
        if (Open() is not { } opener)
        {
            return;
        }

        ParseMembers(target, opener);
        _open.RemoveAt(_open.Count - 1);
    }

    /// <summary>Reads entries up to the closing brace, or, without an opener, to the end of the text.</summary>
    private void ParseMembers(ObjectBuilder target, Bracket? opener)
    {
        var isFirst = true;
        var membersAreIndented = false;
        while (true)
        {
            SkipSeparators(ref isFirst);
            if (AtEnd)
            {
                ReportUnclosedAtEnd(opener);
                return;
            }

            if (Current == '}')
            {
                if (opener is null)
                {
                    ReportSurplusCloser();
                    continue;
                }

                if (DedentSaysUnclosed(opener.Value))
                {
                    return;
                }

                NoteCloser(opener.Value);
                _at++;
                return;
            }

            if (Current == ']')
            {
                if (ForeignCloserEnds(opener))
                {
                    return;
                }

                continue;
            }

            if (opener is { } section && source.IsFirstOnLine(_at) && source.LineAt(_at) != section.Line)
            {
                var indent = source.IndentAt(_at);
                if (trustIndentation && membersAreIndented && indent <= section.Indent)
                {
                    ReportUnclosed(section, $"Line {LineNumber(_at)} is indented as if it were closed before");
                    return;
                }

                membersAreIndented |= indent > section.Indent;
            }

            ParseEntry(target);
        }
    }

    private void ParseEntry(ObjectBuilder target)
    {
        var depth = _path.Count;
        var keyAt = _at;
        var isUsable = ParseKey();
        switch (ParseSeparator(keyAt, isUsable))
        {
            case Separator.Value when isUsable:
                ParseValueInto(target, depth);
                break;
            case Separator.Value or Separator.Refused:
                SkipValue();
                if (isUsable)
                {
                    DefineUnreadable(target, depth, keyAt);
                }

                break;
            case Separator.NoValue when isUsable:
                DefineUnreadable(target, depth, keyAt);
                break;
            default:
                break;
        }

        _path.RemoveRange(depth, _path.Count - depth);
    }

    /// <summary>
    /// Reads a dotted key and pushes its segments; <see langword="false"/> if it is not one, which has then been reported.
    /// </summary>
    private bool ParseKey()
    {
        var keyAt = _at;
        var depth = _path.Count;
        var isUsable = true;
        while (true)
        {
            var segmentAt = _at;
            var segment = ParseKeySegment();
            isUsable &= segment is not null;
            if (segment is not null)
            {
                _path.Add(new PathPart(segment, segmentAt));
            }

            if (_path.Count > HoconScanner.MaximumDepth)
            {
                Abandon(
                    keyAt,
                    $"a key with more than {HoconScanner.MaximumDepth} segments, counting the sections around it. "
                    + "The rest of the file was not read");
                isUsable = false;
            }

            if (Current != '.')
            {
                break;
            }

            _at++;
        }

        if (!isUsable)
        {
            _path.RemoveRange(depth, _path.Count - depth);
        }

        return isUsable;
    }

    private string? ParseKeySegment()
    {
        var start = _at;
        if (Current == '"')
        {
            var quoted = ParseQuoted();
            if (quoted is { Length: 0 })
            {
                Report(start, "an empty key. Give the entry a name");
                return null;
            }

            return quoted is null || IsTooLong(start, quoted.Length) ? null : quoted;
        }

        while (!AtLineEnd && !IsBlank(Current) && Current is not ('.' or '=' or ':' or '{' or '}' or '[' or ']' or ',' or '"')
            && !(Current == '+' && CharAt(_at + 1) == '='))
        {
            _at++;
        }

        var name = _text.AsSpan(start, _at - start);
        if (name.EndsWith('$') && Current == '{')
        {
            _at--;
            ReportSubstitution();
            return null;
        }

        if (name.IsEmpty)
        {
            Report(start, Current is '.' || CharAt(start - 1) == '.'
                ? "an empty segment in a dotted key: two dots in a row, or a dot at its beginning or end. Remove the surplus dot"
                : $"{Here()} stands where a key should be: an entry is written key = value, a section key {{ … }}");
            return null;
        }

        for (var i = 0; i < name.Length; i++)
        {
            if (!KeyPath.IsPlain(name[i]) && name[i] != SourceText.ReplacementCharacter)
            {
                Report(
                    start + i,
                    $"'{name[i]}' may not stand in a key without quotes; letters, digits, '-' and '_' may. "
                    + $"Write the key in double quotes: \"{Shorten(name.ToString())}\"");
                return null;
            }
        }

        return IsTooLong(start, name.Length) || name.Contains(SourceText.ReplacementCharacter) ? null : name.ToString();
    }

    private bool IsTooLong(int at, int length)
    {
        if (length > LongestKey)
        {
            Report(at, $"a key of {length} characters; at most {LongestKey} are allowed. Is a quote or an '=' missing?");
        }

        return length > LongestKey;
    }

    /// <summary>
    /// Reads what stands between key and value, and says whether a value follows. After a key that is none one fault is enough, so that
    /// nothing more is reported.
    /// </summary>
    private Separator ParseSeparator(int keyAt, bool isUsable)
    {
        SkipBlanks();
        switch (Current)
        {
            case '=' or ':':
                _at++;
                return Separator.Value;
            case '{':
                return Separator.Value;
            case '+' when CharAt(_at + 1) == '=' && isUsable:
                Report(
                    _at,
                    "'+=' is not supported: what it gives depends on what came before. Write the whole array in one place: key = [ … ]");
                _at += 2;
                return Separator.Refused;
            default:
                break;
        }

        if (_text.AsSpan(keyAt, _at - keyAt).TrimEnd().SequenceEqual("include"))
        {
            Report(
                keyAt,
                "'include' is not supported: an experiment is one text that is stored whole with its run. Copy the entries here, "
                + "or name the file by a key that takes a path");
            SkipRestOfEntry();
            return Separator.NoKey;
        }

        if (AtValueEnd)
        {
            if (AtLineEnd && OpensAfterLineEnd("{"))
            {
                return Separator.Value;
            }

            if (isUsable)
            {
                ReportNoValue(keyAt);
            }

            return Separator.NoValue;
        }

        if (!isUsable)
        {
            _at = SeparatorOnThisLine() is { } at ? at + (_text[at] == '{' ? 0 : 1) : _at;
            return Separator.Value;
        }

        if (SeparatorOnThisLine() is { } separatorAt && Current != '"')
        {
            var name = _text[keyAt..separatorAt].Trim();
            Report(
                keyAt,
                $"the key '{Shorten(name)}' has a space in it. Write it with '-', or in double quotes; or, if these are two entries, "
                + "put a comma or a line break between them");
            _at = separatorAt + (_text[separatorAt] == '{' ? 0 : 1);
            SkipValue();
            return Separator.NoKey;
        }

        Report(
            _at,
            $"there is no '=' between the key and {Here()}. Write {Shorten(_text[keyAt.._at].TrimEnd())} = {Shorten(RestOfEntry())}");
        return Separator.Value;
    }

    private void ReportNoValue(int keyAt)
    {
        var isDecimalComma = char.IsAsciiDigit(CharAt(keyAt)) && CharAt(keyAt - 1) == ',' && char.IsAsciiDigit(CharAt(keyAt - 2));
        Report(keyAt, isDecimalComma
            ? "a comma inside a number ends the entry. Write a decimal point: 1.5, not 1,5"
            : "the key has no '=' and no value. Write key = value; an empty text is \"\"");
    }

    private void ParseValueInto(ObjectBuilder target, int depth)
    {
        var section = FindSection(target, depth);
        var key = _path[^1];
        SkipBlanks();
        if (AtValueEnd && !(AtLineEnd && OpensAfterLineEnd("{[")))
        {
            Report(key.At, "there is no value after the '='. Write key = value; an empty text is \"\"");
            Define(section, key, new ConfigUnreadable(source.PositionAt(key.At)));
            return;
        }

        if (Current == '{')
        {
            ParseObject(SectionToFill(section, key));
            ExpectEndOfValue("the '}'", inArray: false);
            return;
        }

        var opening = Current;
        Define(section, key, ParseValue());
        ExpectEndOfValue(opening == '[' ? "the ']'" : "the closing quote", inArray: false);
    }

    /// <summary>
    /// The section that the last segment of the key belongs to; one that is thrown away if a segment before it is a value.
    /// </summary>
    private ObjectBuilder FindSection(ObjectBuilder target, int depth)
    {
        for (var i = depth; i < _path.Count - 1; i++)
        {
            var (name, at) = _path[i];
            var slot = target.Find(name!);
            if (slot is { Section: null })
            {
                Report(at, $"this is a value in line {slot.KeyPosition.Line} and a section here. Rename one of the two", PathOf(i + 1));
                return Discarded();
            }

            target = slot?.Section ?? target.AddSection(name!, source.PositionAt(at), source.PositionAt(at));
        }

        return target;
    }

    private ObjectBuilder SectionToFill(ObjectBuilder parent, PathPart key)
    {
        var slot = parent.Find(key.Name!);
        if (slot is { Section: null })
        {
            Report(key.At, $"this is a value in line {slot.KeyPosition.Line} and a section here. Rename one of the two");
            return Discarded();
        }

        return slot?.Section ?? parent.AddSection(key.Name!, source.PositionAt(key.At), source.PositionAt(_at));
    }

    private void Define(ObjectBuilder section, PathPart key, ConfigNode value)
    {
        if (section.Find(key.Name!) is not { } earlier)
        {
            section.AddValue(key.Name!, source.PositionAt(key.At), value);
        }
        else if (earlier.Section is not null)
        {
            Report(key.At, $"this is a section in line {earlier.KeyPosition.Line} and a value here. Rename one of the two");
        }
        else
        {
            Report(
                key.At,
                $"defined twice: in line {earlier.KeyPosition.Line} and again in line {LineNumber(key.At)}. Keep one of the two");
        }
    }

    /// <summary>Remembers a key whose value could not be read, so that nobody complains that it is missing.</summary>
    private void DefineUnreadable(ObjectBuilder target, int depth, int keyAt)
    {
        for (var i = depth; i < _path.Count - 1; i++)
        {
            var slot = target.Find(_path[i].Name!);
            if (slot is { Section: null })
            {
                return;
            }

            target = slot?.Section ?? target.AddSection(_path[i].Name!, source.PositionAt(_path[i].At), source.PositionAt(keyAt));
        }

        if (target.Find(_path[^1].Name!) is null)
        {
            target.AddValue(_path[^1].Name!, source.PositionAt(_path[^1].At), new ConfigUnreadable(source.PositionAt(keyAt)));
        }
    }

    private enum Separator
    {
        /// <summary>A value follows.</summary>
        Value,

        /// <summary>A value follows, but is not taken.</summary>
        Refused,

        /// <summary>The key has no value.</summary>
        NoValue,

        /// <summary>It was no key, and all of it has been skipped.</summary>
        NoKey,
    }

    /// <summary>An opening bracket: where it stands and how far its line is indented.</summary>
    private readonly record struct Bracket(char Kind, int At, int Line, int Indent);

    /// <summary>
    /// A segment of the path to the cursor: a key and where it stands, or, without a name, the index of an array element.
    /// </summary>
    private readonly record struct PathPart(string? Name, int At);
}
