using System.CommandLine;

namespace ActorMultiscale.Host.Commands;

/// <summary>The options that say how a run is carried out, which <c>run</c>, <c>resume</c> and <c>fork</c> share.</summary>
internal sealed class MannerOptions
{
    private readonly Option<int> _threads = SharedOptions.Threads();
    private readonly Option<bool> _json = SharedOptions.Json();
    private readonly Option<bool> _quiet = SharedOptions.Quiet();
    private readonly Option<bool> _noObservations = new("--no-observations") { Description = "Do not keep iterations, residuals and times; the experiment's watches are kept" };
    private readonly Option<bool> _noFields = new("--no-fields") { Description = "Do not record fields: such windows cannot be replayed, and no participant verified alone" };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="elsewhere">Options with which the run is carried out by other processes, whom nobody tells these things.</param>
    public MannerOptions(Command command, params Option[] elsewhere)
    {
        foreach (var option in new Option[] { _threads, _json, _quiet, _noObservations, _noFields })
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (elsewhere.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is not { } where)
            {
                return;
            }

            foreach (var option in new Option[] { _threads, _noObservations, _noFields }.Where(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError($"{option.Name} is of runs that this process carries out itself, and {where.Name} has nodes do that{(option == _threads ? ": 'node --threads' says it" : option == _noFields ? "; --set participants.NAME.record=none keeps the fields of a participant out of the record" : "")}.");
            }
        });
    }

    /// <summary>What the user said.</summary>
    public RunExecution.Manners Of(ParseResult parsed) =>
        new(parsed.GetValue(_threads), parsed.GetValue(_json), parsed.GetValue(_quiet), !parsed.GetValue(_noObservations), !parsed.GetValue(_noFields));
}
