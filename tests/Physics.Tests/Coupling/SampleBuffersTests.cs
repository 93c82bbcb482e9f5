using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>How often samples in use are looked for.</summary>
public sealed class SampleBuffersTests
{
    [Fact]
    public void An_operation_that_leases_thousands_looks_for_free_arrays_a_few_times()
    {
        const int Leases = 4096;
        var (visits, inUse) = (0, new List<FieldSample>());
        var buffers = new SampleBuffers(
            visit =>
            {
                visits++;
                inUse.ForEach(visit);
            },
            isStrict: false);

        // The first operation of an ensemble: nothing is held before it. Each visit doubles what there is.
        void Lease()
        {
            buffers.BeginOperation();
            inUse = [.. Enumerable.Range(0, Leases).Select(i => buffers.Hold(new FieldSample(i, buffers.Lease(6))))];
        }

        Lease();
        Assert.InRange(visits, 1, 13);

        // Of later ones the arrays of the operation before last are free.
        visits = 0;
        for (var operation = 0; operation < 20; operation++)
        {
            Lease();
        }

        Assert.InRange(visits, 1, 20);
        Assert.Equal(Leases, inUse.Select(sample => sample.Buffer).Distinct().Count());
    }
}
