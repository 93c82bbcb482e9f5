using System.Diagnostics;
using ActorMultiscale.Actors;

namespace ActorMultiscale.Host;

/// <summary>Shows progress on standard error: one line that is rewritten on a terminal, plain lines now and then elsewhere.</summary>
/// <param name="quiet">Whether to show nothing.</param>
/// <param name="meter">Rate and time left.</param>
internal sealed class ProgressLine(bool quiet, ProgressMeter meter) : IDisposable
{
    private static readonly TimeSpan _firstAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _plainEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _lookEvery = TimeSpan.FromSeconds(0.1);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly Lock _gate = new();
    private TimeSpan _next = _firstAfter;
    private TimeSpan _look;
    private int _width;
    private bool _ended;

    /// <summary>Shows <paramref name="progress"/>, if it is time to. Costs next to nothing where it is not.</summary>
    public void Show(RunProgress progress)
    {
        lock (_gate)
        {
            var now = _clock.Elapsed;
            if (quiet || _ended || now < _look)
            {
                return;
            }

            // Some call with every step of a participant.
            _look = now + _lookEvery;
            var line = meter.Line(now, progress);
            if (now < _next)
            {
                return;
            }

            if (_terminal)
            {
                var room = Math.Max(20, Width() - 1);
                line = line.Length > room ? line[..room] : line;
                Console.Error.Write("\r" + line.PadRight(_width));
                _width = line.Length;
            }
            else
            {
                Console.Error.WriteLine(line);
                _next = now + _plainEvery;
            }
        }
    }

    /// <summary>Ends the line.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (!_ended && _terminal && _width > 0)
            {
                Console.Error.Write("\r" + new string(' ', _width) + "\r");
            }

            _ended = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => End();

    private static int Width()
    {
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : 120;
        }
        catch (IOException)
        {
            return 120;
        }
    }
}
