namespace ActorMultiscale.Host.Composition;

/// <content>Opening and closing: which bracket is missing, surplus or of the wrong kind.</content>
internal sealed partial class HoconParser
{
    /// <summary>Steps over an opening bracket and remembers it; <see langword="null"/> if it is one too deep.</summary>
    private Bracket? Open()
    {
        if (_open.Count == HoconScanner.MaximumDepth)
        {
            Abandon(_at, $"nested deeper than {HoconScanner.MaximumDepth} levels. Is this an experiment file? The rest of it was not read");
            return null;
        }

        var bracket = new Bracket(Current, _at, source.LineAt(_at), source.IndentAt(_at));
        _open.Add(bracket);
        _at++;
        return bracket;
    }

    /// <summary>
    /// Remembers a closer that is indented deeper than the line it closes: if one turns out to be surplus, it may be this.
    /// </summary>
    private void NoteCloser(Bracket opener)
    {
        var line = source.LineAt(_at);
        if (_suspectCloser is null && source.IsFirstOnLine(_at) && line != opener.Line && source.IndentAt(_at) > opener.Indent)
        {
            _suspectCloser = opener with { At = _at, Line = line };
        }
    }

    private void ReportSurplusCloser()
    {
        var hint = _suspectCloser is { } suspect && suspect.Kind == (Current == '}' ? '{' : '[')
            ? $"By its indentation the one in line {suspect.Line + 1} may be the one too many"
            : "Remove it, or look for a missing opening one before";
        IsStructureSound = false;
        Report(_at, $"this '{Current}' closes nothing. {hint}", "");
        _at++;
    }

    private void ReportUnclosed(Bracket opener, string hint)
    {
        IsStructureSound = false;
        Report(opener.At, $"the '{opener.Kind}' opened here in line {opener.Line + 1} is never closed. {hint}");
    }

    private void ReportUnclosedAtEnd(Bracket? opener)
    {
        if (opener is not { } bracket || _abandoned)
        {
            return;
        }

        ClosersMissingAtEnd = true;
        ReportUnclosed(bracket, $"The file ends without its '{CloserOf(bracket.Kind)}'");
    }

    /// <summary>
    /// In a text with too few closers: whether the one at the cursor is indented like something further out, so that it closes that and
    /// what is innermost was left open. Reported if so.
    /// </summary>
    private bool DedentSaysUnclosed(Bracket opener)
    {
        if (!trustIndentation || !source.IsFirstOnLine(_at) || source.LineAt(_at) == opener.Line)
        {
            return false;
        }

        var indent = source.IndentAt(_at);
        if (indent >= opener.Indent || !_open.Exists(outer => outer.Kind == opener.Kind && outer.Indent == indent))
        {
            return false;
        }

        ReportUnclosed(
            opener,
            $"The '{Current}' in line {LineNumber(_at)} is indented like an outer one, so the missing one belongs before it");
        return true;
    }

    /// <summary>
    /// At a closer of the other kind than the innermost opener: decides whether a closer was left out, the wrong kind was typed, or this
    /// one is surplus; reports that; and says whether the innermost bracket ends here.
    /// </summary>
    private bool ForeignCloserEnds(Bracket? innermost)
    {
        if (innermost is not { } opener)
        {
            ReportSurplusCloser();
            return false;
        }

        var closer = Current;
        var line = source.LineAt(_at);
        var outer = _open.FindLast(bracket => CloserOf(bracket.Kind) == closer);
        var hasOuter = outer.Kind != '\0';
        var looksLikePartner = line == opener.Line
            ? !hasOuter || outer.Line != line || OccursLaterOnLine(closer)
            : source.IsFirstOnLine(_at) && source.IndentAt(_at) == opener.Indent && (!hasOuter || outer.Indent < opener.Indent);

        if (looksLikePartner || (!hasOuter && opener.Kind == '['))
        {
            IsStructureSound = false;
            Report(_at, $"the '{opener.Kind}' opened in line {opener.Line + 1} is closed by '{closer}'. Write '{CloserOf(opener.Kind)}'");
            _at++;
            return true;
        }

        if (hasOuter)
        {
            ReportUnclosed(opener, $"Put a '{CloserOf(opener.Kind)}' before the '{closer}' in line {line + 1}");
            return true;
        }

        ReportSurplusCloser();
        return false;
    }

    private bool OccursLaterOnLine(char c)
    {
        for (var i = _at + 1; i < _text.Length && i < _at + Lookahead && !IsLineEnd(_text[i]); i++)
        {
            if (_text[i] == c)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives up on the rest of the text, which is no experiment.</summary>
    private void Abandon(int at, string message)
    {
        Report(at, message, "");
        IsStructureSound = false;
        _abandoned = true;
        _at = _text.Length;
    }
}
