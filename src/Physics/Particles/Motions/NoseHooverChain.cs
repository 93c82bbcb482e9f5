using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// A chain of thermostats, each of which holds the temperature of the one before it. The first holds that of n velocities:
/// Q₁ = n k_B T τ², Q_j = k_B T τ²; v̇₁ = (2K − n k_B T)/Q₁ − v₁v₂, v̇_j = (Q_(j−1) v²_(j−1) − k_B T)/Q_j − v_j v_(j+1).
/// </summary>
/// <remarks>
/// Half a step is the splitting of G. J. Martyna, M. E. Tuckerman, D. J. Tobias, M. L. Klein, Mol. Phys. 87 (1996) 1117, appendix A, with
/// three parts of the weights of M. Suzuki and H. Yoshida.
/// </remarks>
internal sealed class NoseHooverChain(double temperature, double freedom, double time, int length)
{
    // w, 1 − 2w, w with w = 1/(2 − 2^(1/3)).
    private static readonly double[] _weights = [1.3512071919596578, -1.7024143839193153, 1.3512071919596578];

    private double[] _velocities = new double[length];
    private double[] _positions = new double[length];

    /// <summary>n.</summary>
    public double Freedom { get; set; } = freedom;

    /// <summary>Moves the chain and returns the factor by which it scales the velocities that it holds.</summary>
    /// <param name="twiceKinetic">Twice their kinetic energy.</param>
    /// <param name="step">Δt/2 for half a step.</param>
    public double Move(double twiceKinetic, double step)
    {
        var v = _velocities;
        var last = v.Length - 1;
        var factor = 1.0;
        foreach (var weight in _weights)
        {
            var h = weight * step;

            // Half a push, from the end of the chain to its beginning; then all else; then the other half, back again.
            for (var j = last; j >= 0; j--)
            {
                Push(j, factor * factor * twiceKinetic, 0.5 * h);
            }

            factor *= Math.Exp(-h * v[0]);
            for (var j = 0; j <= last; j++)
            {
                _positions[j] += h * v[j];
            }

            for (var j = 0; j <= last; j++)
            {
                Push(j, factor * factor * twiceKinetic, 0.5 * h);
            }
        }

        return factor;
    }

    /// <summary>Σ ½ Q_j v_j² + n k_B T ξ₁ + Σ_(j&gt;1) k_B T ξ_j.</summary>
    public double Energy()
    {
        var energy = 0.0;
        for (var j = 0; j < _velocities.Length; j++)
        {
            energy += (0.5 * Mass(j) * _velocities[j] * _velocities[j]) + ((j == 0 ? Freedom : 1) * temperature * _positions[j]);
        }

        return energy;
    }

    public void Archive(StateArchive archive, string name)
    {
        archive.Field($"{name}-velocities", ref _velocities);
        archive.Field($"{name}-positions", ref _positions);
        if (_velocities.Length != length || _positions.Length != length)
        {
            throw new ScaleModelException($"The state has a chain of {_velocities.Length} thermostats, and {length} were asked for.");
        }
    }

    private double Mass(int j) => (j == 0 ? Freedom : 1) * temperature * time * time;

    // v ← v e^(−h v_next / 2), v ← v + h G, v ← v e^(−h v_next / 2)
    private void Push(int j, double twiceKinetic, double h)
    {
        var v = _velocities;
        var force = j == 0 ? (twiceKinetic - (Freedom * temperature)) / Mass(0) : ((Mass(j - 1) * v[j - 1] * v[j - 1]) - temperature) / Mass(j);
        var brake = j + 1 < v.Length ? Math.Exp(-0.5 * h * v[j + 1]) : 1;
        v[j] = ((v[j] * brake) + (h * force)) * brake;
    }
}
