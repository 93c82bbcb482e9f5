namespace ActorMultiscale.Tests.Host;

/// <summary>An experiment with states of some megabytes: a snapshot takes a while to write, fits into no cache, and its fields are kept in pieces.</summary>
internal static class LargeExperiment
{
    /// <summary>Writes its file.</summary>
    public static void WriteTo(string folder) => File.WriteAllText(Path.Combine(folder, "large.conf"), """
        name = large
        until = 0.8 s
        window = 0.1 s
        snapshots { every = 2 }
        participants {
          activator { model = reacting-species, settings { species = activator, cells = 100000, length = 10 m, diffusivity = 1 m^2/s, mode = 2, disturbance = 1e-2, substeps = 2 } }
          substrate { model = reacting-species, settings { species = substrate, cells = 100000, length = 10 m, diffusivity = 40 m^2/s, mode = 2, disturbance = 1e-2, substeps = 2 } }
        }
        conduits = [
          { from = activator.concentration, to = substrate.other }
          { from = substrate.concentration, to = activator.other }
        ]
        scheme { stages = [[activator], [substrate]] }
        watches { middle { port = activator.concentration, at = [5 m] } }
        """);

    /// <summary>The command that runs it.</summary>
    public static string[] Run(string name) => ["run", "large.conf", "--name", name, "--quiet"];
}
