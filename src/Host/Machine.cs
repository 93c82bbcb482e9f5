using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Host;

/// <summary>The program and the machine that it runs on.</summary>
public static class Machine
{
    /// <summary>Version of the program, with the commit it was built from where that is known.</summary>
    public static string Program { get; } =
        Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>What decides about bits.</summary>
    public static MachineStamp Stamp { get; } = new(
        $"{(OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux")} {RuntimeInformation.OSArchitecture}".ToLowerInvariant(),
        RuntimeInformation.FrameworkDescription,
        Vector512.IsHardwareAccelerated ? "512 bit" : Vector256.IsHardwareAccelerated ? "256 bit" : "128 bit");

    /// <summary>What differs between two stamps, as a sentence; null if nothing does.</summary>
    public static string? Difference(MachineStamp recorded, MachineStamp here)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        ArgumentNullException.ThrowIfNull(here);
        var parts = new List<string>();
        void Compare(string what, string a, string b)
        {
            if (a != b)
            {
                parts.Add($"{what} was '{a}' and is '{b}' here");
            }
        }

        Compare("the operating system", recorded.OperatingSystem, here.OperatingSystem);
        Compare("the runtime", recorded.Runtime, here.Runtime);
        Compare("the vector width", recorded.Vectors, here.Vectors);
        return parts.Count == 0 ? null : string.Join(", ", parts);
    }
}
