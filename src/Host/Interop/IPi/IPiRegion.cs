using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Interop.IPi;

/// <summary>The molecular region whose forces another program computes.</summary>
public static class IPiRegion
{
    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("md-region-i-pi", "Atoms in a periodic box at constant energy, with forces of another program over the i-PI protocol",
        [
            .. MolecularRegionModel.Settings,
            new Setting("address", SettingKind.Text, "where the other program connects: localhost:PORT, or unix:NAME for /tmp/ipi_NAME") { Default = "localhost:31415" },
            Setting.Positive("time-limit", "s", "how long the other program may take to connect, and for one configuration", 60),
            .. ProgramStart.Settings,
        ],
        Create);

    private static MolecularRegionModel Create(ModelSettings settings)
    {
        try
        {
            // TimeSpan ends at some 10 million days; a day is long enough to wait.
            var limit = TimeSpan.FromSeconds(Math.Min(86400, settings.Number("time-limit")));
            return new(settings, new IPiForceEngine(IPiAddress.Parse(settings.Text("address")), settings.Name, limit, ProgramStart.Of(settings)));
        }
        catch (FormatException fault)
        {
            throw new ScaleModelException(fault.Message, fault);
        }
    }
}
