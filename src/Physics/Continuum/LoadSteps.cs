using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>Loads that are too large for one step: steps are halved where there is no solution, and grow again where there is one.</summary>
public static class LoadSteps
{
    private const double Growth = 1.5;

    /// <summary>Goes from a state to that under another load.</summary>
    /// <param name="start">The state under the load <paramref name="from"/>.</param>
    /// <param name="from">The load, as a factor, a width or whatever tells it.</param>
    /// <param name="to">The load to reach.</param>
    /// <param name="longest">The longest step that is tried, above zero; the first one has it.</param>
    /// <param name="step">The state under a load from one under the load before; throws a <see cref="ScaleModelException"/> where it finds none, and leaves the state before alone.</param>
    /// <param name="shortest">The shortest step that is tried; a thousandth of the longest if null.</param>
    /// <exception cref="ScaleModelException">There is no solution even with the shortest step, a load or the longest step is not finite, or a step is lost in rounding.</exception>
    public static T Follow<T>(T start, double from, double to, double longest, Func<T, double, T> step, double? shortest = null)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(longest);
        var least = shortest ?? (1e-3 * longest);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(least, nameof(shortest));
        if (!(double.IsFinite(from) && double.IsFinite(to) && double.IsFinite(longest)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Loads and steps are finite; found {from} to {to} by {longest}."));
        }

        var (state, load, length) = (start, from, longest);
        while (load != to)
        {
            // Rounding leaves no sliver of a step for the end.
            var rest = Math.Abs(to - load);
            var next = rest <= length * (1 + 1e-9) ? to : load + (Math.Sign(to - load) * length);
            if (next == load)
            {
                throw new ScaleModelException(FormattableString.Invariant($"A step of {length} from the load {load} is lost in rounding."));
            }

            try
            {
                (state, load) = (step(state, next), next);
                length = Math.Min(longest, Growth * length);
            }
            catch (ScaleModelException fault)
            {
                length = 0.5 * Math.Min(length, rest);
                if (length < least)
                {
                    throw new ScaleModelException(FormattableString.Invariant($"Beyond the load {load} of {from} to {to} no step down to {least} has a solution: {fault.Message}"), fault);
                }
            }
        }

        return state;
    }
}
