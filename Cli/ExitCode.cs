namespace DmaHeap.Cli;

/// <summary>What the program's exit codes mean. Documented in docs/cli.md: scripts depend on them.</summary>
static class ExitCode
{
    public const int Success = 0;

    /// <summary>The host refused, or a step failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No host answers.</summary>
    public const int NoHost = 3;

    /// <summary>The configuration or a plugin cannot be used: EX_CONFIG of sysexits(3), which service managers know.</summary>
    public const int Configuration = 78;
}
