using ActorMultiscale.Host.Commands;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorMultiscale.Tests.Host;

/// <summary>
/// The program as a call: the same command line in this process, which saves each command a second of compiling. For all that nobody kills,
/// stops or looks at from outside; those are <see cref="HostProcess"/>es. Tests run one at a time, so the console and the folder are theirs.
/// </summary>
internal static class HostCall
{
    public static (int Code, string Out, string Error) Run(string folder, params string[] arguments)
    {
        var (before, formerOut, formerError) = (Environment.CurrentDirectory, Console.Out, Console.Error);
        using var output = new StringWriter();
        using var error = new StringWriter();
        try
        {
            Environment.CurrentDirectory = folder;
            Console.SetOut(TextWriter.Synchronized(output));
            Console.SetError(TextWriter.Synchronized(error));
            var code = CommandLine.RunAsync(arguments).GetAwaiter().GetResult();
            return (code, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(formerOut);
            Console.SetError(formerError);
            Environment.CurrentDirectory = before;

            // A process takes its connections with it. Kept ones would be those of another test, whose folder has a file of the same name.
            SqliteConnection.ClearAllPools();
            NpgsqlConnection.ClearAllPools();
        }
    }
}
