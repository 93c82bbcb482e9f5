namespace ActorMultiscale.Host.Formats;

/// <summary>
/// A file of atoms is not what it should be, or a configuration cannot be written in a format. The message has a line for every fault: file, line, what was
/// found, and what is allowed.
/// </summary>
public sealed class AtomFileException : Exception
{
    /// <summary>An exception without a text.</summary>
    public AtomFileException() { }

    /// <summary>An exception with a report.</summary>
    public AtomFileException(string message) : base(message) { }

    /// <summary>An exception with its cause.</summary>
    public AtomFileException(string message, Exception inner) : base(message, inner) { }
}
