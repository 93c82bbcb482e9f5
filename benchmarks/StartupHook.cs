using System.Diagnostics;
using System.Diagnostics.Metrics;

/// <summary>
/// Listens to everything that a process tells of runs, as a tool beside it would, where the runtime is told to load this assembly first (<c>DOTNET_STARTUP_HOOKS</c>): what telemetry costs is
/// measured so. The runtime wants a class of this name, outside of any namespace.
/// </summary>
internal static class StartupHook
{
    private static MeterListener? _meters;
    private static Timer? _timer;
    private static ActivityListener? _activities;

    public static void Initialize()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            SampleUsingParentId = static (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(_activities);
        _meters = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _meters.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        _meters.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        _meters.Start();
        _timer = new Timer(static _ => _meters.RecordObservableInstruments(), null, 1000, 1000);
    }

    // Not Telemetry.Name: while hooks are run that assembly need not be found yet.
    private const string Name = "ActorMultiscale";
}
