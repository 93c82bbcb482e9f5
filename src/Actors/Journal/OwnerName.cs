using System.Diagnostics;
using System.Globalization;

namespace ActorMultiscale.Actors.Journal;

/// <summary>Who computes a run, or did so last, as its record names it: a process by its number and start, the host, and which time this host was started.</summary>
/// <param name="Text">As it stands in the record; empty for nobody.</param>
internal readonly record struct OwnerName(string Text)
{
    /// <summary>This process.</summary>
    public static OwnerName Own { get; } = OfSelf();

    /// <summary>As sentences name it.</summary>
    public string Sentence => Part(2) is { } host ? $"process {Part(0)} on {host}" : $"process {Part(0)}";

    /// <summary>
    /// Whether it may live although nobody holds the lock on the record. Where it ran under the same kernel as this process, or on a host of the same name, the lock would have been seen;
    /// a disk that hosts share may not tell one of the other's locks.
    /// </summary>
    public bool MayLiveUnseen => Text.Length > 0 && (Part(2) is { } host ? host != Own.Part(2) && Part(3) != Own.Part(3) : IsAlive);

    // A program of before the locks named process and start alone.
    private bool IsAlive
    {
        get
        {
            if (!int.TryParse(Part(0), CultureInfo.InvariantCulture, out var id) || !DateTime.TryParse(Part(1), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var started))
            {
                return false;
            }

            try
            {
                using var process = Process.GetProcessById(id);
                return Math.Abs((process.StartTime.ToUniversalTime() - started).TotalSeconds) < 2;
            }
            catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }

    private string? Part(int index) => Text.Split(' ') is var parts && index < parts.Length ? parts[index] : null;

    private static OwnerName OfSelf()
    {
        const string BootFile = "/proc/sys/kernel/random/boot_id";
        using var self = Process.GetCurrentProcess();
        var boot = File.Exists(BootFile) ? File.ReadAllText(BootFile).Trim() : "-" + Environment.MachineName;
        return new(string.Create(CultureInfo.InvariantCulture, $"{self.Id} {self.StartTime.ToUniversalTime():O} {Environment.MachineName} {boot}"));
    }
}
