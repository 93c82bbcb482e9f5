using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>Small experiments at random: groups to depth 3, phases, any stages, any conduits, implicit at any level, models that fail.</summary>
public sealed class RandomExperiment
{
    private readonly Random _random;
    private readonly List<(string Name, MixerSpec Spec, string Group)> _models = [];
    private readonly List<CouplingGroup> _groups = [];
    private readonly List<string> _complaints = [];
    private readonly bool _timeLimits;

    private RandomExperiment(int seed, bool timeLimits) => (_random, _timeLimits) = (new Random(seed), timeLimits);

    /// <summary>The experiment of a seed, and where its models complain.</summary>
    public static (Experiment Experiment, List<string> Complaints) Of(int seed, bool timeLimits = false)
    {
        var maker = new RandomExperiment(seed, timeLimits);
        return (maker.Make(), maker._complaints);
    }

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private T OneOf<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];

    private Experiment Make()
    {
        var experiment = Sketch();
        if (Composition.TryCompose(experiment).System is not null)
        {
            return experiment;
        }

        // A port without a value at the start was read too early: give all of them one.
        var specs = _models.Select(m => m with { Spec = m.Spec with { Outputs = [.. m.Spec.Outputs.Select(p => p with { HasStart = true })] } }).ToList();
        experiment = experiment with { Participants = [.. experiment.Participants.Zip(specs, (p, m) => Mixer.Participant(m.Name, m.Spec) with { TimeLimit = p.TimeLimit })] };
        if (Composition.TryCompose(experiment).System is not null)
        {
            return experiment;
        }

        // A controller has no first guess to watch.
        static WindowPolicy? Without(WindowPolicy? lengths) => lengths is null ? null : lengths with { Controller = null };
        return experiment with { Lengths = Without(experiment.Lengths), Groups = [.. experiment.Groups.Select(g => g with { Lengths = Without(g.Lengths) })] };
    }

    private Experiment Sketch()
    {
        var root = Group("root", 0);
        var conduits = Conduits();
        ImmutableArray<CouplingGroup> groups = [.. _groups.Select(g => g with { Scheme = WithIterations(g.Scheme, g.Name, conduits) })];
        var window = OneOf(1.0, 0.1, 3.7);
        groups = [.. groups.Select(g => g with { Lengths = Lengths(g.Name, window / g.Windows, conduits) })];
        return new Experiment
        {
            Name = "random",
            Window = window,
            Until = window * OneOf(1.0, 2.0, 2.4, 3.0),
            Participants = [.. _models.Select(m => Mixer.Participant(m.Name, m.Spec) with { TimeLimit = _timeLimits && Chance(0.5) ? TimeSpan.FromSeconds(1) : null })],
            Conduits = conduits,
            Scheme = WithIterations(root.Scheme, "root", conduits),
            Groups = groups,
            Halvings = root.Halvings,
            Lengths = Lengths("root", window, conduits),
            RunAhead = OneOf(1, 2, 64),
            SnapshotEvery = OneOf(0, 1, 2),
        };
    }

    // A group with one to three members, in any stages; the innermost has participants alone.
    private CouplingGroup Group(string name, int depth)
    {
        var stages = new List<List<string>>();
        var members = depth == 0 ? _random.Next(2, 4) : _random.Next(1, 4);
        for (var m = 0; m < members; m++)
        {
            string entry;
            if (depth < 2 && Chance(0.4))
            {
                entry = $"g{_groups.Count + 1}{(char)('a' + depth)}{m}";
                var at = _groups.Count;
                _groups.Add(null!);
                _groups[at] = Group(entry, depth + 1);
            }
            else
            {
                entry = Model(name);
            }

            if (stages.Count == 0 || Chance(0.6))
            {
                stages.Add([]);
            }

            stages[_random.Next(stages.Count)].Add(entry);
        }

        stages.RemoveAll(s => s.Count == 0);
        GivePhases(name, stages);
        return new CouplingGroup(name, CouplingScheme.Staged([.. stages.Select(s => s.ToImmutableArray())]), depth == 0 ? 1 : _random.Next(1, 4))
        {
            Halvings = OneOf(0, 0, 1, 2),
        };
    }

    private string Model(string group)
    {
        var name = $"m{_models.Count + 1}";
        var meanings = new[] { TimeMeaning.Instant, TimeMeaning.WindowAverage, TimeMeaning.WindowIntegral };
        var modulus = Chance(0.3) ? (ulong)_random.Next(3, 12) : 0;
        _models.Add((name, new MixerSpec
        {
            Inputs = [.. Enumerable.Range(0, _random.Next(0, 3)).Select(i => new MixerPort($"in-{i}", OneOf(meanings)))],
            Outputs = [.. Enumerable.Range(0, _random.Next(1, 3)).Select(i => new MixerPort($"out-{i}", OneOf(meanings), HasStart: Chance(0.8)))],
            Substeps = _random.Next(1, 5),
            Gain = OneOf(0.1, 0.3),
            Fails = modulus == 0 ? static (_, _) => false : (window, seen) => (seen ^ (ulong)window.StartTick ^ ((ulong)window.EndTick * 31)) % modulus == 0,
            FailsByNaN = Chance(0.3),
            Proposes = Chance(0.3),
            Complaints = _complaints,
        }, group));
        return name;
    }

    // Some participants of a group with several stages advance in two phases.
    private void GivePhases(string group, List<List<string>> stages)
    {
        for (var m = 0; m < _models.Count; m++)
        {
            var (name, spec, home) = _models[m];
            if (home != group || stages.Count < 2 || !Chance(0.4))
            {
                continue;
            }

            stages.ForEach(s => s.Remove(name));
            var first = _random.Next(stages.Count - 1);
            stages[first].Add(name + ":predict");
            stages[_random.Next(first + 1, stages.Count)].Add(name + ":correct");
            string? Phase() => OneOf<string?>(null, "predict", "correct");
            _models[m] = (name, spec with
            {
                Phases = ["predict", "correct"],
                Inputs = [.. spec.Inputs.Select(p => p with { Phase = Phase() })],
                Outputs = [.. spec.Outputs.Select(p => p with { Phase = Phase() })],
            }, group);
        }

        stages.RemoveAll(s => s.Count == 0);
    }

    private ImmutableArray<Conduit> Conduits()
    {
        var conduits = ImmutableArray.CreateBuilder<Conduit>();
        for (var m = 0; m < _models.Count; m++)
        {
            var consumer = _models[m];
            var kept = new List<MixerPort>();
            foreach (var port in consumer.Spec.Inputs)
            {
                var sources = (from model in _models
                               from output in model.Spec.Outputs
                               where output.Meaning == port.Meaning
                               select $"{model.Name}.{output.Name}").ToArray();
                if (sources.Length > 0)
                {
                    kept.Add(port);
                    conduits.Add(new Conduit(OneOf<string>(sources), $"{consumer.Name}.{port.Name}") { Degree = _random.Next(0, 4), Substeps = Chance(0.7), Extrapolation = OneOf(Extrapolation.Constant, Extrapolation.Constant, Extrapolation.Linear) });
                }
            }

            _models[m] = consumer with { Spec = consumer.Spec with { Inputs = [.. kept] } };
        }

        return conduits.ToImmutable();
    }

    // Lengths by proposal, by controller, or both, in a quarter of all groups.
    private WindowPolicy? Lengths(string group, double nominal, ImmutableArray<Conduit> conduits)
    {
        if (!Chance(0.25))
        {
            return null;
        }

        var groupOf = _models.ToDictionary(m => m.Name, m => m.Group);
        var members = _models.Where(m => m.Group == group).Select(m => m.Name).ToList();
        var inGroup = conduits.Where(c => groupOf[c.From.Split('.')[0]] == group && groupOf[c.To.Split('.')[0]] == group).ToList();
        var pair = (from a in inGroup from b in inGroup where a.From.Split('.')[0] == b.To.Split('.')[0] && b.From.Split('.')[0] == a.To.Split('.')[0] select (a.To, b.To)).Take(1).ToList();
        var backward = inGroup.Where(c => c.From.Split('.')[0] == c.To.Split('.')[0]).ToList();   // Most models that read themselves read before they write.
        WindowController? controller = pair.Count > 0 && Chance(0.6) ? new WindowController(0.01, 0.1) { Bonds = [.. pair] }
            : backward.Count > 0 && Chance(0.6) ? new WindowController(0.01, 0.1)
            : null;
        return new WindowPolicy(nominal * 0.1, nominal * OneOf(1.0, 2.5)) { Follows = Chance(0.5) ? [.. members] : [], Controller = controller };
    }

    private CouplingScheme WithIterations(CouplingScheme scheme, string group, ImmutableArray<Conduit> conduits)
    {
        if (!Chance(0.45))
        {
            return scheme;
        }

        var groupOf = _models.ToDictionary(m => m.Name, m => m.Group);
        var inGroup = conduits.Where(c => groupOf[c.From.Split('.')[0]] == group && groupOf[c.To.Split('.')[0]] == group).ToList();
        var criteria = inGroup.Where(_ => Chance(0.5)).Select(c => new ConvergenceCriterion(c.To, OneOf(Enum.GetValues<ResidualMeasure>()), OneOf(0.3, 0.03))
        {
            RelativeLimit = 0.1,
            IsStrict = Chance(0.1),
            Suffices = Chance(0.1),
            IsJoint = Chance(0.7),
        });
        var maximum = _random.Next(2, 4);
        return scheme with { Iteration = new IterationPolicy(_random.Next(1, maximum), maximum, [.. criteria], OneOf(AccelerationSpec.Constant(1), AccelerationSpec.Constant(0.7), AccelerationSpec.Aitken(), AccelerationSpec.LeastSquares(0.5), AccelerationSpec.Jacobian(0.5))) };
    }
}
