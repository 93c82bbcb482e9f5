using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>Something wrong with an experiment.</summary>
/// <param name="Path">Where: the dotted path in the experiment, such as <c>conduits.2.to</c>.</param>
/// <param name="Message">What was found, what is allowed, and the likely cause.</param>
/// <param name="IsWarning">Whether the experiment can run all the same.</param>
public sealed record ExperimentFault(string Path, string Message, bool IsWarning = false);

/// <summary>An experiment cannot be composed; <see cref="Faults"/> names everything that is wrong with it.</summary>
public sealed class ExperimentException : Exception
{
    /// <summary>An exception without faults.</summary>
    public ExperimentException() { }

    /// <summary>An exception with one sentence.</summary>
    public ExperimentException(string message) : base(message) { }

    /// <summary>An exception with its cause.</summary>
    public ExperimentException(string message, Exception inner) : base(message, inner) { }

    /// <summary>An exception with all faults.</summary>
    public ExperimentException(ImmutableArray<ExperimentFault> faults)
        : base(string.Join(Environment.NewLine, faults.Select(f => $"{f.Path}: {f.Message}"))) => Faults = faults;

    /// <summary>Everything that is wrong.</summary>
    public ImmutableArray<ExperimentFault> Faults { get; } = [];
}

/// <summary>
/// Thrown by the stand-in for a model that could not be named or set up. What is wrong with it has been said where it stands in the
/// experiment; composition only looks at the rest.
/// </summary>
public sealed class UnknownModelException : Exception
{
    /// <summary>The stand-in's exception.</summary>
    public UnknownModelException() { }

    /// <summary>The same with a text.</summary>
    public UnknownModelException(string message) : base(message) { }

    /// <summary>The same with its cause.</summary>
    public UnknownModelException(string message, Exception inner) : base(message, inner) { }
}
