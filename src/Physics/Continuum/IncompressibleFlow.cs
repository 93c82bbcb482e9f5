using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// Flow of an incompressible fluid as a system of one vector x = (u, p): M ẋ + K x + n(x) = f with M = diag(ρ M_u, 0), K = [A Bᵀ; B 0] and the inertia of what is
/// carried along, n = ∫ ρ (u·∇)u·v. Without n, <see cref="Time.ImplicitDiffusion"/> goes in time; with it, <see cref="Newton"/> finds steady flows and
/// <see cref="Time.NonlinearDiffusion"/> unsteady ones.
/// </summary>
/// <remarks>
/// <see cref="Time.DiffusionScheme.CrankNicolson"/> keeps B u with alternating signs, so it should begin from <see cref="Projected"/>; its pressure alternates by the
/// error of that at the start about the true one, which is the mean of two steps. The other schemes forget both. Where the velocity is given all round, one dof of the pressure has to be given too: its equation of mass is left to the others, so that what is given
/// should let flow out as much as in. After: Elman, Silvester, Wathen, "Finite Elements and Fast Iterative Solvers", 2nd ed. (2014), chapters 8 and 10.
/// </remarks>
public sealed class IncompressibleFlow
{
    private readonly double _density;
    private readonly CsrMatrix _divergence;

    /// <summary>A fluid on two bases.</summary>
    /// <param name="velocity">The functions of u, of degree 2.</param>
    /// <param name="pressure">The functions of p, scalar, of degree 1.</param>
    /// <param name="density">ρ, kg/m³; zero for a fluid without inertia.</param>
    /// <param name="viscosity">A, such as <see cref="Flow.Viscosity(double)"/>.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">Bases and forms do not fit, or a cell is turned inside out.</exception>
    public IncompressibleFlow(Basis velocity, Basis pressure, double density, BilinearForm viscosity, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(velocity);
        ArgumentNullException.ThrowIfNull(pressure);
        if (!(density >= 0 && double.IsFinite(density)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The density of a fluid is {density} kg/m³; it is finite and not below zero."));
        }

        (Velocity, Pressure, _density) = (velocity, pressure, density);
        _divergence = Assembly.Matrix(velocity, pressure, Flow.Divergence, null, loop);
        Stokes = SaddleProblem.Matrix(Assembly.Matrix(velocity, viscosity, null, loop), _divergence);
        Mass = SaddleProblem.Matrix(Assembly.Matrix(velocity, Elasticity.Mass(density), null, loop), _divergence.WithSamePattern());
    }

    /// <summary>The functions of u.</summary>
    public Basis Velocity { get; }

    /// <summary>The functions of p.</summary>
    public Basis Pressure { get; }

    /// <summary>The number of dofs of x.</summary>
    public int DofCount => Velocity.DofCount + Pressure.DofCount;

    /// <summary>K.</summary>
    public CsrMatrix Stokes { get; }

    /// <summary>M, with the pattern of K.</summary>
    public CsrMatrix Mass { get; }

    /// <summary>x of both fields.</summary>
    /// <param name="velocity">u, or what belongs to it of a load.</param>
    /// <param name="pressure">p; zero if null.</param>
    public double[] Joined(ReadOnlySpan<double> velocity, double[]? pressure = null)
    {
        Velocity.RequireDofs(velocity.Length);
        Pressure.RequireDofs(pressure?.Length ?? Pressure.DofCount);
        var x = new double[DofCount];
        velocity.CopyTo(x);
        pressure?.CopyTo(x, velocity.Length);
        return x;
    }

    /// <summary>u of x.</summary>
    /// <param name="x">Both fields.</param>
    public double[] VelocityOf(ReadOnlySpan<double> x) => x[..Velocity.DofCount].ToArray();

    /// <summary>p of x.</summary>
    /// <param name="x">Both fields.</param>
    public double[] PressureOf(ReadOnlySpan<double> x) => x[Velocity.DofCount..].ToArray();

    /// <summary>The flow w that is nearest to a velocity u in the mean, and keeps mass as the elements see it: M (w − u) + Bᵀ φ = 0, B w = 0.</summary>
    /// <param name="velocity">u, one number a dof.</param>
    /// <param name="given">What is given of u.</param>
    /// <param name="givenPressure">Which dofs of the pressure are given; none if null.</param>
    /// <exception cref="ScaleModelException">No dof of the pressure is given, and the velocity is given all round.</exception>
    public double[] Projected(double[] velocity, Constraints given, Constraints? givenPressure = null)
    {
        ArgumentNullException.ThrowIfNull(velocity);
        ArgumentNullException.ThrowIfNull(given);
        Velocity.RequireDofs(velocity.Length);
        var mass = Assembly.Matrix(Velocity, Elasticity.Mass(1));
        var right = new double[DofCount];
        mass.Multiply(velocity, right.AsSpan(0, velocity.Length));
        var constraints = Constraints.Join(given, (givenPressure ?? new(Pressure.DofCount)).WithoutValues());
        return VelocityOf(constraints.Solve(SaddleProblem.Matrix(mass, _divergence), right, (a, y) => SaddleProblem.Factor(a)(y)));
    }

    /// <summary>K x + n(x) − f and its derivative, which is not symmetric.</summary>
    /// <param name="x">Both fields.</param>
    /// <param name="load">f, one number a dof of both fields; zero if null.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    public SystemResponse Respond(double[] x, double[]? load = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, DofCount, nameof(x));
        ArgumentOutOfRangeException.ThrowIfNotEqual(load?.Length ?? DofCount, DofCount, nameof(load));
        var velocity = VelocityOf(x);
        var carried = Assembly.Residual(Velocity, velocity, (QuadraturePoint _, VectorJet u) => VectorJet.Source(_density * (u.Gradient * u.Value)), null, loop);
        var residual = new double[DofCount];
        Stokes.Multiply(x, residual);
        for (var i = 0; i < residual.Length; i++)
        {
            residual[i] += (i < carried.Length ? carried[i] : 0) - (load?[i] ?? 0);
        }

        return new(residual, () => Tangent(velocity, loop));
    }

    private CsrMatrix Tangent(double[] velocity, ChunkedLoop? loop)
    {
        var w = FieldValues.Of(Velocity, velocity, loop);
        var change = Assembly.Matrix(Velocity, Flow.ConvectionChange(_density, q => w.Vector(q)), null, loop);

        // A stands first in the rows of K.
        var tangent = Stokes.WithSamePattern();
        Stokes.Values.CopyTo(tangent.Values);
        for (var row = 0; row < change.RowCount; row++)
        {
            var shift = Stokes.RowStart[row] - change.RowStart[row];
            for (var k = change.RowStart[row]; k < change.RowStart[row + 1]; k++)
            {
                tangent.Values[k + shift] += change.Values[k];
            }
        }

        return tangent;
    }
}
