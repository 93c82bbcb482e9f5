using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Acceleration;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// A coupling scheme is data: an ordered list of stages, each a set of entries that advance at once. An entry is
/// <c>participant</c>, <c>participant:phase</c>, or the name of a nested group.
/// </summary>
/// <param name="Stages">Serial (Gauss–Seidel) is [[A],[B]]; parallel (Jacobi) is [[A, B]]; any mix is allowed.</param>
/// <param name="Iteration">How often the stages are repeated inside one window.</param>
public sealed record CouplingScheme(ImmutableArray<ImmutableArray<string>> Stages, IterationPolicy Iteration)
{
    /// <summary>One entry after the other, once.</summary>
    public static CouplingScheme Serial(params ReadOnlySpan<string> entries)
    {
        var stages = ImmutableArray.CreateBuilder<ImmutableArray<string>>(entries.Length);
        foreach (var entry in entries)
        {
            stages.Add([entry]);
        }

        return new(stages.MoveToImmutable(), IterationPolicy.Once);
    }

    /// <summary>All entries at once, once.</summary>
    public static CouplingScheme Parallel(params ReadOnlySpan<string> entries) => new([[.. entries]], IterationPolicy.Once);

    /// <summary>The given stages, once.</summary>
    public static CouplingScheme Staged(params ImmutableArray<ImmutableArray<string>> stages) => new(stages, IterationPolicy.Once);

    /// <summary>The same stages, iterated.</summary>
    public CouplingScheme Iterated(int maximum, params ImmutableArray<ConvergenceCriterion> criteria) =>
        this with { Iteration = Iteration with { Maximum = maximum, Criteria = criteria } };

    /// <summary>The same scheme with constant relaxation.</summary>
    public CouplingScheme Relaxed(double factor) => Accelerated(AccelerationSpec.Constant(factor));

    /// <summary>The same scheme with an acceleration.</summary>
    public CouplingScheme Accelerated(AccelerationSpec acceleration) => this with { Iteration = Iteration with { Acceleration = acceleration } };
}

/// <summary>How often the stages of a group are repeated inside one window.</summary>
/// <param name="Minimum">The least number of iterations.</param>
/// <param name="Maximum">The greatest number; 1 makes the scheme explicit. Without criteria exactly this many are made.</param>
/// <param name="Criteria">All must hold for the window to be accepted before the greatest number is reached.</param>
/// <param name="Acceleration">How the next iterate is found; constant relaxation with factor 1 takes H(x) as it is.</param>
public sealed record IterationPolicy(int Minimum, int Maximum, ImmutableArray<ConvergenceCriterion> Criteria, AccelerationSpec Acceleration)
{
    /// <summary>One pass over the stages.</summary>
    public static IterationPolicy Once { get; } = new(1, 1, [], new AccelerationSpec());

    /// <summary>Whether the window may be repeated.</summary>
    public bool IsImplicit => Maximum > 1;

    /// <summary>Whether <paramref name="residuals"/> (one per criterion) end the iteration: all criteria hold, or one that suffices and every strict one.</summary>
    public bool IsSatisfiedBy(IReadOnlyList<Residual> residuals)
    {
        ArgumentNullException.ThrowIfNull(residuals);
        var (all, enough, joint) = (!Criteria.IsEmpty, false, Joint(residuals));
        for (var i = 0; i < Criteria.Length; i++)
        {
            var holds = Criteria[i].IsSatisfiedBy(Criteria[i].IsJoint ? joint : residuals[i]);
            all &= holds;
            enough |= holds && Criteria[i].Suffices;
        }

        return all || (enough && !FailsStrictly(residuals));
    }

    /// <summary>Whether a strict criterion does not hold.</summary>
    public bool FailsStrictly(IReadOnlyList<Residual> residuals)
    {
        ArgumentNullException.ThrowIfNull(residuals);
        var joint = Joint(residuals);
        for (var i = 0; i < Criteria.Length; i++)
        {
            if (Criteria[i].IsStrict && !Criteria[i].IsSatisfiedBy(Criteria[i].IsJoint ? joint : residuals[i]))
            {
                return true;
            }
        }

        return false;
    }

    // The residual of all joint criteria as if what they measure were one field.
    private Residual Joint(IReadOnlyList<Residual> residuals)
    {
        var (distance, norm, first) = (0.0, 0.0, 0.0);
        for (var i = 0; i < Criteria.Length; i++)
        {
            if (Criteria[i].IsJoint)
            {
                distance += residuals[i].Distance * residuals[i].Distance;
                norm += residuals[i].Norm * residuals[i].Norm;
                first += residuals[i].First * residuals[i].First;
            }
        }

        return new(Math.Sqrt(distance), Math.Sqrt(norm), Math.Sqrt(first));
    }
}

/// <summary>Against what the residual ‖H(x) − x‖ of a conduit is compared. Norms are Euclidean, over the values at the window's end.</summary>
public enum ResidualMeasure
{
    /// <summary>‖H(x) − x‖ ≤ limit, in the unit of the quantity.</summary>
    Absolute,

    /// <summary>‖H(x) − x‖ ≤ limit · ‖H(x)‖.</summary>
    Relative,

    /// <summary>‖H(x) − x‖ ≤ limit · (the same of the window's first iteration).</summary>
    ResidualRelative,

    /// <summary>‖H(x) − x‖ ≤ limit, in the unit of the quantity, or ≤ relative limit · ‖H(x)‖: for quantities that pass through zero.</summary>
    AbsoluteOrRelative,
}

/// <summary>When a conduit counts as converged.</summary>
/// <param name="Conduit">The in-port at the end of the conduit, <c>participant.port</c>.</param>
/// <param name="Measure">The comparison.</param>
/// <param name="Limit">Its limit, above zero.</param>
public sealed record ConvergenceCriterion(string Conduit, ResidualMeasure Measure, double Limit)
{
    /// <summary>The second limit of <see cref="ResidualMeasure.AbsoluteOrRelative"/>, above zero; of no meaning for others.</summary>
    public double RelativeLimit { get; init; }

    /// <summary>A window in which this criterion still fails at the greatest number of iterations is not accepted: it is shortened, or the run stops.</summary>
    public bool IsStrict { get; init; }

    /// <summary>This criterion alone is enough, as long as no strict one fails.</summary>
    public bool Suffices { get; init; }

    /// <summary>It is judged together with the other joint criteria of its group, as if all their conduits carried one field: for pieces of a field of which some may be as good as zero. The norms are those of the whole field, also against an absolute limit.</summary>
    public bool IsJoint { get; init; }

    /// <summary>Whether <paramref name="residual"/> satisfies the criterion. A zero field is converged.</summary>
    public bool IsSatisfiedBy(Residual residual) => Measure switch
    {
        ResidualMeasure.Absolute => residual.Distance <= Limit,
        ResidualMeasure.Relative => residual.Distance <= Limit * residual.Norm,
        ResidualMeasure.ResidualRelative => residual.Distance <= Limit * residual.First,
        ResidualMeasure.AbsoluteOrRelative => residual.Distance <= Limit || residual.Distance <= RelativeLimit * residual.Norm,
        _ => throw new InvalidOperationException($"No such measure: {Measure}."),
    };
}

/// <summary>The residual of one conduit after one iteration.</summary>
/// <param name="Distance">‖H(x) − x‖.</param>
/// <param name="Norm">‖H(x)‖.</param>
/// <param name="First">‖H(x) − x‖ of the window's first iteration.</param>
public readonly record struct Residual(double Distance, double Norm, double First);

/// <summary>
/// A nested unit of coupling: participants (and groups) that meet at their own rate. Only the outermost group, the root, commits.
/// </summary>
/// <param name="Name">Name, by which a stage of the parent refers to it.</param>
/// <param name="Scheme">Its stages and iterations.</param>
/// <param name="Windows">How many of its windows make one window of its parent; 1 for the root.</param>
public sealed record CouplingGroup(string Name, CouplingScheme Scheme, int Windows = 1)
{
    /// <summary>How often a window whose computation fails, or does not converge, may be halved before the failure is the parent's.</summary>
    public int Halvings { get; init; }

    /// <summary>How the lengths of its windows are chosen; null for windows of equal length.</summary>
    public WindowPolicy? Lengths { get; init; }
}
