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

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_resume_that_is_refused_leaves_the_run_completed_and_free(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "it", "--quiet");
        object? Scalar(string sql)
        {
            using var connection = Connect("it");
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteScalar();
        }

        var before = Json(0, "runs", "list")[0].GetRawText();
        var (code, _, error) = Host("resume", "it", "--until", "0.5 s");
        Assert.True(code == 6, $"{code}: {error}");
        Assert.Contains("stands at t = 1", error, StringComparison.Ordinal);
        Assert.Equal(before, Json(0, "runs", "list")[0].GetRawText());
        Assert.Equal("", Scalar("SELECT owner FROM run"));
        Assert.Equal("completed", Scalar("SELECT status FROM run"));
        Assert.Equal(200, Json(0, "resume", "it", "--until", "2 s", "--quiet").GetProperty("windows").GetInt64());
    }
}
