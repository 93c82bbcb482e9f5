namespace ActorMultiscale.Testing;

/// <summary>The experiments of the repository.</summary>
public static class ShippedExperiments
{
    // What an experiment may need that is not part of the repository: how it names it, and where it stands.
    private static readonly (string Named, string File)[] _foreign =
        [("/usr/share/lammps/potentials/Cu_u3.eam\"", "/usr/share/lammps/potentials/Cu_u3.eam"), ("program = lmp", "/usr/bin/lmp")];

    /// <summary>The folder in which they stand.</summary>
    public static string Folder
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder!.FullName, "ActorMultiscale.sln")))
            {
                folder = folder.Parent;
            }

            return Path.Combine(folder.FullName, "hocon", "experiments");
        }
    }

    /// <summary>Which are left out, and why; null if none is.</summary>
    public static string? LeftOut
    {
        get
        {
            var all = Directory.EnumerateFiles(Folder, "*.conf", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file)).Except(Names).ToList();
            return all.Count == 0 ? null : $"{string.Join(", ", all)} need what is not here: {string.Join(" or ", _foreign.Where(f => !File.Exists(f.File)).Select(f => f.File))}";
        }
    }

    /// <summary>
    /// Their paths in it. One that needs what is not there cannot even be composed, and is left out; but not where tests must be complete
    /// (the environment variable CI is <c>true</c>): there everything must be.
    /// </summary>
    public static IEnumerable<string> Names =>
        from file in Directory.EnumerateFiles(Folder, "*.conf", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        let text = File.ReadAllText(file)
        where Environment.GetEnvironmentVariable("CI") == "true" || _foreign.All(f => !text.Contains(f.Named, StringComparison.Ordinal) || File.Exists(f.File))
        select Path.GetRelativePath(Folder, file);
}
