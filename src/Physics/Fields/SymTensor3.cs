namespace ActorMultiscale.Physics.Fields;

/// <summary>
/// A symmetric second-order tensor, a stress or a strain, by its six <em>tensor</em> components in Voigt order
/// xx, yy, zz, yz, xz, xy. Stresses are positive in tension. The Voigt vector of a strain carries engineering shears, twice
/// the components here: <see cref="FromVoigtStrain"/> and <see cref="VoigtStrain"/> convert.
/// </summary>
/// <param name="XX">Component xx.</param>
/// <param name="YY">Component yy.</param>
/// <param name="ZZ">Component zz.</param>
/// <param name="YZ">Component yz = zy.</param>
/// <param name="XZ">Component xz = zx.</param>
/// <param name="XY">Component xy = yx.</param>
public readonly record struct SymTensor3(double XX, double YY, double ZZ, double YZ, double XZ, double XY)
{
    /// <summary>The null tensor.</summary>
    public static SymTensor3 Zero => default;

    /// <summary>The unit tensor.</summary>
    public static SymTensor3 Identity => new(1, 1, 1, 0, 0, 0);

    /// <summary>v ⊗ v.</summary>
    public static SymTensor3 Dyad(Vec3 v) => new(v.X * v.X, v.Y * v.Y, v.Z * v.Z, v.Y * v.Z, v.X * v.Z, v.X * v.Y);

    /// <summary>½ (M + Mᵀ): the strain of a displacement gradient.</summary>
    public static SymTensor3 SymmetricPart(Matrix3 m) =>
        new(m.XX, m.YY, m.ZZ, 0.5 * (m.YZ + m.ZY), 0.5 * (m.XZ + m.ZX), 0.5 * (m.XY + m.YX));

    /// <summary>The strain tensor of a Voigt vector with engineering shears γ = 2ε.</summary>
    /// <param name="voigt">εxx, εyy, εzz, γyz, γxz, γxy.</param>
    public static SymTensor3 FromVoigtStrain(ReadOnlySpan<double> voigt)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(voigt.Length, 6);
        return new(voigt[0], voigt[1], voigt[2], 0.5 * voigt[3], 0.5 * voigt[4], 0.5 * voigt[5]);
    }

    /// <summary>The stress tensor of a Voigt vector.</summary>
    /// <param name="voigt">σxx, σyy, σzz, σyz, σxz, σxy.</param>
    public static SymTensor3 FromVoigtStress(ReadOnlySpan<double> voigt)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(voigt.Length, 6);
        return new(voigt[0], voigt[1], voigt[2], voigt[3], voigt[4], voigt[5]);
    }

    /// <summary>The tensor component of a Voigt index: 0 … 5 are xx, yy, zz, yz, xz, xy.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not in 0 … 5.</exception>
    public double this[int voigt] => voigt switch
    {
        0 => XX,
        1 => YY,
        2 => ZZ,
        3 => YZ,
        4 => XZ,
        5 => XY,
        _ => throw new ArgumentOutOfRangeException(nameof(voigt), voigt, "A symmetric tensor has the Voigt components 0 to 5."),
    };

    /// <summary>The sum of the diagonal.</summary>
    public double Trace => XX + YY + ZZ;

    /// <summary>√(T : T).</summary>
    public double Norm => Math.Sqrt(Contract(this, this));

    /// <summary>The Voigt vector of a strain, with engineering shears: εxx, εyy, εzz, 2εyz, 2εxz, 2εxy.</summary>
    /// <param name="to">Six numbers; overwritten.</param>
    public void VoigtStrain(Span<double> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, 6);
        (to[0], to[1], to[2], to[3], to[4], to[5]) = (XX, YY, ZZ, 2 * YZ, 2 * XZ, 2 * XY);
    }

    /// <summary>A : B = Σ Aᵢⱼ Bᵢⱼ; of stress and strain, twice the energy density.</summary>
    public static double Contract(SymTensor3 a, SymTensor3 b) =>
        (a.XX * b.XX) + (a.YY * b.YY) + (a.ZZ * b.ZZ) + (2 * ((a.YZ * b.YZ) + (a.XZ * b.XZ) + (a.XY * b.XY)));

    /// <summary>The same tensor as a full matrix.</summary>
    public Matrix3 ToMatrix() => new(XX, XY, XZ, XY, YY, YZ, XZ, YZ, ZZ);

    /// <summary>The components in other axes: T′ = R T Rᵀ.</summary>
    /// <param name="axes">R: its rows are the new unit axes in the present frame.</param>
    public SymTensor3 Rotated(Matrix3 axes) => SymmetricPart(axes * ToMatrix() * axes.Transposed);

    /// <summary>The eigenvalues λ and, as columns of a matrix Q, the axes that belong to them: this is Q diag(λ) Qᵀ, and Qᵀ Q = 1. In no order.</summary>
    /// <remarks>Rotations after C. G. J. Jacobi, J. reine angew. Math. 30 (1846) 51: each makes an off-diagonal entry vanish, until there is none.</remarks>
    public (Vec3 Values, Matrix3 Axes) Principal()
    {
        const int MostSweeps = 30;
        var (a, q) = (ToMatrix(), Matrix3.Identity);
        for (var sweep = 0; sweep < MostSweeps && (a.XY != 0 || a.XZ != 0 || a.YZ != 0); sweep++)
        {
            for (var pair = 0; pair < 3; pair++)
            {
                var (i, j) = pair switch { 0 => (0, 1), 1 => (0, 2), _ => (1, 2) };
                if (a[i, j] == 0)
                {
                    continue;
                }

                // tan 2φ = 2 a_ij/(a_jj − a_ii), by the smaller angle.
                var cotangent = (a[j, j] - a[i, i]) / (2 * a[i, j]);
                var tangent = Math.CopySign(1, cotangent) / (Math.Abs(cotangent) + Math.Sqrt(1 + (cotangent * cotangent)));
                var cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
                var sine = tangent * cosine;
                var turn = pair switch
                {
                    0 => new Matrix3(cosine, sine, 0, -sine, cosine, 0, 0, 0, 1),
                    1 => new Matrix3(cosine, 0, sine, 0, 1, 0, -sine, 0, cosine),
                    _ => new Matrix3(1, 0, 0, 0, cosine, sine, 0, -sine, cosine),
                };
                var turned = SymmetricPart(turn.Transposed * a * turn);
                q *= turn;

                // What has vanished but for rounding is zero.
                turned = pair switch { 0 => turned with { XY = 0 }, 1 => turned with { XZ = 0 }, _ => turned with { YZ = 0 } };
                a = turned.ToMatrix();
            }
        }

        return (new(a.XX, a.YY, a.ZZ), q);
    }

    /// <summary>T · v: of a stress, the traction on a plane with unit normal v.</summary>
    public static Vec3 operator *(SymTensor3 t, Vec3 v) => t.ToMatrix() * v;

    /// <summary>The sum.</summary>
    public static SymTensor3 operator +(SymTensor3 a, SymTensor3 b) =>
        new(a.XX + b.XX, a.YY + b.YY, a.ZZ + b.ZZ, a.YZ + b.YZ, a.XZ + b.XZ, a.XY + b.XY);

    /// <summary>The difference.</summary>
    public static SymTensor3 operator -(SymTensor3 a, SymTensor3 b) =>
        new(a.XX - b.XX, a.YY - b.YY, a.ZZ - b.ZZ, a.YZ - b.YZ, a.XZ - b.XZ, a.XY - b.XY);

    /// <summary>The tensor times a number.</summary>
    public static SymTensor3 operator *(double factor, SymTensor3 t) =>
        new(factor * t.XX, factor * t.YY, factor * t.ZZ, factor * t.YZ, factor * t.XZ, factor * t.XY);

    /// <summary>The tensor divided by a number.</summary>
    public static SymTensor3 operator /(SymTensor3 t, double divisor) =>
        new(t.XX / divisor, t.YY / divisor, t.ZZ / divisor, t.YZ / divisor, t.XZ / divisor, t.XY / divisor);
}
