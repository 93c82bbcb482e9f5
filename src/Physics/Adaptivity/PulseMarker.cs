namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>Marks cells by an indicator, with hysteresis and a buffer.</summary>
/// <param name="refineAbove">Cells whose indicator exceeds this are halved.</param>
/// <param name="coarsenBelow">Cells whose indicator lies below this are merged; less than <paramref name="refineAbove"/>, or cells would flip to and fro.</param>
/// <param name="buffer">How many cells beside a marked one are halved with it, so that what moves stays in fine cells until the next look.</param>
public sealed class PulseMarker(double refineAbove, double coarsenBelow, int buffer)
{
    /// <summary>Writes a mark for every cell.</summary>
    /// <param name="indicator">One per cell.</param>
    /// <param name="marks">One per cell; overwritten.</param>
    public void Mark(ReadOnlySpan<double> indicator, Span<Mark> marks)
    {
        for (var e = 0; e < marks.Length; e++)
        {
            marks[e] = indicator[e] < coarsenBelow ? Adaptivity.Mark.Coarsen : Adaptivity.Mark.Keep;
        }

        for (var e = 0; e < marks.Length; e++)
        {
            if (indicator[e] > refineAbove)
            {
                marks[Math.Max(0, e - buffer)..Math.Min(marks.Length, e + buffer + 1)].Fill(Adaptivity.Mark.Refine);
            }
        }
    }
}
