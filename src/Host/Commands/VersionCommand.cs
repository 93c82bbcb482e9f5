using System.CommandLine;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>version</c>: what this program is, for reports and scripts.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var json = SharedOptions.Json();
        var command = new Command("version", "Show the version of the program") { json };
        command.SetAction(parsed =>
        {
            var output = new VersionOutput("ActorMultiscale", Machine.Program, RunEventCodec.Format, Machine.Stamp);
            Console.Out.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(output, HostJson.Readable.VersionOutput)
                : $"{output.Program} {output.Version} (run format {output.Format}; {output.Machine.OperatingSystem}, {output.Machine.Runtime}, vectors of {output.Machine.Vectors})");
            return ExitCode.Ok;
        });
        return command;
    }
}

/// <summary>The version of the program.</summary>
public sealed record VersionOutput(string Program, string Version, int Format, MachineStamp Machine);
