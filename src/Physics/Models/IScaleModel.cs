namespace ActorMultiscale.Physics.Models;

/// <summary>
/// A solver of one scale. It has a single caller at a time and needs no locks; it does no I/O, reads no clock, and takes
/// random numbers from its <see cref="AdvanceContext"/> alone. Everything it does is a function of its settings, its state and its inputs.
/// </summary>
public interface IScaleModel
{
    /// <summary>Ports and sizes. The same whenever it is asked.</summary>
    ModelDescription Description { get; }

    /// <summary>
    /// Sets the state at the start of the run and writes a value for that time to every out-port with <see cref="Port.HasStart"/>.
    /// Not called on a model whose state is restored by <see cref="Archive"/> instead.
    /// </summary>
    void Initialize(PortWriter outputs);

    /// <summary>
    /// Advances over <see cref="AdvanceContext.Window"/> with as many steps as the model likes, and writes every out-port
    /// at increasing times, the last exactly at the window's end.
    /// </summary>
    /// <exception cref="ScaleModelException">The window cannot be computed (an instability, no convergence). It may be tried again with half the length.</exception>
    void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs);

    /// <summary>
    /// Names every part of the state, once, in a fixed order. The one walk serves saving, restoring and hashing, so that they cannot disagree.
    /// What is not archived must be a function of settings and of what is.
    /// </summary>
    void Archive(StateArchive archive);
}

/// <summary>A scale model cannot do what was asked of it.</summary>
public sealed class ScaleModelException : Exception
{
    /// <summary>A fault without a text.</summary>
    public ScaleModelException() { }

    /// <summary>A fault with a sentence that says what was found and what would have been allowed.</summary>
    public ScaleModelException(string message) : base(message) { }

    /// <summary>A fault with its cause.</summary>
    public ScaleModelException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>
/// The solver behind a model is gone, and nothing is known of the window: its process died, or what it answered cannot be read.
/// A model made anew may repeat the same window; a shorter one would not help.
/// </summary>
public sealed class SolverLostException : Exception
{
    /// <summary>A fault without a text.</summary>
    public SolverLostException() { }

    /// <summary>A fault with a sentence that says what was found.</summary>
    public SolverLostException(string message) : base(message) { }

    /// <summary>A fault with its cause.</summary>
    public SolverLostException(string message, Exception inner) : base(message, inner) { }
}
