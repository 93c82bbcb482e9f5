using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Composition;

/// <summary>An experiment read from a file and composed.</summary>
/// <param name="System">Ready to run.</param>
/// <param name="File">The file as the user named it.</param>
/// <param name="Text">Its text.</param>
/// <param name="Overrides">Changes from the command line.</param>
/// <param name="Inputs">The files that the models read.</param>
/// <param name="Libraries">The assemblies of user-written models.</param>
/// <param name="Warnings">What is doubtful but can run.</param>
public sealed record LoadedExperiment(CoupledSystem System, string File, string Text, ImmutableArray<string> Overrides,
    ImmutableArray<InputFile> Inputs, ImmutableArray<InputReference> Libraries, ImmutableArray<string> Warnings)
{
    /// <summary>Where the experiment itself says that it ends, s: what its checks speak of. A run may end elsewhere.</summary>
    public required double OwnUntil { get; init; }

    /// <summary>The names of the experiment's run stages, in order; none for an experiment that is one run.</summary>
    public ImmutableArray<string> Stages { get; init; } = [];

    /// <summary>Which of them this is; empty for an experiment that is one run.</summary>
    public string Stage { get; init; } = "";

    /// <summary>The states with which participants begin, those that rest in this stage included.</summary>
    public CarriedStates Carried { get; init; } = CarriedStates.None;

    /// <summary>The run stage after this one; null after the last.</summary>
    public string? NextStage => Stages.IndexOf(Stage) is >= 0 and var at && at + 1 < Stages.Length ? Stages[at + 1] : null;

    /// <summary>The verdict on the experiment's checks; none for a run that ended elsewhere than they mean.</summary>
    public ImmutableArray<CheckResult> Judge(IReadOnlyDictionary<string, double> metrics) =>
        System.Experiment.Until == OwnUntil ? RunMetrics.Judge(System.Experiment.Checks, metrics) : [];

    /// <summary>What the record of a run says of where it came from.</summary>
    public RunOrigin OriginOf(string run) => new()
    {
        Run = run,
        Experiment = System.Experiment.Name,
        File = Path.GetFullPath(File),
        Text = Text,
        Overrides = Overrides,
        Inputs = [.. Inputs.Select(i => new InputReference(i.Name, RunEventCodec.Hash(Encoding.UTF8.GetBytes(i.Text))))],
        Libraries = Libraries,
        Stage = Stage,
        Parent = Carried.Run,
        ParentWindow = Carried.Window,
        Carried = [.. Carried.States.Select(s => new InputReference(s.Key, RunEventCodec.Hash(s.Value.Save())))],
        Program = Machine.Program,
        Seed = System.Experiment.Seed,
    };
}

/// <summary>What participants bring along from another run.</summary>
/// <param name="Run">The run; empty for none.</param>
/// <param name="Window">How many root windows it had.</param>
/// <param name="States">The states, by participant.</param>
public sealed record CarriedStates(string Run, long Window, ImmutableSortedDictionary<string, CarriedState> States)
{
    /// <summary>Nothing is brought along.</summary>
    public static CarriedStates None { get; } = new("", 0, ImmutableSortedDictionary.Create<string, CarriedState>(StringComparer.Ordinal));
}

/// <summary>From a file, or a record, to a coupled system; or to a report of everything that is wrong.</summary>
public sealed class ExperimentLoader
{
    private static readonly Unit _second = Unit.Parse("s");

    private readonly string _file;
    private readonly string _text;
    private readonly Func<string, string?> _readInput;
    private readonly List<Fault> _faults = [];
    private readonly List<InputFile> _inputs = [];
    private readonly ImmutableArray<InputReference>.Builder _libraries = ImmutableArray.CreateBuilder<InputReference>();
    private readonly ModelCatalogue _catalogue = BuiltInModels.Catalogue();

    private string? _stage;
    private CarriedStates _carried = CarriedStates.None;

    private ExperimentLoader(string file, string text, Func<string, string?> readInput)
    {
        _file = file;
        _text = text;
        _readInput = readInput;
    }

    /// <summary>Loads the experiment in <paramref name="file"/>, changed by <paramref name="overrides"/>.</summary>
    /// <param name="file">The file.</param>
    /// <param name="overrides">Assignments <c>key=value</c>.</param>
    /// <param name="stage">The run stage; null for the first, and for an experiment without.</param>
    /// <param name="carried">What participants bring along; nothing if null.</param>
    /// <exception cref="InvalidExperimentException">Something is wrong with it; the message names all of it.</exception>
    public static LoadedExperiment Load(string file, IEnumerable<string> overrides, string? stage = null, CarriedStates? carried = null)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidExperimentException($"The experiment '{file}' cannot be read: {(fault is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : fault.Message)}.{NearFile(file)}", fault);
        }

        var loader = new ExperimentLoader(file, text, ReadFile) { _stage = stage, _carried = carried ?? CarriedStates.None };
        return loader.Run([.. overrides]);
    }

    /// <summary>Loads the experiment of a recorded run, with the input files that it was started with.</summary>
    /// <param name="store">The run.</param>
    /// <param name="origin">What it was started from.</param>
    /// <param name="until">Where it ends, s; null for what the experiment says.</param>
    /// <param name="changes">Further assignments <c>key=value</c>.</param>
    /// <exception cref="InvalidExperimentException">It cannot be composed any more, or a model library has changed.</exception>
    public static LoadedExperiment Reload(RunStore store, RunOrigin origin, double? until, params ImmutableArray<string> changes)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(origin);
        string? FromStore(string name) => origin.Inputs.FirstOrDefault(i => i.Name == name) is { } input ? Encoding.UTF8.GetString(store.ReadChunk(input.Hash))
            : changes.IsEmpty ? null
            : ReadFile(name);       // A file that the run did not have.
        var states = origin.Carried.ToImmutableSortedDictionary(c => c.Name, c => CarriedState.Restore(store.ReadChunk(c.Hash)), StringComparer.Ordinal);
        var loader = new ExperimentLoader(origin.File, origin.Text, FromStore)
        {
            _stage = origin.Stage.Length > 0 ? origin.Stage : null,
            _carried = new CarriedStates(origin.Parent, origin.ParentWindow, states),
        };
        var loaded = loader.Run([.. origin.Overrides, .. changes], until);
        foreach (var (recorded, now) in origin.Libraries.Zip(loaded.Libraries))
        {
            if (recorded != now)
            {
                throw new InvalidExperimentException($"The model library '{now.Name}' has changed since the run '{origin.Run}' was started: its hash was {recorded.Hash[..12]}… and is {now.Hash[..12]}…. The record would not fit. Put the old one back, or start a new run.");
            }
        }

        return loaded;
    }

    /// <summary>A time as users write it.</summary>
    /// <exception cref="InvalidExperimentException">It is none.</exception>
    public static double Time(string text, string what)
    {
        var faults = new List<Fault>();
        var position = new SourcePosition(what, 0, 0);
        var reader = new ConfigReader(new ConfigObject(position, [new ConfigEntry(what, position, new ConfigScalar(position, text, false))]), faults);
        var time = reader.Number(what, _second, min: 0, exclusiveMin: true);
        return faults.Count == 0 ? time : throw new InvalidExperimentException(FaultReport.Render(faults, static _ => null));
    }

    private static string? ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static string NearFile(string path)
    {
        var folder = Path.GetDirectoryName(path) is { Length: > 0 } f ? f : ".";
        if (!Directory.Exists(folder))
        {
            return "";
        }

        var names = Directory.EnumerateFiles(folder).Take(1000).Select(p => Path.GetFileName(p)!).ToList();
        return Suggestion.Nearest(Path.GetFileName(path), names) is { } near ? $" Did you mean '{Path.Combine(folder == "." ? "" : folder, near)}'?" : "";
    }

    private LoadedExperiment Run(ImmutableArray<string> overrides, double? until = null)
    {
        var scan = HoconScanner.Scan(_file, _text);
        _faults.AddRange(scan.Faults);
        var root = scan.Root;
        var own = new ConfigReader(root, []);
        foreach (var change in overrides)
        {
            root = ConfigOverride.Apply(root, change, _faults);
        }

        // Where brackets do not match, keys may stand in the wrong block: what follows would hide the cause.
        if (!scan.IsStructureSound)
        {
            StopOnFaults();
        }

        var stages = StagesOf(root);
        var stage = _stage ?? stages.FirstOrDefault("");
        if (stages.Length > 0)
        {
            (root, own) = (WithStage(root, stage, isLast: stage == stages[^1]), new ConfigReader(WithStage(scan.Root, stage, isLast: stage == stages[^1]), []));
        }

        var experiment = Bind(new ConfigReader(root, _faults));
        if (stages.Length > 0)
        {
            experiment = WithoutResting(experiment);
        }

        experiment = experiment with { Carried = _carried.States };
        if (until is { } end)
        {
            experiment = experiment with { Until = end };
        }

        var (system, found) = TryCompose(experiment);
        foreach (var fault in found.Where(f => !f.IsWarning))
        {
            // What the binder said already need not be said twice.
            static bool Within(string inner, string outer) => outer.Length > 0 && (inner == outer || inner.StartsWith(outer + ".", StringComparison.Ordinal));
            if (!_faults.Any(f => Within(f.Key, fault.Path) || Within(fault.Path, f.Key)))
            {
                _faults.Add(new Fault(PositionOf(root, fault.Path), fault.Path, fault.Message));
            }
        }

        StopOnFaults();
        return new LoadedExperiment(system!, _file, _text, overrides, [.. _inputs], _libraries.ToImmutable(),
            [.. found.Where(f => f.IsWarning).Select(f => $"{PositionOf(root, f.Path)}: {f.Message}")])
        {
            OwnUntil = own.Number("until", _second, experiment.Until),
            Stages = stages,
            Stage = stage,
            Carried = _carried,
        };
    }

    // run-stages { relax { … }, couple { … } }: in the order in which they stand.
    private ImmutableArray<string> StagesOf(ConfigObject root)
    {
        if (!root.TryGet("run-stages", out var entry))
        {
            return [];
        }

        if (entry.Value is not ConfigObject { Entries: { IsEmpty: false } entries } || entries.Any(e => e.Value is not ConfigObject))
        {
            _faults.Add(new Fault(entry.KeyPosition, "run-stages", "Run stages are sections by name, such as 'run-stages { relax { … }, couple { … } }'."));
            StopOnFaults();
            return [];
        }

        if (_stage is { } wanted && entries.All(e => e.Name != wanted))
        {
            _faults.Add(new Fault(entry.KeyPosition, "run-stages", $"There is no run stage '{wanted}'. {Suggestion.Sentence(wanted, [.. entries.Select(e => e.Name)])}"));
            StopOnFaults();
        }

        return [.. entries.Select(e => e.Name)];
    }

    // The keys of a stage are put over those outside. What is expected outside is expected of the last stage.
    private static ConfigObject WithStage(ConfigObject root, string stage, bool isLast)
    {
        root.TryGet("run-stages", out var entry);
        ((ConfigObject)entry!.Value).TryGet(stage, out var own);
        return ConfigOverride.Merge(root with { Entries = [.. root.Entries.Where(e => e.Name != "run-stages" && (isLast || e.Name != "expect"))] }, (ConfigObject)own!.Value);
    }

    // Whom the scheme of a stage does not name rests: its state waits for a later stage, and its conduits carry nothing.
    private static Experiment WithoutResting(Experiment experiment)
    {
        var awake = new HashSet<string>(StringComparer.Ordinal);
        void Wake(CouplingScheme scheme)
        {
            foreach (var entry in scheme.Stages.SelectMany(s => s))
            {
                var name = Suggestion.BaseOf(entry);
                if (awake.Add(name) && experiment.Groups.FirstOrDefault(g => g.Name == name) is { } group)
                {
                    Wake(group.Scheme);
                }
            }
        }

        Wake(experiment.Scheme);
        string OwnerOf(string address) => DividedParticipants.OwnerOf(experiment, address);
        bool IsAwake(string address) => !experiment.Participants.Any(p => p.Name == OwnerOf(address)) || awake.Contains(OwnerOf(address));
        bool Concerns(PlacementRule rule, Participant participant) => rule.Concerns(participant.Name) || OwnerOf(rule.Participants) == participant.Name
            || (participant.Subdomains is not null && rule.Concerns(DividedParticipants.CoarseLevelOf(participant.Name)));
        return experiment with
        {
            Participants = [.. experiment.Participants.Where(p => awake.Contains(p.Name))],
            Groups = [.. experiment.Groups.Where(g => awake.Contains(g.Name))],
            Conduits = [.. experiment.Conduits.Where(c => IsAwake(c.From) && IsAwake(c.To))],
            Limits = [.. experiment.Limits.Where(l => IsAwake(l.Metric) && !experiment.Watches.Any(w => !IsAwake(w.Port) && (l.Metric + ".").StartsWith($"watch.{w.Name}.", StringComparison.Ordinal)))],
            Watches = [.. experiment.Watches.Where(w => IsAwake(w.Port))],
            Placement = [.. experiment.Placement
                .Where(rule => experiment.Participants.Where(p => Concerns(rule, p)) is var concerned && (!concerned.Any() || concerned.Any(p => awake.Contains(p.Name))))
                .Select(rule => rule.With is { } with && !IsAwake(with) ? rule with { With = null } : rule)
                .Where(rule => rule.SaysSomething())],
        };
    }

    private static (CoupledSystem? System, ImmutableArray<ExperimentFault> Faults) TryCompose(Experiment experiment) => Physics.Coupling.Composition.TryCompose(experiment);

    private void StopOnFaults()
    {
        if (_faults.Count > 0)
        {
            throw new InvalidExperimentException(FaultReport.Render(_faults, file => file == _file ? _text : null));
        }
    }

    // ---- binding -------------------------------------------------------------------------------------------------

    private Experiment Bind(ConfigReader root)
    {
        var name = root.Text("name", Path.GetFileNameWithoutExtension(_file).ToLowerInvariant());
        foreach (var library in root.Texts("models", []))
        {
            try
            {
                _libraries.Add(ModelLibraries.AddTo(_catalogue, Beside(library)) with { Name = library });
            }
            catch (InvalidExperimentException fault)
            {
                root.Fault("models", fault.Message);
            }
        }

        var snapshots = root.Section("snapshots", required: false);
        var experiment = new Experiment
        {
            Name = name,
            Description = root.Text("description", ""),
            Until = root.Number("until", _second, min: 0, exclusiveMin: true),
            Window = root.Number("window", _second, min: 0, exclusiveMin: true),
            Seed = (ulong)root.Integer("seed", 1, 0),
            Halvings = (int)root.Integer("halvings", 0, 0, 16),
            Lengths = BindLengths(root),
            RunAhead = (int)root.Integer("run-ahead", 4096, 1, 1_000_000),
            Participants = [.. root.Sections("participants").Select(p => BindParticipant(p.Name, p.Reader))],
            Conduits = [.. root.Items("conduits", required: false).Select(BindConduit)],
            Scheme = BindScheme(root.Section("scheme")),
            Groups = [.. root.Sections("groups", required: false).Select(g => BindGroup(g.Name, g.Reader))],
            SnapshotEvery = (int)snapshots.Integer("every", 0, 0, int.MaxValue),
            SnapshotInterval = TimeSpan.FromSeconds(snapshots.Number("interval", _second, 30, min: 0.1, max: 1e6)),
            Limits = BindLimits(root.Section("limits", required: false)),
            Watches = [.. root.Sections("watches", required: false).Select(w => BindWatch(w.Name, w.Reader))],
            Placement = [.. root.Sections("placement", required: false).Select(p => BindPlacement(p.Name, p.Reader))],
            Checks = [.. root.Sections("expect", required: false).Select(c => BindCheck(c.Name, c.Reader))],
        };
        root.Finish();
        return experiment;
    }

    // Paths in a file are relative to the file.
    private string Beside(string path) => Path.IsPathRooted(path) ? path : Path.Combine(Path.GetDirectoryName(_file) ?? "", path);

    private Participant BindParticipant(string name, ConfigReader reader)
    {
        var faults = _faults.Count;
        var kind = reader.Text("model");
        var limit = reader.Has("time-limit") ? reader.Number("time-limit", _second, min: 0, max: 1e7, exclusiveMin: true) : (double?)null;
        var count = reader.Has("count") ? (int)reader.Integer("count", null, 1, 1_000_000) : (int?)null;
        var subdomains = reader.Has("subdomains") ? BindSubdomains(reader.Section("subdomains")) : null;
        var late = reader.Choice("when-late", ["stop", "shorten"], "stop");
        var recording = reader.Choice("record", ["all", "outputs", "none"], "all");
        var entry = _catalogue.Find(kind);
        if (entry is null)
        {
            reader.Node("settings");        // Not looked into: without its model nobody knows what may stand there.
            if (kind.Length > 0)
            {
                reader.Fault("model", $"There is no model '{kind}'. {Suggestion.Sentence(kind, [.. _catalogue.Entries.Select(e => e.Kind)])} 'models' shows them with their settings.");
            }

            return Placeholder(name) with { Count = count ?? subdomains?.Count };
        }

        var settings = reader.Section("settings", required: false);
        var given = new List<KeyValuePair<string, object>>();
        foreach (var setting in entry.Settings)
        {
            if ((settings.Has(setting.Key) || (setting.Default is null && !setting.Optional)) && BindSetting(settings, setting) is { } value)
            {
                given.Add(new(setting.Key, value));
            }
        }

        return _faults.Count > faults ? Placeholder(name) with { Count = count ?? subdomains?.Count } : new Participant(name, entry, new ModelSettings(name, entry, given))
        {
            TimeLimit = limit is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            ShortensWhenLate = late == "shorten",
            Recording = recording switch { "none" => FieldRecording.None, "outputs" => FieldRecording.Outputs, _ => FieldRecording.All },
            Count = count,
            Subdomains = subdomains,
        };
    }

    // Who iterates on what is written out by the composition. One coarse cell a part suffices for numbers of iterations that do not grow.
    private static SubdomainScheme BindSubdomains(ConfigReader reader)
    {
        ImmutableArray<int> Wholes(string key)
        {
            var numbers = reader.Numbers(key, Unit.One);
            if (numbers.Any(n => n != Math.Floor(n) || n is < 1 or > 10_000))
            {
                reader.Fault(key, $"'{key}' takes whole numbers from 1 to 10000, one along each axis.");
                return [];
            }

            return [.. numbers.Select(n => (int)n)];
        }

        var parts = Wholes("parts");
        var iterate = reader.Section("iterate", required: false);
        var acceleration = iterate.Has("acceleration") || iterate.Has("relaxation") ? BindAcceleration(iterate) : new SubdomainScheme(new([], 0, [])).Acceleration;
        return new(new Subdomains(parts, (int)reader.Integer("overlap", 2, 1, 10_000), reader.Has("coarse") ? Wholes("coarse") : parts))
        {
            MostIterations = (int)iterate.Integer("max", 100, 2, 1_000_000),
            Acceleration = iterate.Has("relaxation") || iterate.Node("acceleration") is ConfigObject ? acceleration : acceleration with { Relaxation = 1 },
            Tolerance = reader.Number("tolerance", Unit.One, 1e-9, 0, 1, exclusiveMin: true),
            Absolute = reader.Has("absolute") ? reader.Number("absolute", Unit.One, null, 0, exclusiveMin: true) : null,
            Windows = (int)reader.Integer("windows", 1, 1, 1_000_000),
        };
    }

    // Stands in for a participant whose settings are wrong, so that the rest of the experiment is looked at all the same.
    private static Participant Placeholder(string name)
    {
        var entry = new ModelEntry("placeholder", "", _ => throw new UnknownModelException());
        return new Participant(name, entry, new ModelSettings(name, entry, []));
    }

    private object? BindSetting(ConfigReader settings, Setting setting)
    {
        switch (setting.Kind)
        {
            case SettingKind.Number:
                var number = settings.Number(setting.Key, setting.Unit, null, setting.Minimum, setting.Maximum, setting.AboveMinimum);
                return double.IsFinite(number) ? number : null;
            case SettingKind.Integer:
                return settings.Integer(setting.Key, null, (long)Math.Max(long.MinValue, setting.Minimum), setting.Maximum >= long.MaxValue ? long.MaxValue : (long)setting.Maximum);
            case SettingKind.Flag:
                return settings.Flag(setting.Key);
            case SettingKind.Choice:
                return settings.Choice(setting.Key, setting.Choices);
            case SettingKind.Numbers:
                return settings.Numbers(setting.Key, setting.Unit);
            case SettingKind.Text:
                return settings.Text(setting.Key);
            case SettingKind.Texts:
                return settings.Texts(setting.Key);
            case SettingKind.Path:
                return Path.GetFullPath(Beside(settings.Text(setting.Key)));
            case SettingKind.File:
                var path = settings.Text(setting.Key);
                if (path.Length == 0)
                {
                    return null;
                }

                // A path is looked for beside the experiment first, then from where the user stands.
                var text = _inputs.FirstOrDefault(i => i.Name == path)?.Text ?? _readInput(Beside(path)) ?? _readInput(path);
                if (text is null)
                {
                    settings.Fault(setting.Key, $"The file '{path}' cannot be read; looked for '{Path.GetFullPath(Beside(path))}'.{NearFile(Beside(path))}");
                    return null;
                }

                var input = new InputFile(path, text);
                if (_inputs.All(i => i.Name != path))
                {
                    _inputs.Add(input);
                }

                return input;
            default:
                throw new InvalidOperationException($"The loader knows no setting of kind {setting.Kind}.");
        }
    }

    private static Conduit BindConduit(ConfigReader reader) => new(reader.Text("from"), reader.Text("to"))
    {
        Gradient = reader.Has("gradient") ? reader.Text("gradient") : null,
        Degree = (int)reader.Integer("degree", 1, 0, Waveform.MaximumDegree),
        Substeps = reader.Flag("substeps", true),
        IsPointByPoint = reader.Node("mapping") is ConfigScalar { Text: "identity" },
        Mapping = BindMapping(reader),
        Extrapolation = reader.Choice<Extrapolation>("extrapolation", Extrapolation.Constant),
        IsAccelerated = reader.Flag("accelerate", true),
    };

    // mapping = nearest-projection, or mapping { method = partition-of-unity, basis = compact-c6, … }.
    private static MappingSpec? BindMapping(ConfigReader conduit)
    {
        if (conduit.Node("mapping") is not ConfigObject)
        {
            var methods = Enum.GetNames<MappingMethod>().Select(ConfigReader.KebabOf).ToList();
            var word = conduit.Choice("mapping", ["auto", "identity", .. methods], "auto");
            return methods.IndexOf(word) is >= 0 and var index ? new MappingSpec { Method = Enum.GetValues<MappingMethod>()[index] } : null;
        }

        var reader = conduit.Section("mapping");
        var defaults = new MappingSpec();
        var basis = reader.Choice<RadialBasis>("basis", defaults.Basis);
        double? Length(string key, string unit) => reader.Has(key) ? reader.Number(key, Unit.Parse(unit), min: 0, exclusiveMin: true) : null;
        return new MappingSpec
        {
            Method = reader.Choice<MappingMethod>("method"),
            Constraint = reader.Choice<MappingConstraint>("constraint", defaults.Constraint),
            Basis = basis,
            Polynomial = reader.Choice<PolynomialTerm>("polynomial", defaults.Polynomial),
            SupportRadius = Length("support-radius", "m"),
            ShapeParameter = Length("shape-parameter", basis == RadialBasis.Gaussian ? "1/m" : "m"),
            ClusterSize = (int)reader.Integer("cluster-size", defaults.ClusterSize, 8, 10_000),
            Overlap = reader.Number("overlap", Unit.One, defaults.Overlap, 0, 0.5, exclusiveMin: true),
            GradientNeighbors = (int)reader.Integer("gradient-neighbors", defaults.GradientNeighbors, 3, 1_000),
            Kernel = reader.Choice<AveragingKernel>("kernel", defaults.Kernel),
            KernelWidth = Length("kernel-width", "m"),
        };
    }

    private CouplingGroup BindGroup(string name, ConfigReader reader) => new(name, BindScheme(reader), (int)reader.Integer("windows", 1, 1, 1_000_000))
    {
        Halvings = (int)reader.Integer("halvings", 0, 0, 16),
        Lengths = BindLengths(reader),
    };

    private static WindowPolicy? BindLengths(ConfigReader group)
    {
        if (!group.Has("window-lengths"))
        {
            return null;
        }

        var reader = group.Section("window-lengths");
        return new WindowPolicy(reader.Number("shortest", _second, min: 0, exclusiveMin: true), reader.Number("longest", _second, min: 0, exclusiveMin: true))
        {
            Follows = [.. reader.Texts("follow", [])],
            Controller = reader.Has("control") ? BindController(reader.Section("control")) : null,
        };
    }

    private static WindowController BindController(ConfigReader reader)
    {
        var defaults = new WindowController(0, 0);
        return new WindowController(reader.Number("absolute", Unit.One, 0, 0), reader.Number("relative", Unit.One, 0, 0))
        {
            Bonds = [.. reader.Items("bonds", required: false).Select(b => (b.Text("effort"), b.Text("flow")))],
            Safety = reader.Number("safety", Unit.One, defaults.Safety, 0, 1, exclusiveMin: true),
            Integral = reader.Number("integral", Unit.One, defaults.Integral, 0, 10, exclusiveMin: true),
            Proportional = reader.Number("proportional", Unit.One, defaults.Proportional, 0, 10),
            LeastFactor = reader.Number("least-factor", Unit.One, defaults.LeastFactor, 0, 1, exclusiveMin: true),
            GreatestFactor = reader.Number("greatest-factor", Unit.One, defaults.GreatestFactor, 1, 1e6, exclusiveMin: true),
        };
    }

    private CouplingScheme BindScheme(ConfigReader reader)
    {
        var stages = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
        const string form = "Stages are a list of lists of names: [[a], [b]] is one after the other, [[a, b]] both at once.";
        switch (reader.Node("stages"))
        {
            case ConfigArray { Items: var items }:
                foreach (var stage in items)
                {
                    if (stage is ConfigArray { Items: var entries } && entries.All(e => e is ConfigScalar))
                    {
                        stages.Add([.. entries.Select(e => ((ConfigScalar)e).Text)]);
                    }
                    else if (stage is not ConfigUnreadable)
                    {
                        reader.Fault("stages", form);
                    }
                }

                break;
            case null:
                reader.Text("stages");          // Says that it is missing.
                break;
            case not ConfigUnreadable:
                reader.Fault("stages", form);
                break;
        }

        return new CouplingScheme(stages.ToImmutable(), BindIteration(reader));
    }

    private IterationPolicy BindIteration(ConfigReader scheme)
    {
        if (!scheme.Has("iterate"))
        {
            return IterationPolicy.Once;
        }

        var reader = scheme.Section("iterate");
        return new IterationPolicy(
            (int)reader.Integer("min", 1, 1, 1_000_000),
            (int)reader.Integer("max", null, 1, 1_000_000),
            [.. reader.Items("converge", required: false).Select(BindCriterion).OfType<ConvergenceCriterion>()],
            BindAcceleration(reader));
    }

    // relaxation = 0.5, or acceleration = aitken, or acceleration { method = iqn-ils, … }.
    private static AccelerationSpec BindAcceleration(ConfigReader iterate)
    {
        static AccelerationSpec OfName(string word) => word switch
        {
            "aitken" => AccelerationSpec.Aitken(),
            "iqn-ils" => AccelerationSpec.LeastSquares(),
            "iqn-imvj" => AccelerationSpec.Jacobian(),
            _ => new AccelerationSpec(),
        };
        string[] words = ["constant", "aitken", "iqn-ils", "iqn-imvj"];
        if (iterate.Node("acceleration") is not ConfigObject)
        {
            var plain = OfName(iterate.Choice("acceleration", words, "constant"));
            return plain with { Relaxation = iterate.Number("relaxation", Unit.One, plain.Relaxation, 0, 2, exclusiveMin: true) };
        }

        var reader = iterate.Section("acceleration");
        var spec = OfName(reader.Choice("method", words));
        var scaling = reader.Choice<BlockScaling>("scaling", spec.Scaling);
        return spec with
        {
            Relaxation = reader.Number("relaxation", Unit.One, iterate.Number("relaxation", Unit.One, spec.Relaxation, 0, 2, exclusiveMin: true), 0, 2, exclusiveMin: true),
            GreatestFactor = reader.Number("greatest-factor", Unit.One, spec.GreatestFactor, 0, 1e6, exclusiveMin: true),
            Columns = (int)reader.Integer("columns", spec.Columns, 1, 10_000),
            WindowsReused = (int)reader.Integer("windows-reused", spec.WindowsReused, 0, 10_000),
            Filter = reader.Choice<ColumnFilter>("filter", spec.Filter),
            FilterLimit = reader.Number("filter-limit", Unit.One, spec.FilterLimit, 0),
            Scaling = scaling,
            Factors = reader.Has("factors") ? reader.Numbers("factors", Unit.One) : [],
            ScalingThreshold = reader.Number("scaling-threshold", Unit.One, spec.ScalingThreshold, 1),
            ScalingFreezesAfter = (int)reader.Integer("scaling-freezes-after", spec.ScalingFreezesAfter, 0, int.MaxValue),
            UsesWindowEndsOnly = reader.Choice("time-grid", ["full", "window-ends"], "full") == "window-ends",
            Restart = reader.Choice<JacobianRestart>("restart", spec.Restart),
            RestartAfter = (int)reader.Integer("restart-after", spec.RestartAfter, 1, 10_000),
            Truncation = reader.Number("truncation", Unit.One, spec.Truncation, 0, 1),
        };
    }

    private ConvergenceCriterion? BindCriterion(ConfigReader reader)
    {
        var faults = _faults.Count;
        var conduit = reader.Text("conduit");
        double? Limit(string key) => reader.Has(key) ? reader.Number(key, Unit.One, null, 0, exclusiveMin: true) : null;
        var (absolute, relative, residual) = (Limit("absolute"), Limit("relative"), Limit("residual-relative"));
        var (strict, suffices, joint) = (reader.Flag("strict", false), reader.Flag("suffices", false), reader.Flag("joint", false));
        if (residual is not null ? absolute is not null || relative is not null : absolute is null && relative is null)
        {
            reader.Fault("conduit", "A criterion has 'absolute', 'relative', both of them (either one is enough), or 'residual-relative'.");
        }

        var measure = residual is not null ? ResidualMeasure.ResidualRelative
            : absolute is null ? ResidualMeasure.Relative
            : relative is null ? ResidualMeasure.Absolute
            : ResidualMeasure.AbsoluteOrRelative;
        return _faults.Count > faults ? null : new ConvergenceCriterion(conduit, measure, residual ?? absolute ?? relative ?? 0)
        {
            RelativeLimit = measure == ResidualMeasure.AbsoluteOrRelative ? relative!.Value : 0,
            IsStrict = strict,
            Suffices = suffices,
            IsJoint = joint,
        };
    }

    // limits { ledger.energy-drift = 1e-3 } and limits { "ledger.energy-drift" = 1e-3 } mean the same.
    private static ImmutableArray<ConservationLimit> BindLimits(ConfigReader reader)
    {
        var limits = ImmutableArray.CreateBuilder<ConservationLimit>();
        void Bind(ConfigReader block, string prefix)
        {
            foreach (var key in block.Names.ToList())
            {
                if (block.Node(key) is ConfigObject)
                {
                    Bind(block.Section(key), prefix + key + ".");
                }
                else
                {
                    limits.Add(new ConservationLimit(prefix + key, block.Number(key, Unit.One, null, 0, exclusiveMin: true)));
                }
            }
        }

        Bind(reader, "");
        return limits.ToImmutable();
    }

    private static PlacementRule BindPlacement(string participants, ConfigReader reader)
    {
        var rule = new PlacementRule(participants)
        {
            Role = reader.Has("role") ? reader.Text("role") : null,
            With = reader.Has("with") ? reader.Text("with") : null,
            LeastNodes = reader.Has("least-nodes") ? (int)reader.Integer("least-nodes", null, 1, 10_000) : null,
        };
        if (rule.Role is { } role && !NodeSettings.IsRole(role))
        {
            reader.Fault("role", $"'{role}' cannot be the role of a node: lower-case letters, digits and '-' can, beginning with a letter, at most 32.");
        }

        return rule;
    }

    private static Watch BindWatch(string name, ConfigReader reader)
    {
        var watch = new Watch(name, reader.Text("port"), reader.Choice<WatchKind>("take", WatchKind.Value));
        if (!reader.Has("at"))
        {
            return watch;
        }

        var place = reader.Numbers("at", Unit.Parse("m"));
        if (place.Length is < 1 or > 3)
        {
            reader.Fault("at", $"A place has one to three coordinates; found {place.Length}.");
            return watch;
        }

        return watch with { At = new Vec3(place[0], place.Length > 1 ? place[1] : 0, place.Length > 2 ? place[2] : 0) };
    }

    private Check BindCheck(string name, ConfigReader reader)
    {
        var metric = reader.Text("metric");
        var (value, unit) = BindValue(reader, "value");
        var tolerance = 0.0;
        if (reader.Has("within"))
        {
            tolerance = reader.Number("within", Unit.One, null, 0) * Math.Abs(value ?? 0);
            if (reader.Has("tolerance"))
            {
                reader.Fault("tolerance", "A check has a tolerance (absolute) or a part within which it lies (relative), not both.");
            }
        }
        else
        {
            var (given, _) = BindValue(reader, "tolerance");
            tolerance = given ?? 0;
            if (value is not null && given is null)
            {
                reader.Fault("value", "A value needs a tolerance, such as 'tolerance = 1e-3', or 'within = 2 %'.");
            }
        }

        var (least, leastUnit) = BindValue(reader, "at-least");
        var (most, mostUnit) = BindValue(reader, "at-most");
        return new Check(name, metric, reader.Text("source", "")) { Value = value, Tolerance = tolerance, AtLeast = least, AtMost = most, Unit = unit ?? leastUnit ?? mostUnit };
    }

    // Numbers of checks are in the unit of the port, or carry one; they are compared in coherent SI units. Whether the unit is one of
    // the port's dimension is looked at when the ports are known.
    private static (double? Value, Unit? Unit) BindValue(ConfigReader reader, string key)
    {
        if (!reader.Has(key))
        {
            return (null, null);
        }

        if (reader.Node(key) is ConfigScalar { Text: var text } && text.IndexOf(' ', StringComparison.Ordinal) is > 0 and var blank && Unit.TryParse(text[blank..], out var unit, out _))
        {
            return (reader.Number(key, new Unit(unit.Dimension.ToString(), unit.Dimension, 1)), unit);
        }

        return (reader.Number(key, Unit.One), null);
    }

    // ---- places --------------------------------------------------------------------------------------------------

    // The place of a dotted path: the deepest part of it that stands in the text. Names may contain dots.
    private static SourcePosition PositionOf(ConfigObject root, string path)
    {
        ConfigNode node = root;
        var position = root.Position;
        var rest = path;
        while (rest.Length > 0)
        {
            switch (node)
            {
                case ConfigObject block when block.Entries.Where(e => rest == e.Name || rest.StartsWith(e.Name + ".", StringComparison.Ordinal)).MaxBy(e => e.Name.Length) is { } entry:
                    (position, node) = (entry.KeyPosition, entry.Value);
                    rest = rest.Length > entry.Name.Length ? rest[(entry.Name.Length + 1)..] : "";
                    break;
                case ConfigArray array:
                    var dot = rest.IndexOf('.', StringComparison.Ordinal);
                    var head = dot < 0 ? rest : rest[..dot];
                    if (!int.TryParse(head, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= array.Items.Length)
                    {
                        return position;
                    }

                    node = array.Items[index];
                    position = node.Position;
                    rest = dot < 0 ? "" : rest[(dot + 1)..];
                    break;
                default:
                    return position;
            }
        }

        return position;
    }
}
