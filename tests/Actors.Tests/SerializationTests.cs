using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;

namespace ActorMultiscale.Tests.Actors;

/// <summary>Of an object of this type it is known how many were made.</summary>
public sealed class Canary
{
    /// <summary>One more.</summary>
    public Canary() => Made++;

    /// <summary>How many were made.</summary>
    public static int Made { get; set; }

    /// <summary>Something to set.</summary>
    public string Song { get; set; } = "";
}

/// <summary>Nothing that comes in as bytes can make an object of a type that is not ours.</summary>
public sealed class SerializationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Named(Type type) => System.Text.Encoding.UTF8.GetBytes($$"""{"$type":"{{type.AssemblyQualifiedName}}","Song":"la"}""");

    private static readonly Type[] _strangers = [typeof(Canary), typeof(UriBuilder), typeof(System.Diagnostics.Process)];

    private static async Task<T> With<T>(Config config, Func<ExtendedActorSystem, T> work)
    {
        var system = ActorSystem.Create("closed", config);
        try
        {
            return work((ExtendedActorSystem)system);
        }
        finally
        {
            await system.Terminate();
        }
    }

    // As Akka comes, the bytes do make the object: what follows tests something.
    [Fact]
    public async Task Without_our_configuration_bytes_make_what_they_name() => await With(Config.Empty, system =>
    {
        Canary.Made = 0;
        Assert.IsType<Canary>(system.Serialization.Deserialize(Named(typeof(Canary)), 1, typeof(Canary).AssemblyQualifiedName));
        Assert.Equal(1, Canary.Made);
        Persistence.Instance.Apply(system);
        Assert.IsType<Canary>(((IPersistentRepresentation)system.Serialization.Deserialize(Wrapped(system), 7, typeof(Persistent).AssemblyQualifiedName)).Payload);
        return true;
    });

    private static byte[] Wrapped(ExtendedActorSystem system) => system.Serialization.Serialize(new Persistent(new Canary { Song = "la" }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_serializer_is_asked_makes_nothing_of_a_stranger(bool isRecorded)
    {
        using var store = isRecorded ? RunStore.Create(Path.Combine(_folder, "run.sqlite"), new RunOrigin { Run = "run", Experiment = "e", Program = "p" }, [], DateTimeOffset.UnixEpoch) : null;

        // What a stranger looks like inside the messages of the persistence plugin, written by a system that knows no better.
        var wrapped = await With(ConfigurationFactory.ParseString("akka.loglevel = OFF"), system =>
        {
            Persistence.Instance.Apply(system);
            return Wrapped(system);
        });
        await With(ActorSettings.For(1, store), system =>
        {
            if (isRecorded)
            {
                Persistence.Instance.Apply(system);
            }

            // Every serializer that the configuration names is one that we know.
            var known = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["json"] = typeof(ClosedSerializer).FullName!,
                ["run-event"] = typeof(JournalEntrySerializer).FullName!,
                ["bytes"] = "Akka.Serialization.ByteArraySerializer",
                ["akka-persistence-message"] = "Akka.Persistence.Serialization.PersistenceMessageSerializer",
                ["akka-persistence-snapshot"] = "Akka.Persistence.Serialization.PersistenceSnapshotSerializer",
            };
            foreach (var (name, value) in system.Settings.Config.GetConfig("akka.actor.serializers").AsEnumerable())
            {
                Assert.True(known.TryGetValue(name, out var type), $"a serializer '{name}' that nobody has looked at");
                Assert.StartsWith(type + ",", value.GetString(), StringComparison.Ordinal);
            }

            Assert.False(system.Settings.Config.GetBoolean("akka.actor.serialization-settings.allow-unregistered-types"));
            Canary.Made = 0;
            var refused = 0;
            foreach (var stranger in _strangers)
            {
                foreach (var id in Enumerable.Range(-20, 200).Append(JournalEntrySerializer.Number))
                {
                    foreach (var manifest in new[] { stranger.AssemblyQualifiedName!, stranger.FullName!, typeof(Persistent).AssemblyQualifiedName!, "", "WC2" })
                    {
                        foreach (var bytes in new[] { Named(stranger), wrapped })
                        {
                            object? made;
                            try
                            {
                                made = system.Serialization.Deserialize(bytes, id, manifest);
                            }
                            catch (Exception fault) when (fault is not (OutOfMemoryException or StackOverflowException))
                            {
                                refused++;
                                continue;
                            }

                            Assert.True(made is null or byte[] or JournalEntry, $"serializer {id} made a {made?.GetType()}");
                        }
                    }
                }

                Assert.ThrowsAny<Exception>(() => system.Serialization.FindSerializerFor(Activator.CreateInstance(stranger)).ToBinary(new object()));
            }

            Assert.True(refused > 1000);
            Assert.Equal(1, Canary.Made);       // The one that was made just above, by us.
            return true;
        });
    }

    [Fact]
    public async Task An_entry_of_the_journal_survives() => await With(ActorSettings.For(1, null), system =>
    {
        var entry = new JournalEntry("NO2", [1, 2, 3]);
        var serializer = system.Serialization.FindSerializerFor(entry);
        var back = (JournalEntry)system.Serialization.Deserialize(serializer.ToBinary(entry), serializer.Identifier, entry.Manifest);
        Assert.Equal("NO2", back.Manifest);
        Assert.Equal([1, 2, 3], back.Payload);
        return true;
    });
}
