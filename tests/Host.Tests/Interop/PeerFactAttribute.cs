using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>A test with a program of others. Where that is absent the test is skipped with the reason, but never on the build machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute(string peer) => Skip = Peers.WhyNot(peer);
}

/// <summary>The same for several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute(string peer) => Skip = Peers.WhyNot(peer);
}

/// <summary>A port of this machine at which nobody listens.</summary>
internal static class LocalPort
{
    public static string Free()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"localhost:{((IPEndPoint)socket.LocalEndPoint!).Port}";
    }
}

internal static class Peers
{
    public const string Lammps = "/usr/bin/lmp";

    public const string Gmsh = "/usr/bin/gmsh";

    // Debian's, for which its packages are.
    public const string Python = "/usr/bin/python3";

    public static string? WhyNot(string peer) =>
        Environment.GetEnvironmentVariable("CI") != "true" && !IsHere(peer) ? $"'{peer}' is not installed: apt-get install lammps python3-ase python3-vtk9 python3-meshio gmsh" : null;

    private static bool IsHere(string peer)
    {
        if (peer is "lmp" or "gmsh")
        {
            return File.Exists(peer == "lmp" ? Lammps : Gmsh);
        }

        try
        {
            using var python = Process.Start(new ProcessStartInfo(Peers.Python, ["-c", "import " + peer]) { RedirectStandardError = true })!;
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
