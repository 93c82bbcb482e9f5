using ActorMultiscale.Actors;

namespace ActorMultiscale.Tests.Actors;

/// <summary>The log has words of strangers in it.</summary>
public sealed class StandardErrorLoggerTests
{
    [Fact]
    public void Words_of_strangers_forge_no_line_and_steer_no_terminal()
    {
        var tame = StandardErrorLogger.Tame("warning: CN=me\nerror: the store is gone\r\u001b[2J\u2028error: so is all\u009b1m\tend");

        Assert.Equal("warning: CN=me\n  error: the store is gone\uFFFD\uFFFD[2J\uFFFDerror: so is all\uFFFD1m\tend", tame);
    }
}
