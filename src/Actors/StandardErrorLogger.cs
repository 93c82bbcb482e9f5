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
        Receive<LogEvent>(entry => Sink(Tame($"{(entry.LogLevel() == LogLevel.ErrorLevel ? "error" : "warning")}: {entry.Message}{(entry.Cause is null ? "" : $" ({entry.Cause.GetBaseException().Message})")}")));
    }

    // Strangers have their word in it (what a certificate calls itself, what a peer says in farewell): it forges no line and steers no terminal.
    internal static string Tame(string line) => string.Create(line.Length, line, static (to, from) =>
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = (char.IsControl(from[i]) && from[i] is not ('\n' or '\t')) || from[i] is '\u2028' or '\u2029' ? '\uFFFD' : from[i];
        }
    }).ReplaceLineEndings("\n  ");

    /// <summary>Where lines of the log go; nowhere unless the program says.</summary>
    public static Action<string> Sink { get; set; } = static _ => { };
}
