using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum.Fracture;

/// <summary>A body with its cracks at a load, and its ledger: in steps through which it stays in balance, Work = ElasticEnergy + what SurfaceEnergy has grown by.</summary>
/// <param name="Displacement">u, m, one number a dof.</param>
/// <param name="Damage">d, 0 … 1, one number a node.</param>
/// <param name="Drive">H, J/m³: at each quadrature point what drives d, the points of a cell one after another.</param>
/// <param name="Force">∫ σ:ε(N_a), N: the load, and reactions where u is given.</param>
/// <param name="Work">∫ Force·du by the trapezoidal rule over the steps, J: what was done to the body from outside.</param>
/// <param name="ElasticEnergy">∫ g ψ⁺ + ψ⁻, J.</param>
/// <param name="SurfaceEnergy">∫ G_c γ, J.</param>
/// <param name="Passes">How often u and d were solved for in turn to get here; 0 at the beginning.</param>
public sealed record PhaseFieldState(
    double[] Displacement, double[] Damage, double[] Drive, double[] Force, double Work, double ElasticEnergy, double SurfaceEnergy, int Passes);

/// <summary>A body that cracks, by a phase field: quasi-static steps, each solved for u at fixed d and for d at fixed u in turn. States are values.</summary>
/// <remarks>
/// Find u and d with ∫ (g(d) ∂ψ⁺/∂ε + ∂ψ⁻/∂ε):ε(v) = l(v), and <see cref="PhaseField"/> for d under d_n ≤ d ≤ 1 (<see cref="BoundedProblem"/>), d_n that of the step before. Either
/// half lessens the energy, but with <see cref="Irreversibility.History"/>. After: Bourdin, Francfort, Marigo, J. Mech. Phys. Solids 48, 797 (2000), section 3.
/// </remarks>
public sealed class PhaseFieldBody
{
    // That of one step of Newton's method, which the next one corrects.
    private const double StepTolerance = 1e-8;

    private readonly CrackDensity _density;
    private readonly Irreversibility _irreversibility;
    private readonly int[] _starts;
    private readonly bool[] _intact;
    private readonly ChunkedLoop _loop;

    /// <summary>A body.</summary>
    /// <param name="mesh">The mesh of a line (bars of uniaxial strain), of the plane (plane strain) or of space.</param>
    /// <param name="material">The material.</param>
    /// <param name="degree">That of the elements for u and d.</param>
    /// <param name="intact">Nodes at which d stays 0, as where supports are to hold; none if null.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">There is no such node.</exception>
    public PhaseFieldBody(Mesh mesh, PhaseFieldMaterial material, int degree = 1, IEnumerable<int>? intact = null, ChunkedLoop? loop = null)
        : this(mesh, Phases.Uniform(mesh, material), degree, intact, loop)
    {
    }

    /// <summary>A body of several materials, which may differ in all but what d costs and what is not undone. Where l differs, so does the width of a crack.</summary>
    /// <param name="mesh">The mesh of a line (bars of uniaxial strain), of the plane (plane strain) or of space.</param>
    /// <param name="materials">The material of each cell.</param>
    /// <param name="degree">That of the elements for u and d.</param>
    /// <param name="intact">Nodes at which d stays 0, as where supports are to hold; none if null.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">There is no such node, the materials are of another mesh, or they differ in <see cref="CrackDensity"/> or <see cref="Irreversibility"/>.</exception>
    public PhaseFieldBody(Mesh mesh, Phases<PhaseFieldMaterial> materials, int degree = 1, IEnumerable<int>? intact = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(materials);
        materials.RequireCells(mesh);
        (_density, _irreversibility) = (materials.Values[0].Density, materials.Values[0].Irreversibility);
        foreach (var material in materials.Values)
        {
            if (material.Density != _density || material.Irreversibility != _irreversibility)
            {
                throw new ScaleModelException(
                    $"The materials of a body that cracks have one crack density and one irreversibility; found {_density} with {_irreversibility}, and {material.Density} with {material.Irreversibility}.");
            }
        }

        (Materials, Motion, Crack, _loop) = (materials, Basis.Vector(mesh, degree), Basis.Scalar(mesh, degree), loop ?? ChunkedLoop.Serial);
        _starts = SolidBody.Starts(Motion);
        _intact = new bool[Crack.NodeCount];
        foreach (var node in intact ?? [])
        {
            _intact[Existing(node)] = true;
        }
    }

    /// <summary>The material of each cell.</summary>
    public Phases<PhaseFieldMaterial> Materials { get; }

    /// <summary>The functions of u.</summary>
    public Basis Motion { get; }

    /// <summary>The functions of d, with the nodes and quadrature points of those of u.</summary>
    public Basis Crack { get; }

    /// <summary>The body at rest, with u = 0.</summary>
    /// <param name="cracked">Nodes at which there is a crack, d = 1; around them d is what costs least. None if null.</param>
    /// <exception cref="ScaleModelException">A node is to be cracked and intact, or there is no such node.</exception>
    public PhaseFieldState Start(IEnumerable<int>? cracked = null)
    {
        var (lower, upper) = (new double[Crack.DofCount], Upper());
        foreach (var node in cracked ?? [])
        {
            lower[node] = _intact[Existing(node)] ? throw new ScaleModelException($"Node {node} is to be cracked, and to stay intact.") : 1;
        }

        // With AT2 no node stays at 0, with AT1 most do.
        var drive = new double[_starts[^1]];
        var damage = DamageOf(drive, lower, upper, _density == CrackDensity.AT2 ? Array.ConvertAll(upper, d => 0.5 * d) : lower);
        return new(new double[Motion.DofCount], damage, drive, new double[Motion.DofCount], 0, 0, SurfaceEnergyOf(damage), 0);
    }

    /// <summary>The body under the next load.</summary>
    /// <param name="from">The state before; not changed.</param>
    /// <param name="constraints">What is given of u.</param>
    /// <param name="load">l(N_a), N; none if null.</param>
    /// <param name="tolerance">Where to stop: at ‖Cᵀ(Force − load)‖ of the newest u and d, relative to the largest ‖Force‖ of the step.</param>
    /// <param name="maxPasses">After how many passes to give up. Where a crack jumps, hundreds are usual.</param>
    /// <param name="solve">
    /// Solves A x = y for the condensed stiffness, which is symmetric and positive definite; if null by factorization or by conjugate gradients with
    /// multigrid (<see cref="FactorOrIterate"/>).
    /// </param>
    /// <exception cref="ScaleModelException">The tolerance was not reached, or a matrix is not positive definite: is the body free to move?</exception>
    public PhaseFieldState Next(
        PhaseFieldState from, Constraints constraints, double[]? load = null, double tolerance = 1e-5, int maxPasses = 2000,
        Func<CsrMatrix, double[], double[]>? solve = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(constraints);
        load ??= new double[Motion.DofCount];
        ArgumentOutOfRangeException.ThrowIfNotEqual(load.Length, Motion.DofCount, nameof(load));
        if (from.Displacement.Length != Motion.DofCount || from.Damage.Length != Crack.DofCount || from.Drive.Length != _starts[^1])
        {
            throw new ScaleModelException(
                $"The state is of another body: it has {from.Displacement.Length} displacements, {from.Damage.Length} values of d and {from.Drive.Length} quadrature points, this one {Motion.DofCount}, {Crack.DofCount} and {_starts[^1]}.");
        }

        solve ??= Solver(constraints);
        var lower = _irreversibility == Irreversibility.Cracks ? Array.ConvertAll(from.Damage, d => d >= PhaseFieldMaterial.Broken ? d : 0) : from.Damage;
        var upper = Upper();
        var (u, damage, largest, residual) = (from.Displacement, from.Damage, FixedOrderSum.Norm(load), double.NaN);
        var degradation = DegradationOf(damage);
        for (var pass = 1; pass <= maxPasses; pass++)
        {
            u = Newton.Solve(u, constraints, v => Balance(v, degradation, load), solve, 0.1 * tolerance, loop: _loop).Solution;
            largest = Math.Max(largest, FixedOrderSum.Norm(ForceOf(u, degradation)));
            var drive = DriveOf(u, from.Drive);
            var before = damage;

            // AT1 has no stiffness of its own against an even d: let go only what H drives.
            damage = DamageOf(drive, lower, upper, (_density, _irreversibility) == (CrackDensity.AT1, Irreversibility.Cracks) ? lower : damage);
            degradation = DegradationOf(damage);
            var force = ForceOf(u, degradation);
            residual = constraints.FreeNorm([.. force.Zip(load, (r, f) => r - f)]);
            largest = Math.Max(largest, FixedOrderSum.Norm(force));

            // Where no force is larger than rounding, there is still a d that does not move.
            if (residual <= tolerance * largest || damage.AsSpan().SequenceEqual(before))
            {
                var work = from.Work;
                for (var i = 0; i < u.Length; i++)
                {
                    work += 0.5 * (force[i] + from.Force[i]) * (u[i] - from.Displacement[i]);
                }

                return new(u, damage, drive, force, work, ElasticEnergyOf(u, degradation), SurfaceEnergyOf(damage), pass);
            }
        }

        throw new ScaleModelException(FormattableString.Invariant(
            $"Displacement and crack field do not settle: the residual is {residual / largest:0.##e+0} of the force after {maxPasses} passes; {tolerance:0.##e+0} was asked for. Is the load step too large, or is a crack still running?"));
    }

    private int Existing(int node) => (uint)node < (uint)Crack.NodeCount ? node : throw new ScaleModelException($"There is no node {node}; nodes are 0 to {Crack.NodeCount - 1}.");

    private double[] Upper() => Array.ConvertAll(_intact, stays => stays ? 0.0 : 1.0);

    private Func<CsrMatrix, double[], double[]> Solver(Constraints constraints)
    {
        // The rigid motions at the dofs that are left.
        var kernel = new Lazy<NearKernel>(() =>
        {
            var motions = Motion.RigidMotions();
            var rows = new List<double>();
            for (var i = 0; i < Motion.DofCount; i++)
            {
                if (!constraints.Contains(i))
                {
                    rows.AddRange(motions.Values.Slice(motions.Modes * i, motions.Modes));
                }
            }

            return new(motions.Modes, rows.ToArray());
        });
        return (matrix, right) => FactorOrIterate.Prepared(matrix, 1, () => kernel.Value, StepTolerance, _loop)(right);
    }

    private double[] DamageOf(double[] drive, double[] lower, double[] upper, double[] start)
    {
        double Of(QuadraturePoint x) => drive[_starts[x.Cell] + x.Index];
        return BoundedProblem.Solve(
            Crack, Assembly.Blocks(Crack, PhaseField.Resistance(Materials, Of), null, _loop), Assembly.Vector(Crack, PhaseField.Drive(Materials, Of), null, _loop), lower, upper,
            start, loop: _loop);
    }

    private SystemResponse Balance(double[] u, double[] degradation, double[] load)
    {
        var tangents = new Tangent6[_starts[^1]];
        var force = ForceOf(u, degradation, tangents);
        for (var i = 0; i < force.Length; i++)
        {
            force[i] -= load[i];
        }

        return new(force, () => Assembly.Matrix(Motion, Elasticity.Stiffness(x => tangents[_starts[x.Cell] + x.Index]), null, _loop));
    }

    private double[] ForceOf(double[] u, double[] degradation, Tangent6[]? tangents = null) => Assembly.Residual(
        Motion, u,
        (QuadraturePoint x, VectorJet jet) =>
        {
            var at = _starts[x.Cell] + x.Index;
            if (tangents is not null)
            {
                tangents[at] = Materials[x.Cell].Tangent(jet.Strain, degradation[at]);
            }

            return VectorJet.Stress(Materials[x.Cell].Stress(jet.Strain, degradation[at]));
        },
        null, _loop);

    private double[] DriveOf(double[] u, double[] before)
    {
        var drive = new double[before.Length];
        Assembly.Integral(
            Motion, u,
            (QuadraturePoint x, VectorJet jet) =>
            {
                var at = _starts[x.Cell] + x.Index;
                drive[at] = Materials[x.Cell].Energy(jet.Strain).Tension;
                if (_irreversibility == Irreversibility.History)
                {
                    drive[at] = Math.Max(drive[at], before[at]);
                }

                return 0;
            },
            null, _loop);
        return drive;
    }

    // g(d) at the quadrature points.
    private double[] DegradationOf(double[] damage)
    {
        var degradation = new double[_starts[^1]];
        Assembly.Integral(
            Crack, damage,
            (QuadraturePoint x, ScalarJet d) =>
            {
                degradation[_starts[x.Cell] + x.Index] = Materials[x.Cell].Degradation(d.Value);
                return 0;
            },
            null, _loop);
        return degradation;
    }

    private double ElasticEnergyOf(double[] u, double[] degradation) => Assembly.Integral(
        Motion, u,
        (QuadraturePoint x, VectorJet jet) =>
        {
            var (tension, compression) = Materials[x.Cell].Energy(jet.Strain);
            return (degradation[_starts[x.Cell] + x.Index] * tension) + compression;
        },
        null, _loop);

    private double SurfaceEnergyOf(double[] damage) => Assembly.Integral(Crack, damage, (QuadraturePoint x, ScalarJet d) => PhaseField.Energy(Materials[x.Cell], d), null, _loop);
}
