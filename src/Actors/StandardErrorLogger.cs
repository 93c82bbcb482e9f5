using Akka.Actor;
using Akka.Event;

namespace ActorMultiscale.Actors;

/// <summary>Passes what the actor system has to say to <see cref="Sink"/>; results on standard output stay clean.</summary>
public sealed class StandardErrorLogger : ReceiveActor
{
    /// <summary>Subscribes to the log.</summary>
    public StandardErrorLogger()
    {
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(entry => Sink($"{(entry.LogLevel() == LogLevel.ErrorLevel ? "error" : "warning")}: {entry.Message}{(entry.Cause is null ? "" : $" ({entry.Cause.GetBaseException().Message})")}"));
    }

    /// <summary>Where lines of the log go; nowhere unless the program says.</summary>
    public static Action<string> Sink { get; set; } = static _ => { };
}
