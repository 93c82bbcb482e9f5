namespace ActorMultiscale.Tests.Numerics.Sparse;

/// <summary>What a call allocates once it is warm.</summary>
internal static class Allocation
{
    /// <summary>The fewest bytes of ten calls: the compiler, too, allocates now and then.</summary>
    public static long Of(Action call)
    {
        var fewest = long.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            call();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return fewest;
    }
}
