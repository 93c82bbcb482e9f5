using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Models;

public sealed class PortWriterTests
{
    private static readonly Port<double> Scalar = Port.Out<double>("scalar", Quantities.Number);
    private static readonly Port<double> List = Port.Out<double>("list", Quantities.Number);
    private static readonly ModelDescription Description = new(new(Scalar, 1), new(List, PortLayout.Varying));

    private static PortWriter Writer() => PortWriter.ForWindow(Description, new TimeWindow(0, 2, 0.5), null);

    [Fact]
    public void A_whole_number_is_a_value_and_never_a_number_of_points()
    {
        var writer = Writer();
        writer.Write(Scalar, 0.5, 1);
        writer.Write(Scalar, 1, 0);
        writer.WriteList(List, 1, 0);

        var samples = writer.Publish();

        Assert.Equal([1, 0], samples[0].Select(s => s.Values[0]));
        Assert.Equal(0, samples[1][0].Length);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_time_outside_the_window_is_refused(double time) =>
        Assert.Contains("scalar", Assert.Throws<ScaleModelException>(() => Writer().Write(Scalar, time, 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Times_increase_strictly()
    {
        var writer = Writer();
        writer.Write(Scalar, 0.5, 1);

        Assert.Throws<ScaleModelException>(() => writer.Write(Scalar, 0.5, 1));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_is_not_finite_is_not_published(double value)
    {
        var writer = Writer();
        writer.Write(Scalar, 1, value);
        writer.WriteList(List, 1, 3);

        Assert.Contains("only finite numbers", Assert.Throws<ScaleModelException>(() => writer.Publish()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_does_not_reach_the_windows_end_is_not_published()
    {
        var writer = Writer();
        writer.Write(Scalar, 0.5, 1);
        writer.WriteList(List, 1, 3);

        Assert.Contains("the window ends at 1", Assert.Throws<ScaleModelException>(() => writer.Publish()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_is_not_written_is_named()
    {
        var writer = Writer();
        writer.Write(Scalar, 1, 1);

        Assert.Contains("'list'", Assert.Throws<ScaleModelException>(() => writer.Publish()).Message, StringComparison.Ordinal);
    }
}
