namespace ActorMultiscale.Host.Composition;

/// <summary>
/// Reads experiment files: a strict subset of HOCON, of which every JSON object is one.
/// </summary>
/// <remarks>
/// <para>
/// Understood are comments (<c>#</c>, <c>//</c>), <c>key = value</c>, <c>key : value</c>, <c>key { … }</c>, dotted and quoted keys, quoted
/// and triple-quoted text, unquoted text up to the end of the line, arrays, and sections that are written in several places. Refused are
/// <c>include</c>, <c>${…}</c> and <c>+=</c>, because an experiment is to be one text that means the same on every machine.
/// </para>
/// <para>
/// A key may be defined once only. All faults are found in one call. The scanner returns for every text, in linear time, and throws for
/// none.
/// </para>
/// </remarks>
public static class HoconScanner
{
    /// <summary>The most characters that a text may have.</summary>
    public const int MaximumLength = 4 * 1024 * 1024;

    /// <summary>How deep sections and arrays may be nested.</summary>
    public const int MaximumDepth = 64;

    /// <summary>Reads a text.</summary>
    /// <param name="file">The name of the file, for positions only.</param>
    /// <param name="text">Its content.</param>
    public static ScanResult Scan(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaximumLength)
        {
            var start = new SourcePosition(file, 1, 1);
            var tooLarge = new Fault(
                start,
                "",
                $"the file has {text.Length} characters; at most {MaximumLength} are allowed. Is this an experiment file? "
                + "Large data belong into files of their own, named by a key");
            return new ScanResult(new ConfigObject(start, []), [tooLarge]) { IsStructureSound = false };
        }

        var (result, closersMissing) = Parse(file, text, trustIndentation: false);
        return closersMissing ? Parse(file, text, trustIndentation: true).Result : result;
    }

    /// <summary>
    /// Braces tell the structure. Only where they do not add up, a second look takes indentation as the hint where one is missing.
    /// </summary>
    private static (ScanResult Result, bool ClosersMissing) Parse(string file, string text, bool trustIndentation)
    {
        var faults = new FaultCollector();
        var parser = new HoconParser(new SourceText(file, text, faults), faults, trustIndentation);
        var root = parser.ParseDocument();
        return (new ScanResult(root, faults.Sorted()) { IsStructureSound = parser.IsStructureSound }, parser.ClosersMissingAtEnd);
    }
}
