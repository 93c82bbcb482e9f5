using System.Diagnostics;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>A test with a program of others. Where that is absent the test is skipped with the reason, but never on the build machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute(string peer)
    {
        if (Environment.GetEnvironmentVariable("CI") != "true" && !IsHere(peer))
        {
            Skip = $"'{peer}' is not installed: apt-get install lammps python3-ase";
        }
    }

    private static bool IsHere(string peer)
    {
        if (peer == "lmp")
        {
            return File.Exists(Peers.Lammps);
        }

        try
        {
            using var python = Process.Start(new ProcessStartInfo(Peers.Python, ["-c", "import ase"]) { RedirectStandardError = true })!;
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

internal static class Peers
{
    public const string Lammps = "/usr/bin/lmp";

    // Debian's, for which its python3-ase is.
    public const string Python = "/usr/bin/python3";
}
