namespace ActorMultiscale.Host.Formats;

/// <summary>A file of a mesh is not what it should be, or a mesh cannot be written in a format. The message says the file, the line or byte, what was found, and what is allowed.</summary>
public sealed class MeshFileException : Exception
{
    /// <summary>An exception without a text.</summary>
    public MeshFileException() { }

    /// <summary>An exception with a report.</summary>
    public MeshFileException(string message) : base(message) { }

    /// <summary>An exception with its cause.</summary>
    public MeshFileException(string message, Exception inner) : base(message, inner) { }
}
