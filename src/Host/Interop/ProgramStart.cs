using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Interop;

/// <summary>A program that a participant starts, found and looked at; no shell is asked.</summary>
/// <param name="Owner">The participant.</param>
/// <param name="Program">An absolute path.</param>
/// <param name="Arguments">Its arguments, one by one.</param>
/// <param name="Folder">The folder in which it runs.</param>
internal sealed record ProgramStart(string Owner, string Program, ImmutableArray<string> Arguments, string Folder)
{
    /// <summary>The settings that say what is started.</summary>
    public static ImmutableArray<Setting> Settings { get; } =
    [
        new Setting("program", SettingKind.Text, "the program to start: a name on the path, or a path from 'folder'") { Optional = true },
        Setting.Texts("arguments", "its arguments, one by one; no shell sees them", []),
        new Setting("folder", SettingKind.Path, "the folder in which it runs, relative to the experiment; without it the current one") { Optional = true },
    ];

    /// <summary>What <paramref name="settings"/> ask for; null where they name no program.</summary>
    /// <exception cref="ScaleModelException">There is no such program, it may not be executed, or its folder does not exist.</exception>
    public static ProgramStart? Of(ModelSettings settings)
    {
        if (!settings.Has("program"))
        {
            return null;
        }

        var folder = settings.Has("folder") ? settings.Text("folder") : Environment.CurrentDirectory;
        return Directory.Exists(folder)
            ? new ProgramStart(settings.Name, Find(settings.Text("program"), folder), settings.Texts("arguments"), folder)
            : throw new ScaleModelException($"The folder '{folder}', in which the program is to run, does not exist.");
    }

    // As a shell would find it: a name on the path, anything with a slash from the folder in which it runs.
    private static string Find(string program, string folder)
    {
        var isPath = program.Contains('/', StringComparison.Ordinal);
        var places = isPath
            ? [Path.GetFullPath(program, folder)]
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(on => Path.Combine(on, program)).ToList();
        return places.FirstOrDefault(IsExecutable)
            ?? throw new ScaleModelException(places.FirstOrDefault(File.Exists) is { } found
                ? $"The program '{found}' may not be executed. Is it a script whose interpreter is the program, and the script its first argument?"
                : isPath ? $"There is no program '{places[0]}'. Was it built?"
                : $"There is no program '{program}' on the path. Is it installed? One that stands elsewhere is written with its path, such as './{program}'; arguments stand in 'arguments', one by one.");
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
