using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Composition;

public sealed class SuggestionTests
{
    private static readonly string[] _keys = ["length", "time-step", "model", "participants", "tolerance", "steps"];

    [Theory]
    [InlineData("lenght", "length")]
    [InlineData("Length", "length")]
    [InlineData("timeStep", "time-step")]
    [InlineData("time_step", "time-step")]
    [InlineData("partic", "participants")]
    [InlineData("tol", "tolerance")]
    [InlineData("step", "steps")]
    [InlineData("modle", "model")]
    [InlineData("colour", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("--", null)]
    public void Finds_what_is_a_slip_away_or_has_the_same_beginning(string word, string? expected) =>
        Assert.Equal(expected, Suggestion.Nearest(word, _keys));

    [Fact]
    public void Does_not_depend_on_the_order_of_the_candidates() =>
        Assert.Equal(Suggestion.Nearest("ba", ["bb", "aa", "bc"]), Suggestion.Nearest("ba", ["bc", "aa", "bb"]));

    [Fact]
    public void Ignores_words_that_nobody_typed() => Assert.Null(Suggestion.Nearest(new string('a', 1000), [new string('a', 1001)]));
}
