using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Models;

public sealed class StateArchiveTests
{
    private readonly record struct Pair(double A, long B);

    // A state of any entries, in any order, as a model might name them.
    private sealed class State(ImmutableArray<(int Kind, string Name)> entries)
    {
        private readonly object[] _values = [.. entries.Select(e => e.Kind switch
        {
            0 => (object)0.0,
            1 => 0L,
            2 => false,
            3 => new double[1],
            4 => Array.Empty<int>(),
            5 => "",
            _ => default(Pair),
        })];

        public int Version { get; private set; }

        public int Current { get; init; } = 1;

        public State Filled(int seed)
        {
            var random = new Random(seed);
            for (var i = 0; i < _values.Length; i++)
            {
                _values[i] = _values[i] switch
                {
                    double => random.NextDouble(),
                    long => random.NextInt64(),
                    bool => random.Next(2) == 0,
                    double[] => Enumerable.Range(0, random.Next(6)).Select(_ => random.NextDouble()).ToArray(),
                    int[] => Enumerable.Range(0, random.Next(6)).Select(_ => random.Next()).ToArray(),
                    string => new string('ö', random.Next(4)),
                    _ => new Pair(random.NextDouble(), random.NextInt64()),
                };
            }

            return this;
        }

        public void Archive(StateArchive archive)
        {
            Version = archive.Version(Current);
            for (var i = 0; i < _values.Length; i++)
            {
                _values[i] = Walk(archive, entries[i].Name, _values[i]);
            }
        }

        private static object Walk(StateArchive archive, string name, object value)
        {
            switch (value)
            {
                case double x:
                    archive.Value(name, ref x);
                    return x;
                case long x:
                    archive.Value(name, ref x);
                    return x;
                case bool x:
                    archive.Value(name, ref x);
                    return x;
                case double[] x:
                    archive.Field(name, ref x);
                    return x;
                case int[] x:
                    archive.Field(name, ref x);
                    return x;
                case string x:
                    archive.Text(name, ref x);
                    return x;
                default:
                    var pair = (Pair)value;
                    archive.Value(name, ref pair);
                    return pair;
            }
        }
    }

    private static readonly Gen<ImmutableArray<(int Kind, string Name)>> Entries =
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 4].Select(i => new[] { "x", "velocity", "a", "Δt", "neighbours of the reference" }[i])).Array[0, 8].Select(a => a.ToImmutableArray());

    private static byte[] Save(ImmutableArray<(int, string)> entries, int seed) => StateArchive.Save(new State(entries).Filled(seed).Archive);

    // The positions of names and lengths, and where each entry begins.
    private static (List<int> Headers, List<int> Starts) Layout(byte[] bytes)
    {
        var (headers, starts) = (new List<int>(), new List<int>());
        for (var at = 0; at < bytes.Length;)
        {
            starts.Add(at);
            var name = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
            headers.AddRange(Enumerable.Range(at, 2 + name + 8));
            at += 2 + name + 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at + 2 + name));
        }

        return (headers, starts);
    }

    // Restores what should be refused: with the one exception that says so, and without believing a false length.
    private static void IsRefused(byte[] bytes, ImmutableArray<(int, string)> entries)
    {
        var state = new State(entries);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(bytes, state.Archive));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000 + (20 * bytes.Length));
    }

    [Fact]
    public void What_is_saved_is_restored() => Gen.Select(Entries, Gen.Int).Sample((entries, seed) =>
    {
        var bytes = Save(entries, seed);
        var copy = new State(entries);
        StateArchive.Restore(bytes, copy.Archive);

        Assert.Equal(bytes, StateArchive.Save(copy.Archive));
        Assert.Equal(1, copy.Version);
    });

    [Fact]
    public void The_expected_size_changes_nothing() => Gen.Select(Entries, Gen.Int, Gen.Int[0, 500]).Sample((entries, seed, hint) =>
        Assert.Equal(Save(entries, seed), StateArchive.Save(new State(entries).Filled(seed).Archive, hint)));

    [Fact]
    public void An_archive_that_ends_too_soon_is_refused() => Gen.Select(Entries, Gen.Int).Sample((entries, seed) =>
    {
        var bytes = Save(entries, seed);
        for (var length = 0; length < bytes.Length; length++)
        {
            IsRefused(bytes[..length], entries);
        }
    }, iter: 20);

    [Fact]
    public void An_archive_with_more_than_was_asked_for_is_refused() => Gen.Select(Entries, Gen.Int, Gen.Byte.Array[1, 30]).Sample((entries, seed, more) =>
        IsRefused([.. Save(entries, seed), .. more], entries));

    [Fact]
    public void Any_changed_bit_of_a_name_or_a_length_is_refused() => Gen.Select(Entries, Gen.Int).Sample((entries, seed) =>
    {
        var bytes = Save(entries, seed);
        foreach (var position in Layout(bytes).Headers)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = bytes.ToArray();
                changed[position] ^= (byte)(1 << bit);
                IsRefused(changed, entries);
            }
        }
    }, iter: 20);

    [Fact]
    public void Any_changed_bytes_are_restored_or_refused_and_nothing_else() => Gen.Select(Entries, Gen.Int, Gen.Int[0, 10_000].Array[1, 4], Gen.Byte[1, 255]).Sample((entries, seed, positions, mask) =>
    {
        var bytes = Save(entries, seed);
        foreach (var position in positions)
        {
            bytes[position % bytes.Length] ^= mask;
        }

        try
        {
            StateArchive.Restore(bytes, new State(entries).Archive);
        }
        catch (InvalidDataException)
        {
        }
    });

    [Fact]
    public void Entries_in_another_order_are_refused() => Gen.Select(Entries, Gen.Int, Gen.Int[0, 7]).Where((e, _, i) => i + 1 < e.Length && e[i].Name != e[i + 1].Name).Sample((entries, seed, i) =>
        IsRefused(Save(entries, seed), entries.SetItem(i, entries[i + 1]).SetItem(i + 1, entries[i])));

    [Fact]
    public void A_newer_version_is_refused_and_an_older_one_is_told()
    {
        var newer = StateArchive.Save(new State([]) { Current = 3 }.Archive);
        var (older, current) = (new State([]) { Current = 2 }, new State([]) { Current = 4 });

        Assert.Contains("version 3", Assert.Throws<InvalidDataException>(() => StateArchive.Restore(newer, older.Archive)).Message, StringComparison.Ordinal);
        StateArchive.Restore(newer, current.Archive);
        Assert.Equal(3, current.Version);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void A_version_that_never_was_is_refused(int version)
    {
        var bytes = StateArchive.Save(archive => archive.Value("version", ref version));

        IsRefused(bytes, []);
    }

    [Fact]
    public void The_layout_is_the_documented_one()
    {
        var bytes = StateArchive.Save(static archive =>
        {
            var x = 0x0102;
            archive.Value("ab", ref x);
        });

        Assert.Equal([2, 0, .. Encoding.UTF8.GetBytes("ab"), 4, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0], bytes);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        var bytes = StateArchive.Save(static archive =>
        {
            byte[] broken = [0xC3, 0x28];
            archive.Field("name", ref broken);
        });

        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(bytes, static archive =>
        {
            var name = "";
            archive.Text("name", ref name);
        }));
    }
}
