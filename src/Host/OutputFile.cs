namespace ActorMultiscale.Host;

/// <summary>Files that a command writes where the user says.</summary>
internal static class OutputFile
{
    /// <summary>Writes <paramref name="file"/>.</summary>
    /// <returns>Whether it could be; otherwise standard error says why not.</returns>
    public static bool TryWrite(string file, string what, Action<Stream> write)
    {
        try
        {
            using var to = new FileStream(file, FileMode.Create);
            write(to);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Console.Error.WriteLine($"{what} cannot be written to '{file}': {fault.Message} Name a file in a folder that exists and may be written to.");
            return false;
        }
    }
}
