using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;

namespace ActorMultiscale.Host;

/// <summary>What the process says to scripts when it ends.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>The run failed.</summary>
    public const int RunFailed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The experiment is invalid.</summary>
    public const int ExperimentInvalid = 3;

    /// <summary>A check of the experiment, or a conservation limit, failed.</summary>
    public const int CheckFailed = 4;

    /// <summary>A run does not come out as it was recorded.</summary>
    public const int Mismatch = 5;

    /// <summary>The store cannot be used.</summary>
    public const int StoreUnavailable = 6;

    /// <summary>No node of the cluster answers.</summary>
    public const int ClusterUnreachable = 7;

    /// <summary>The node may not join the cluster: its program, its machine or its certificate is another.</summary>
    public const int NodeRefused = 8;

    /// <summary>The node was removed from its cluster, or was cut off from most of it and ended itself. It may be started again.</summary>
    public const int NodeRemoved = 9;

    /// <summary>The user stopped the run; a snapshot was taken.</summary>
    public const int Stopped = 130;

    /// <summary>The code for the end of a run whose checks passed or failed.</summary>
    public static int Of(RunStatus status, bool checksPass) => status switch
    {
        RunStatus.Completed => checksPass ? Ok : CheckFailed,
        RunStatus.Stopped => Stopped,
        RunStatus.LimitBroken => CheckFailed,
        RunStatus.StoreUnavailable => StoreUnavailable,
        RunStatus.Diverged => Mismatch,
        _ => RunFailed,
    };

    /// <summary>The code for the end of a node.</summary>
    public static int Of(NodeEnd end) => end switch
    {
        NodeEnd.Left => Ok,
        NodeEnd.Removed => NodeRemoved,
        NodeEnd.Refused => NodeRefused,
        NodeEnd.Unreachable => ClusterUnreachable,
        _ => RunFailed,
    };
}
