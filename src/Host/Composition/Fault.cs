namespace ActorMultiscale.Host.Composition;

/// <summary>One thing that is wrong with an experiment: where, at which key, and what to do about it.</summary>
/// <param name="Position">Where the user has to look.</param>
/// <param name="Key">The dotted path of the key, for example <c>participants.bar.length</c>; empty where there is none.</param>
/// <param name="Message">What was found, what is allowed and the likely cause, in one or two sentences.</param>
public sealed record Fault(SourcePosition Position, string Key, string Message);
