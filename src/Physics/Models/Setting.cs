using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Models;

/// <summary>What kind of value a setting takes.</summary>
public enum SettingKind
{
    /// <summary>A number with a unit.</summary>
    Number,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>A list of numbers with a unit.</summary>
    Numbers,

    /// <summary>The path of an input file; the model receives its text.</summary>
    File,

    /// <summary>Any text.</summary>
    Text,

    /// <summary>A list of texts.</summary>
    Texts,

    /// <summary>A path, relative to the experiment's file; it reaches the model as an absolute one.</summary>
    Path,
}

/// <summary>A setting of a model: its key in an experiment, what it means, what is allowed, and its default.</summary>
/// <param name="Key">Key, lower-kebab.</param>
/// <param name="Kind">What kind of value it takes.</param>
/// <param name="Meaning">One sentence for the user.</param>
public sealed record Setting(string Key, SettingKind Kind, string Meaning)
{
    /// <summary>The unit of a number; the number reaches the model in it.</summary>
    public Unit Unit { get; init; } = Unit.One;

    /// <summary>The value where the experiment gives none; null if it must.</summary>
    public object? Default { get; init; }

    /// <summary>Whether the setting may be absent although it has no default.</summary>
    public bool Optional { get; init; }

    /// <summary>The least value allowed.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>The greatest value allowed.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>Whether the least value itself is excluded.</summary>
    public bool AboveMinimum { get; init; }

    /// <summary>The words allowed.</summary>
    public ImmutableArray<string> Choices { get; init; } = [];

    /// <summary>A number in <paramref name="unit"/> (an expression such as <c>kg/m^3</c>).</summary>
    public static Setting Number(string key, string unit, string meaning, double? value = null, double min = double.NegativeInfinity, double max = double.PositiveInfinity, bool above = false) =>
        new(key, SettingKind.Number, meaning) { Unit = Unit.Parse(unit), Default = value, Minimum = min, Maximum = max, AboveMinimum = above };

    /// <summary>A number above zero.</summary>
    public static Setting Positive(string key, string unit, string meaning, double? value = null) =>
        Number(key, unit, meaning, value, min: 0, above: true);

    /// <summary>A whole number.</summary>
    public static Setting Integer(string key, string meaning, long? value = null, long min = long.MinValue, long max = long.MaxValue) =>
        new(key, SettingKind.Integer, meaning) { Default = value, Minimum = min, Maximum = max };

    /// <summary>True or false.</summary>
    public static Setting Flag(string key, string meaning, bool? value = null) => new(key, SettingKind.Flag, meaning) { Default = value };

    /// <summary>One of <paramref name="choices"/>.</summary>
    public static Setting Choice(string key, string meaning, ImmutableArray<string> choices, string? value = null) =>
        new(key, SettingKind.Choice, meaning) { Choices = choices, Default = value };

    /// <summary>A list of numbers in <paramref name="unit"/>.</summary>
    public static Setting Numbers(string key, string unit, string meaning, ImmutableArray<double>? value = null) =>
        new(key, SettingKind.Numbers, meaning) { Unit = Unit.Parse(unit), Default = value };

    /// <summary>A list of texts.</summary>
    public static Setting Texts(string key, string meaning, ImmutableArray<string>? value = null) => new(key, SettingKind.Texts, meaning) { Default = value };

    /// <summary>An input file.</summary>
    public static Setting File(string key, string meaning, bool optional = false) => new(key, SettingKind.File, meaning) { Optional = optional };
}

/// <summary>An input file as a model sees it: a name for messages and the text. The model itself reads no disk.</summary>
/// <param name="Name">The path as the user wrote it.</param>
/// <param name="Text">What the file holds.</param>
public sealed record InputFile(string Name, string Text);
