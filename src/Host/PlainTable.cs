using System.Globalization;
using Spectre.Console;

namespace ActorMultiscale.Host;

/// <summary>How a table of numbers is printed.</summary>
internal enum TableForm
{
    /// <summary>With a border.</summary>
    People,

    /// <summary>Comma-separated.</summary>
    Csv,

    /// <summary>As JSON.</summary>
    Json,
}

/// <summary>Tables of numbers: for people, or comma-separated with every digit that there is.</summary>
internal static class PlainTable
{
    public static void Write(TableForm form, string[] columns, IEnumerable<string[]> rows)
    {
        if (form == TableForm.Csv)
        {
            Console.Out.WriteLine(string.Join(',', columns.Select(Quoted)));
            foreach (var row in rows)
            {
                Console.Out.WriteLine(string.Join(',', row.Select(Quoted)));
            }

            return;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns([.. columns.Select(Markup.Escape)]);
        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        ConsoleTables.Write(table);
    }

    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The shortest text that reads back as the same number; nothing for none.</summary>
    public static string Of(double? value) => value is { } number && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Quoted(string cell) => cell.AsSpan().IndexOfAny(",\"\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
