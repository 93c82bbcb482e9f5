using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Tests.Coupling;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>What can go wrong. Each is switched on or off by the seed, so that every mixture comes up.</summary>
internal enum Trouble
{
    Crash,              // Of the coordinator's process, at any effect that it carries out.
    Freeze,             // It stands still, and then goes on.
    SecondCoordinator,  // It stands still, and somebody else takes the run over.
    ServerAway,
    DiskFull,
    BadWrites,          // Fail, arrive unanswered, arrive late.
    Partition,          // One participant cannot be reached.
    WorkerCrash,        // Of a participant's own process.
    SolverLost,
    SlowSolver,
    Stop,               // By the user, who goes on later.
    SnapshotRequest,
}

/// <summary>Ways of breaking the shells on purpose, to see that the simulator sees it.</summary>
internal enum Breakage
{
    None,

    /// <summary>Windows are announced when they are told to the writer.</summary>
    AnnouncedEarly,

    /// <summary>A packet that arrives twice is delivered twice.</summary>
    DeliveredTwice,

    /// <summary>All are taken to be ready when as many said so as there are, whoever they were.</summary>
    ReadyCountedTwice,

    /// <summary>Events are appended wherever the journal ends.</summary>
    NoUniqueKey,

    /// <summary>Chunks are reported to be stored and are not.</summary>
    ChunksAreLost,

    /// <summary>What was lost on the way is not sent again.</summary>
    NoResend,

    /// <summary>A write that failed is made again without reading the record.</summary>
    BlindRetry,

    /// <summary>Fields are reported to be stored and are not.</summary>
    FieldsAreLost,

    /// <summary>Participants take up any epoch that they hear of, an earlier one too.</summary>
    EpochsAreIgnored,

    /// <summary>A participant is restored to the state of an earlier snapshot.</summary>
    OldState,
}

/// <summary>What a seed decides before anything happens.</summary>
internal sealed class Tunables
{
    private static readonly Trouble[] _all = Enum.GetValues<Trouble>();

    public Tunables(int seed, Random random, SolverMood mood)
    {
        bool Chance(double p) => random.NextDouble() < p;
        T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

        mood.IsDeclared = Chance(0.7);
        IsServer = Chance(0.7);
        Horizon = OneOf(300_000L, 1_500_000, 6_000_000);
        DiskDelay = OneOf(100L, 5_000, 60_000);
        NetworkDelay = OneOf(100L, 2_000, 50_000);
        JobLength = OneOf(500L, 10_000, 60_000);
        MailDelay = OneOf(0L, 20, 2_000);
        RestartDelay = OneOf(5_000L, 200_000, 3_000_000);
        Loss = Chance(0.5) ? OneOf(0.02, 0.1, 0.4) : 0;
        Doubling = Chance(0.5) ? OneOf(0.05, 0.3) : 0;
        Urgent = OneOf(1, 1, 2, 4, 100);
        Patience = OneOf(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(30));
        LightJobs = OneOf(1, 3, 32);
        FieldBlock = OneOf(1, 300, 1_000, 1 << 20);
        MostFieldsWaiting = OneOf(0L, 1_000, 1 << 20);
        var remote = OneOf(0.0, 0.5, 1.0);
        Experiment = RandomExperiment.Of(seed, timeLimits: Chance(0.3)) is var (experiment, complaints)
            ? experiment with
            {
                Until = experiment.Window * OneOf(1.0, 2.0, 4.0, 6.3, 9.0),
                RunAhead = OneOf(1, 2, 3, 8, 64),
                SnapshotEvery = OneOf(0, 1, 2, 3),
                Limits = Chance(0.15) ? [new ConservationLimit("m1.out-0", OneOf(0.5, 1.2, 2.0))] : [],
                Participants = [.. experiment.Participants.Select(p => p with { Model = Mortal(p.Model, mood) })],
            }
            : throw new InvalidOperationException();
        Complaints = complaints;
        IsRemote = [.. Experiment.Participants.Select(_ => Chance(remote))];
        IsLight = [.. Experiment.Participants.Select((p, i) => !IsRemote[i] && p.TimeLimit is null && Chance(0.3))];

        Trouble[] kinds = [.. _all.Where(_ => Chance(0.4))];
        Troubles = kinds.Length == 0 ? [] : [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => (random.NextInt64(Horizon), OneOf<Trouble>(kinds)))];
    }

    /// <summary>Whether the store is a server, which comes back, rather than a file.</summary>
    public bool IsServer { get; }

    /// <summary>When the last trouble begins, µs.</summary>
    public long Horizon { get; }

    public long DiskDelay { get; }

    public long NetworkDelay { get; }

    public long JobLength { get; }

    public long MailDelay { get; }

    /// <summary>How soon a process that is gone is followed by another, µs.</summary>
    public long RestartDelay { get; }

    /// <summary>How many bytes of fields make a block, and with how many the run waits.</summary>
    public int FieldBlock { get; }

    public long MostFieldsWaiting { get; }

    public double Loss { get; }

    public double Doubling { get; }

    public int Urgent { get; }

    public TimeSpan Patience { get; }

    public int LightJobs { get; }

    public Experiment Experiment { get; }

    /// <summary>What the models complain of: a restore that was missed, or made twice.</summary>
    public List<string> Complaints { get; }

    /// <summary>Whether a participant has a process of its own.</summary>
    public bool[] IsRemote { get; }

    /// <summary>Whether the coordinator advances it itself.</summary>
    public bool[] IsLight { get; }

    public IReadOnlyList<(long At, Trouble What)> Troubles { get; }

    private static ModelEntry Mortal(ModelEntry model, SolverMood mood) => new(model.Kind, model.Summary, settings => new MortalModel(model.Create(settings), mood));
}

/// <summary>How many further calls of models find that the solver is gone.</summary>
internal sealed class SolverMood
{
    public int Losses { get; set; }

    public int Calls { get; set; }

    /// <summary>How often models have advanced in all.</summary>
    public long Advances { get; set; }

    /// <summary>Whether models say that this may happen: it is then gone about without ending the run.</summary>
    public bool IsDeclared { get; set; }

    /// <summary>Called when one is gone.</summary>
    public required Action Lost { get; init; }
}

/// <summary>A model whose solver may be gone, and then stays so; another one must be made.</summary>
internal sealed class MortalModel(IScaleModel model, SolverMood mood) : IScaleModel
{
    private bool _isGone;

    public ModelDescription Description { get; } = new([.. model.Description.Ports]) { Phases = model.Description.Phases, MayBeLost = mood.IsDeclared };

    public void Initialize(PortWriter outputs) => model.Initialize(outputs);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        mood.Advances++;
        Live();
        model.Advance(context, inputs, outputs);
    }

    public void Archive(StateArchive archive)
    {
        Live();
        model.Archive(archive);
    }

    private void Live()
    {
        if (mood.Losses > 0 && --mood.Calls <= 0)
        {
            (mood.Losses, mood.Calls, _isGone) = (mood.Losses - 1, 3, true);
            mood.Lost();
        }

        if (_isGone)
        {
            throw new SolverLostException("its process is gone");
        }
    }
}
