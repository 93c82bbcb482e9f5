namespace ActorMultiscale.Physics.Fields;

/// <summary>The values of one port at one time. Immutable once published: whoever holds a sample may keep it.</summary>
/// <param name="time">When the sample holds, or the end of the interval that it averages or integrates.</param>
/// <param name="values">Values point by point, components interleaved. Handed over: the caller writes to it no more.</param>
public sealed class FieldSample(double time, double[] values)
{
    private readonly double[] _values = values;

    /// <summary>When the sample holds, s; for averages and integrals the end of its interval.</summary>
    public double Time { get; } = time;

    /// <summary>Values point by point, components interleaved.</summary>
    public ReadOnlySpan<double> Values => _values;

    internal double[] Array => _values;

    /// <summary>How many numbers the sample holds.</summary>
    public int Length => _values.Length;

    /// <summary>The same values at another time.</summary>
    public FieldSample At(double time) => new(time, _values);
}
