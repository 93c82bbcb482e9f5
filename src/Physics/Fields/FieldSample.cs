namespace ActorMultiscale.Physics.Fields;

/// <summary>The values of one port at one time. Nobody writes to a sample once it is published.</summary>
/// <remarks>
/// The samples of a run lie in arrays that the run leases and takes back when none of its conduits and ports needs them any more. Whoever
/// wants to keep values beyond that copies them.
/// </remarks>
public sealed class FieldSample
{
    private readonly double[] _values;

    /// <summary>A sample.</summary>
    /// <param name="time">When the sample holds, or the end of the interval that it averages or integrates.</param>
    /// <param name="values">Values point by point, components interleaved. Handed over: the caller writes to it no more.</param>
    public FieldSample(double time, double[] values) => (Time, _values) = (time, values);

    /// <summary>A sample in a leased array.</summary>
    internal FieldSample(double time, FieldBuffer buffer) => (Time, _values, Buffer) = (time, buffer.Values, buffer);

    /// <summary>When the sample holds, s; for averages and integrals the end of its interval.</summary>
    public double Time { get; private init; }

    /// <summary>Values point by point, components interleaved.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>The leased array that the values are in; null where they are in one of their own.</summary>
    internal FieldBuffer? Buffer { get; private init; }

    /// <summary>The array of the values, by which two samples of the same values are known.</summary>
    internal double[] Array => _values;

    /// <summary>How many numbers the sample holds.</summary>
    public int Length => _values.Length;

    /// <summary>The same values at another time.</summary>
    public FieldSample At(double time) => time == Time ? this : new(time, _values) { Buffer = Buffer };
}

/// <summary>An array that is leased, and comes back to where it was leased when no sample in it is needed any more.</summary>
internal sealed class FieldBuffer(double[] values)
{
    /// <summary>The array.</summary>
    public double[] Values => values;

    /// <summary>The last visit that found a sample in it; for the pool.</summary>
    public long Seen { get; set; }
}
