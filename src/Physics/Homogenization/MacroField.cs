using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>
/// How a mean gradient acts on a box of material under a boundary condition. Mean gradients m_I are strains by Voigt's order with engineering shears, of a plane
/// body xx, yy, xy; of a scalar field the components of ∇T. X_I are the dofs of the field whose gradient is the unit of m_I everywhere, V is the volume of the
/// box with its pores; then the mean stress of nodal forces f = ∫ σ:∇N is X_Iᵀ f/V.
/// </summary>
/// <remarks>
/// The static condition has the loads G_I = ∫ N (s_I·n) over the faces with s_I the unit of the I-th stress; then m_I = G_Iᵀ u/V, and X_Iᵀ G_J = V δ_IJ. After:
/// Miehe, Koch, Arch. Appl. Mech. 72, 300 (2002).
/// </remarks>
internal sealed class MacroField
{
    private const string Faces = "faces of the volume element";

    // Of conjugate gradients, relative to the load. Tangents have an error of its square, and Newton's method another step.
    private const double Tolerance = 1e-10;
    private readonly BoundaryCondition _condition;
    private readonly ImmutableArray<(int Node, int Image)> _pairs = [];

    public MacroField(Mesh mesh, int degree, bool isScalar, BoundaryCondition condition)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        var d = mesh.Dimension;
        if (d < 2)
        {
            throw new ScaleModelException("A representative volume element is a body in the plane or in space.");
        }

        if (mesh.Blocks.Any(b => b.Order > degree))
        {
            throw new ScaleModelException($"Elements of degree {degree} in curved cells do not hold a uniform strain; a representative volume element with curved cells has degree 2.");
        }

        if (!Enum.IsDefined(condition))
        {
            throw new ScaleModelException($"There is no boundary condition {condition}; there are {string.Join(", ", Enum.GetNames<BoundaryCondition>())}.");
        }

        var (low, high, slack) = Periodicity.BoxOf(mesh.Points);
        var size = high - low;
        var met = new bool[2 * d];      // Of each axis whether a facet lies at the lower end and at the upper one.
        List<Facet> faces = [];
        foreach (var f in mesh.Topology.Outer)
        {
            var nodes = mesh.Geometry(f.Cell).FacetNodes[f.Local];
            var cell = mesh.Cell(f.Cell);
            for (var axis = 0; axis < d; axis++)
            {
                var (isLow, isHigh) = (true, true);
                foreach (var a in nodes)
                {
                    isLow &= mesh.Points[cell[a]][axis] - low[axis] <= slack;
                    isHigh &= high[axis] - mesh.Points[cell[a]][axis] <= slack;
                }

                if (isLow || isHigh)
                {
                    met[(2 * axis) + (isHigh ? 1 : 0)] = true;
                    faces.Add(f);
                    break;
                }
            }
        }

        if (Array.IndexOf(met, false) is var bare && bare >= 0)
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A representative volume element is a box along the axes: no facet of this mesh lies on the face {"xyz"[bare / 2]} = {(bare % 2 == 0 ? low : high)[bare / 2]} of the box from {low} to {high} about it."));
        }

        var named = mesh.WithBoundary(Faces, faces);
        (_condition, Volume) = (condition, size.X * size.Y * (d == 3 ? size.Z : 1));
        Basis = isScalar ? Basis.Scalar(named, degree) : Basis.Vector(named, degree);
        Components = isScalar ? [.. Enumerable.Range(0, d)] : d == 3 ? [0, 1, 2, 3, 4, 5] : [0, 1, 5];
        Modes = [.. Components.Select(i => isScalar ? Basis.Interpolate(x => x[i]) : Basis.Interpolate(x => Strain(i) * x))];
        FaceNodes = Basis.NodesOn(Faces);
        switch (condition)
        {
            case BoundaryCondition.Periodic:
                _pairs = [.. Periodicity.Pairs(Basis)];
                break;
            case BoundaryCondition.Static:
                var area = Assembly.Integral(Basis, _ => 1, Domain.Boundary(Faces));
                var whole = d == 2 ? 2 * (size.X + size.Y) : 2 * ((size.X * size.Y) + (size.Y * size.Z) + (size.X * size.Z));
                if (!(Math.Abs(area - whole) <= 1e-6 * whole))
                {
                    throw new ScaleModelException(FormattableString.Invariant(
                        $"The material covers {area} of the {whole} of its box's faces. A uniform stress needs a box whose faces no pore reaches."));
                }

                Loads = [.. Components.Select(i => Assembly.Vector(
                    Basis,
                    isScalar ? LinearForm.Scalar(x => ScalarJet.Source(x.Normal[i])) : LinearForm.Vector(x => VectorJet.Source(Stress(i) * x.Normal)),
                    Domain.Boundary(Faces)))];
                Pins = PinsOf(low, size, slack);
                break;
            default:
                break;
        }
    }

    /// <summary>The functions, on the mesh with the faces as a boundary.</summary>
    public Basis Basis { get; }

    /// <summary>The volume of the box, m³ (m² in the plane).</summary>
    public double Volume { get; }

    /// <summary>Which component each mean gradient is: by Voigt's order, or the axis.</summary>
    public ImmutableArray<int> Components { get; }

    /// <summary>X_I.</summary>
    public ImmutableArray<double[]> Modes { get; }

    /// <summary>G_I, of the static condition.</summary>
    public ImmutableArray<double[]> Loads { get; } = [];

    /// <summary>The dofs that keep a body under tractions from moving, which bear no force; of the static condition.</summary>
    public ImmutableArray<int> Pins { get; } = [];

    /// <summary>The nodes on the faces.</summary>
    public ImmutableArray<int> FaceNodes { get; }

    /// <summary>The constraints of the kinematic and the periodic condition under given mean gradients, on the dofs.</summary>
    public Constraints Constraints(ReadOnlySpan<double> means)
    {
        var affine = Affine(means);
        var constraints = new Constraints(Basis.DofCount);
        for (var c = 0; c < Basis.Components; c++)
        {
            foreach (var node in _condition == BoundaryCondition.Kinematic ? FaceNodes : [_pairs[0].Image])
            {
                constraints.Fix(Basis.Dof(node, c), affine[Basis.Dof(node, c)]);
            }

            foreach (var (node, image) in _pairs)
            {
                var (i, j) = (Basis.Dof(node, c), Basis.Dof(image, c));
                constraints.Tie(i, [(j, 1)], affine[i] - affine[j]);
            }
        }

        return constraints;
    }

    /// <summary>The mean stresses of nodal forces, X_Iᵀ f/V.</summary>
    public double[] MeanStress(double[] force) => [.. Modes.Select(x => FixedOrderSum.Dot(x, force) / Volume)];

    /// <summary>
    /// The derivative of the mean stresses with respect to the mean gradients for a stiffness K of the dofs: one matrix, and a solve with it for each mean gradient.
    /// </summary>
    /// <remarks>
    /// With the fluctuations C y that constraints without offsets leave: U_I = X_I − C y_I, CᵀK C y_I = CᵀK X_I, D_IJ = U_Iᵀ K U_J/V. Under the static condition
    /// K U_I = G_I and D is the inverse of G_Iᵀ U_J/V.
    /// </remarks>
    /// <exception cref="ScaleModelException">K is not positive definite: the material has a limit there, or a part of it is loose.</exception>
    public Matrix<double> Tangent(CsrMatrix stiffness, ChunkedLoop? loop)
    {
        var constraints = _condition == BoundaryCondition.Static ? Pinned() : Constraints(new double[Modes.Length]);
        var condensed = constraints.Condense(stiffness, new double[Basis.DofCount], loop);
        var back = constraints.Directions();
        var solve = Solver(condensed.Matrix, loop);
        var isStatic = _condition == BoundaryCondition.Static;
        var right = new double[condensed.Right.Length];
        var answers = new double[Modes.Length][];
        for (var m = 0; m < answers.Length; m++)
        {
            back.TransposeMultiply(isStatic ? Loads[m] : Product(Modes[m]), right);
            var fluctuation = condensed.Expand(solve(right));
            answers[m] = isStatic ? fluctuation : [.. Modes[m].Zip(fluctuation, (x, y) => x - y)];
        }

        var result = Matrix<double>.Build.Dense(answers.Length, answers.Length);
        for (var j = 0; j < answers.Length; j++)
        {
            var image = isStatic ? answers[j] : Product(answers[j]);
            for (var i = 0; i < answers.Length; i++)
            {
                result[i, j] = FixedOrderSum.Dot(isStatic ? Loads[i] : answers[i], image) / Volume;
            }
        }

        return isStatic ? result.Inverse() : result;

        double[] Product(double[] u)
        {
            var forces = new double[u.Length];
            stiffness.Multiply(u, forces);
            return forces;
        }
    }

    /// <summary>Solves with a stiffness without its constraints as often as needed: by a factor if it is small, else by conjugate gradients with multigrid.</summary>
    /// <exception cref="ScaleModelException">The stiffness is not positive definite: the material has a limit there, or a part of it is loose.</exception>
    public Func<double[], double[]> Solver(CsrMatrix matrix, ChunkedLoop? loop)
    {
        if (matrix.RowCount == 0)
        {
            return _ => [];
        }

        // But under the static condition nodes are constrained as a whole, so that the blocks of the others stay.
        var solve = Solving.Of(() => _condition == BoundaryCondition.Static
            ? FactorOrIterate.Factored(matrix, loop)
            : FactorOrIterate.Prepared(matrix, Basis.Components, NearKernelOf, Tolerance, loop));
        return right => Solving.Of(() => solve(right));
    }

    // Σ m_I X_I.
    private double[] Affine(ReadOnlySpan<double> means)
    {
        var u = new double[Basis.DofCount];
        for (var m = 0; m < Modes.Length; m++)
        {
            for (var i = 0; i < u.Length; i++)
            {
                u[i] += means[m] * Modes[m][i];
            }
        }

        return u;
    }

    private NearKernel NearKernelOf()
    {
        var constraints = Constraints(new double[Modes.Length]);
        var free = Enumerable.Range(0, Basis.NodeCount).Where(n => !constraints.Contains(Basis.Dof(n))).ToArray();
        return Basis.Components == 1
            ? NearKernel.Constants(free.Length)
            : NearKernel.RigidBodyModes([.. free.SelectMany(n => Enumerable.Range(0, Basis.Components).Select(c => Basis.Nodes[n][c]))], Basis.Components);
    }

    private Constraints Pinned()
    {
        var constraints = new Constraints(Basis.DofCount);
        foreach (var dof in Pins)
        {
            constraints.Fix(dof, 0);
        }

        return constraints;
    }

    // The corner at the lower ends, and what keeps the edges from it along x and y from turning.
    private ImmutableArray<int> PinsOf(Vec3 low, Vec3 size, double slack)
    {
        int At(Vec3 x)
        {
            var found = Basis.NodesWhere(y => (x - y).Norm <= slack);
            return found.Length == 1 ? found[0] : throw new ScaleModelException($"The volume element has no node at the corner {x} of its box.");
        }

        var corner = At(low);
        return Basis.Components switch
        {
            1 => [corner],
            2 => [Basis.Dof(corner, 0), Basis.Dof(corner, 1), Basis.Dof(At(low + new Vec3(size.X, 0, 0)), 1)],
            _ =>
            [
                Basis.Dof(corner, 0), Basis.Dof(corner, 1), Basis.Dof(corner, 2), Basis.Dof(At(low + new Vec3(size.X, 0, 0)), 1),
                Basis.Dof(At(low + new Vec3(size.X, 0, 0)), 2), Basis.Dof(At(low + new Vec3(0, size.Y, 0)), 2),
            ],
        };
    }

    private static SymTensor3 Strain(int voigt)
    {
        Span<double> e = stackalloc double[6];
        e[voigt] = 1;
        return SymTensor3.FromVoigtStrain(e);
    }

    private static SymTensor3 Stress(int voigt)
    {
        Span<double> s = stackalloc double[6];
        s[voigt] = 1;
        return SymTensor3.FromVoigtStress(s);
    }
}
