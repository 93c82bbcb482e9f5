namespace ActorMultiscale.Host.Composition;

/// <summary>An experiment is invalid; the message names everything that is wrong with it.</summary>
public sealed class InvalidExperimentException : Exception
{
    /// <summary>An exception without a text.</summary>
    public InvalidExperimentException() { }

    /// <summary>An exception with a report.</summary>
    public InvalidExperimentException(string message) : base(message) { }

    /// <summary>An exception with its cause.</summary>
    public InvalidExperimentException(string message, Exception inner) : base(message, inner) { }
}
