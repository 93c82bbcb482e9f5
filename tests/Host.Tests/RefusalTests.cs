using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>What is refused leaves everything as it was.</summary>
public sealed class RefusalTests(PostgresServer server) : RecordStand(server)
{
    [Theory]
    [InlineData("PostgreSQL://user:s3cret@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db")]
    [InlineData("Postgres:Host=127.0.0.1;Port=1;Database=db;Password=s3cret", "postgresql://127.0.0.1:1/db")]
    [InlineData("postgresq://user:s3cret@127.0.0.1:1/db", "is no store")]
    public void A_password_stands_neither_in_an_error_nor_on_the_disk(string store, string named)
    {
        Store = store;
        foreach (var arguments in new string[][] { ["run", Oscillator, "--name", "it", "--quiet"], ["runs", "list"], ["resume", "it"] })
        {
            var (code, output, error) = Host(arguments);
            Assert.True(code == 6, $"{code}: {output} {error}");
            Assert.Contains(named, error, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", output + error, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
    }
}
