namespace ActorMultiscale.Tests.Bridging;

/// <summary>
/// The bar wave in plain loops, without ports, windows or participants, and with the projection where the textbook has it: after both half
/// kicks. Weights, masses and the constraint are built here from their formulas once more; nothing is shared with the models under test.
/// </summary>
public sealed class InStepTwin
{
    private const double From = 360, To = 400, End = 960, Cell = 5, Floor = 0.01, Dt = 0.1;
    private const int Atoms = 401, Nodes = 121, FirstAtom = 360, L = 9;

    private readonly double[] _m = new double[Atoms];
    private readonly double[] _k = new double[Atoms - 1];
    private readonly double[] _bigM = new double[Nodes];
    private readonly double[] _bigK = new double[Nodes - 1];
    private readonly double[,] _c = new double[L, Atoms - FirstAtom];
    private readonly double[,] _b = new double[L, L];
    private readonly double[,] _inverse;

    public double[] U { get; } = new double[Atoms];

    public double[] V { get; } = new double[Atoms];

    public double[] BarU { get; } = new double[Nodes];

    public double[] BarV { get; } = new double[Nodes];

    public InStepTwin(double width, double wavenumber)
    {
        static double Alpha(double x) => Math.Clamp((x - From) / (To - From), 0, 1);
        for (var i = 0; i < Atoms; i++)
        {
            _m[i] = Math.Max(1 - Alpha(i), Floor);
            if (i < Atoms - 1)
            {
                _k[i] = Math.Max(1 - Alpha(i + 0.5), Floor);
            }

            var xi = i - 180.0;
            var envelope = 1e-3 * Math.Exp(-xi * xi / (2 * width * width));
            U[i] = envelope * Math.Cos(wavenumber * xi);
            V[i] = envelope * ((Math.Cos(wavenumber / 2) * xi / (width * width) * Math.Cos(wavenumber * xi)) + (2 * Math.Sin(wavenumber / 2) * Math.Sin(wavenumber * xi)));
        }

        for (var e = 0; e < Nodes - 1; e++)
        {
            foreach (var s in new[] { 0.5 - (0.5 / Math.Sqrt(3)), 0.5 + (0.5 / Math.Sqrt(3)) })
            {
                var weight = Math.Max(Alpha(From + ((e + s) * Cell)), Floor) / 2;
                _bigM[e] += weight * Cell * (1 - s);
                _bigM[e + 1] += weight * Cell * s;
                _bigK[e] += weight / Cell;
            }
        }

        for (var l = 0; l < L; l++)
        {
            for (var i = 0; i < Atoms - FirstAtom; i++)
            {
                _c[l, i] = Math.Max(0, 1 - (Math.Abs(i - (l * Cell)) / Cell));
            }
        }

        var a = new double[L, L];
        for (var l = 0; l < L; l++)
        {
            for (var k = 0; k < L; k++)
            {
                for (var i = 0; i < Atoms - FirstAtom; i++)
                {
                    _b[l, k] += _c[l, i] * _c[k, i];
                    a[l, k] += _c[l, i] * _c[k, i] / _m[FirstAtom + i];
                }
            }
        }

        for (var l = 0; l < L; l++)
        {
            for (var k = 0; k < L; k++)
            {
                for (var j = 0; j < L; j++)
                {
                    a[l, k] += _b[l, j] * _b[k, j] / _bigM[j];
                }
            }
        }

        _inverse = Inverse(a);
    }

    /// <summary>E_bar / E₀ and the like are sums of this.</summary>
    public (double Atoms, double Bar) Energies() => (Energy(_m, _k, U, V), Energy(_bigM, _bigK, BarU, BarV));

    public void Run(int steps)
    {
        for (var n = 0; n < steps; n++)
        {
            HalfKick();
            for (var i = 0; i < Atoms; i++)
            {
                U[i] += Dt * V[i];
            }

            for (var j = 0; j < Nodes; j++)
            {
                BarU[j] += Dt * BarV[j];
            }

            HalfKick();
        }
    }

    private void HalfKick()
    {
        Kick(_m, _k, U, V);
        Kick(_bigM, _bigK, BarU, BarV);
        Project();
    }

    private void Project()
    {
        var gap = new double[L];
        var mu = new double[L];
        for (var l = 0; l < L; l++)
        {
            for (var j = 0; j < L; j++)
            {
                gap[l] += _b[l, j] * BarV[j];
            }

            for (var i = FirstAtom; i < Atoms; i++)
            {
                gap[l] -= _c[l, i - FirstAtom] * V[i];
            }
        }

        for (var l = 0; l < L; l++)
        {
            for (var j = 0; j < L; j++)
            {
                mu[l] += _inverse[l, j] * gap[j];
            }
        }

        for (var l = 0; l < L; l++)
        {
            for (var j = 0; j < L; j++)
            {
                BarV[j] -= _b[l, j] * mu[l] / _bigM[j];
            }

            for (var i = FirstAtom; i < Atoms; i++)
            {
                V[i] += _c[l, i - FirstAtom] * mu[l] / _m[i];
            }
        }
    }

    private static void Kick(double[] m, double[] k, double[] u, double[] v)
    {
        for (var i = 0; i < m.Length; i++)
        {
            var force = (i + 1 < m.Length ? k[i] * (u[i + 1] - u[i]) : 0) - (i > 0 ? k[i - 1] * (u[i] - u[i - 1]) : 0);
            v[i] += Dt / 2 * force / m[i];
        }
    }

    private static double Energy(double[] m, double[] k, double[] u, double[] v)
    {
        var energy = 0.0;
        for (var i = 0; i < m.Length; i++)
        {
            energy += m[i] * v[i] * v[i] / 2;
            energy += i + 1 < m.Length ? k[i] * (u[i + 1] - u[i]) * (u[i + 1] - u[i]) / 2 : 0;
        }

        return energy;
    }

    // Gauss–Jordan with pivoting: another way to the same numbers than the factorization under test.
    private static double[,] Inverse(double[,] a)
    {
        var inverse = new double[L, L];
        for (var i = 0; i < L; i++)
        {
            inverse[i, i] = 1;
        }

        for (var c = 0; c < L; c++)
        {
            var pivot = c;
            for (var r = c + 1; r < L; r++)
            {
                pivot = Math.Abs(a[r, c]) > Math.Abs(a[pivot, c]) ? r : pivot;
            }

            for (var j = 0; j < L; j++)
            {
                (a[c, j], a[pivot, j]) = (a[pivot, j], a[c, j]);
                (inverse[c, j], inverse[pivot, j]) = (inverse[pivot, j], inverse[c, j]);
            }

            var scale = 1 / a[c, c];
            for (var j = 0; j < L; j++)
            {
                a[c, j] *= scale;
                inverse[c, j] *= scale;
            }

            for (var r = 0; r < L; r++)
            {
                var factor = a[r, c];
                for (var j = 0; r != c && j < L; j++)
                {
                    a[r, j] -= factor * a[c, j];
                    inverse[r, j] -= factor * inverse[c, j];
                }
            }
        }

        return inverse;
    }
}
