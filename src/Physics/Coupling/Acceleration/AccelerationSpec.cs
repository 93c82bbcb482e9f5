using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>How the next iterate of x = H(x) is found.</summary>
public enum AccelerationMethod
{
    /// <summary>x ← x + ω r with a fixed ω, r = H(x) − x.</summary>
    Constant,

    /// <summary>x ← x + ω r with ω from the last two residuals (B. M. Irons, R. C. Tuck, Int. J. Numer. Meth. Eng. 1 (1969) 275).</summary>
    Aitken,

    /// <summary>Interface quasi-Newton with an inverse Jacobian by least squares, IQN-ILS (J. Degroote, K.-J. Bathe, J. Vierendeels, Comput. Struct. 87 (2009) 793).</summary>
    LeastSquares,

    /// <summary>
    /// Interface quasi-Newton with a Jacobian that is updated from window to window, IQN-IMVJ (F. Lindner, M. Mehl, K. Scheufele, B. Uekermann,
    /// Coupled Problems 2015; K. Scheufele, M. Mehl, SIAM J. Sci. Comput. 39 (2017) S404 for the restarts).
    /// </summary>
    Jacobian,
}

/// <summary>Which columns of a quasi-Newton step are too nearly dependent to be kept. Columns stand in order of age, the newest first; it always stays.</summary>
public enum ColumnFilter
{
    /// <summary>None but those that are dependent to round-off.</summary>
    None,

    /// <summary>Those with |Rᵢᵢ| below the limit times the Frobenius norm of R.</summary>
    Qr1,

    /// <summary>Those with |Rᵢᵢ| below the limit itself.</summary>
    Qr1Absolute,

    /// <summary>The factors are made anew in every iteration, and a column goes whose part orthogonal to newer ones is below the limit times its norm.</summary>
    Qr2,

    /// <summary>As QR2, but made anew only when a column of the present factors fails the test.</summary>
    Qr3,
}

/// <summary>By what the blocks of unlike quantities are divided before norms and products are taken over all of them.</summary>
public enum BlockScaling
{
    /// <summary>Given factors, or none.</summary>
    Constant,

    /// <summary>The norm of the values.</summary>
    Value,

    /// <summary>The norm of the residual.</summary>
    Residual,

    /// <summary>The sum of the norms of the residual over a window's iterations, and by half over the window before, and so on.</summary>
    ResidualSum,
}

/// <summary>What becomes of a Jacobian that has grown over as many windows as it may.</summary>
public enum JacobianRestart
{
    /// <summary>Nothing: it grows on.</summary>
    Never,

    /// <summary>All of it is dropped (RS-0).</summary>
    Zero,

    /// <summary>The oldest window is dropped, every window (RS-SLIDE).</summary>
    Slide,

    /// <summary>It is made anew by least squares from the columns of the last windows (RS-LS).</summary>
    LeastSquares,

    /// <summary>It is replaced by its truncated singular value decomposition (RS-SVD).</summary>
    SingularValues,
}

/// <summary>An acceleration as plain data.</summary>
public sealed record AccelerationSpec
{
    /// <summary>The method.</summary>
    public AccelerationMethod Method { get; init; } = AccelerationMethod.Constant;

    /// <summary>ω of constant relaxation; of the others in the first iteration and whenever they know nothing better. Above 0, below 2.</summary>
    public double Relaxation { get; init; } = 1;

    /// <summary>The greatest magnitude of Aitken's factor.</summary>
    public double GreatestFactor { get; init; } = 2;

    /// <summary>The most columns of a quasi-Newton step.</summary>
    public int Columns { get; init; } = 100;

    /// <summary>How many earlier windows IQN-ILS takes columns from.</summary>
    public int WindowsReused { get; init; } = 10;

    /// <summary>Which columns are dropped.</summary>
    public ColumnFilter Filter { get; init; } = ColumnFilter.Qr3;

    /// <summary>The filter's limit.</summary>
    public double FilterLimit { get; init; } = 1e-6;

    /// <summary>How unlike quantities are made comparable.</summary>
    public BlockScaling Scaling { get; init; } = BlockScaling.ResidualSum;

    /// <summary>The factors of <see cref="BlockScaling.Constant"/>, one per accelerated conduit; none for 1.</summary>
    public ImmutableArray<double> Factors { get; init; } = [];

    /// <summary>After the first window, scaling by residual sums is changed only where that of one block would change by this factor or more relative to another's; 1 for always.</summary>
    public double ScalingThreshold { get; init; } = 10;

    /// <summary>After so many windows the scaling stays as it is; 0 for never.</summary>
    public int ScalingFreezesAfter { get; init; }

    /// <summary>Whether the values at windows' ends alone decide a quasi-Newton step, rather than those of all substeps.</summary>
    public bool UsesWindowEndsOnly { get; init; }

    /// <summary>How the Jacobian of IQN-IMVJ restarts.</summary>
    public JacobianRestart Restart { get; init; } = JacobianRestart.SingularValues;

    /// <summary>After how many windows.</summary>
    public int RestartAfter { get; init; } = 8;

    /// <summary>Singular values below this times the greatest are dropped.</summary>
    public double Truncation { get; init; } = 1e-6;

    /// <summary>Constant relaxation.</summary>
    public static AccelerationSpec Constant(double factor) => new() { Relaxation = factor };

    /// <summary>Aitken's factor.</summary>
    public static AccelerationSpec Aitken(double first = 0.5) => new() { Method = AccelerationMethod.Aitken, Relaxation = first };

    /// <summary>IQN-ILS with its usual settings.</summary>
    public static AccelerationSpec LeastSquares(double first = 0.1) => new() { Method = AccelerationMethod.LeastSquares, Relaxation = first };

    /// <summary>IQN-IMVJ with its usual settings.</summary>
    public static AccelerationSpec Jacobian(double first = 0.1) => new() { Method = AccelerationMethod.Jacobian, Relaxation = first, Columns = 20, WindowsReused = 0 };

    /// <summary>Everything that is wrong with these settings, one sentence each.</summary>
    public ImmutableArray<string> Faults()
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
            {
                faults.Add(fault.ToString(CultureInfo.InvariantCulture));
            }
        }

        Require(Relaxation is > 0 and < 2, $"The relaxation factor lies between 0 and 2; found {Relaxation}.");
        Require(GreatestFactor > 0 && double.IsFinite(GreatestFactor), $"The greatest factor is above zero; found {GreatestFactor}.");
        Require(Columns >= 1, $"A quasi-Newton step has at least one column; found {Columns}.");
        Require(WindowsReused >= 0, $"The number of windows reused is not negative; found {WindowsReused}.");
        Require(FilterLimit is >= 0 and < 1 || (Filter == ColumnFilter.Qr1Absolute && FilterLimit >= 0), $"The filter's limit lies from 0 to below 1; found {FilterLimit}.");
        Require(Factors.All(f => f > 0 && double.IsFinite(f)), $"The factors of a scaling are above zero; found {string.Join(", ", Factors)}.");
        Require(Factors.IsEmpty || Scaling == BlockScaling.Constant, $"Factors are of use for the scaling '{BlockScaling.Constant}' alone; found '{Scaling}'.");
        Require(ScalingThreshold >= 1, $"The threshold of a change of scaling is at least 1; found {ScalingThreshold}.");
        Require(ScalingFreezesAfter >= 0, $"The number of windows after which a scaling freezes is not negative; found {ScalingFreezesAfter}.");
        Require(RestartAfter >= 1, $"A Jacobian restarts after at least one window; found {RestartAfter}.");
        Require(Truncation is >= 0 and < 1, $"The truncation of singular values lies from 0 to below 1; found {Truncation}.");
        return faults.ToImmutable();
    }

    /// <summary>The acceleration, knowing nothing yet.</summary>
    public IAcceleration Create() => Method switch
    {
        AccelerationMethod.Constant => new ConstantRelaxation(Relaxation),
        AccelerationMethod.Aitken => new AitkenRelaxation(this),
        _ => new InterfaceQuasiNewton(this),
    };
}
