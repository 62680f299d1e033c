using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>
/// A vendor's machine, but for the SDK: a folder outside the clone with a home, a cache of packages and a clone of its own. Packages that are not the project's come
/// from where the build of the tests restored them, so that no network is needed, and no version of ours stays in anybody's cache.
/// </summary>
sealed class Workshop : IDisposable
{
    // A minute's work for one processor, on a machine that may have much else to do. A run that passes never waits for it.
    static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(20);

    readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("dmaheap-vendor-");

    public Workshop()
    {
        Directory.CreateDirectory(Work);
        Directory.CreateDirectory(this["home"]);
        Directory.CreateDirectory(this["tmp"]);
        File.WriteAllText(this["nuget.config"], $"""
            <?xml version="1.0" encoding="utf-8"?>
            <configuration>
              <packageSources><clear /></packageSources>
              <fallbackPackageFolders><add key="restored" value="{RestoredPackages()}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    /// <summary>Where the vendor works.</summary>
    public string Work => this["work"];

    /// <summary>No other build has this version.</summary>
    public string VersionSuffix { get; } = $"test.{Guid.NewGuid():N}";

    public string this[string name] => Path.Combine(_root.FullName, name);

    /// <summary>Runs a script of bash to its end, in the vendor's own environment.</summary>
    /// <param name="script">The script; it stops at the first command that fails.</param>
    /// <param name="folder">Where it starts; the vendor's folder unless given.</param>
    public async Task<Ended> RunAsync(string script, string? folder = null)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", $"set -euo pipefail; PS4='+ $SECONDS s: '; set -x\n{script}"])
        {
            WorkingDirectory = folder ?? Work,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        ForgetHowWeWereStarted(start.Environment);
        foreach (var (name, value) in Environment()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        StringBuilder output = new(), error = new();
        var reading = Task.WhenAll(KeepAsync(process.StandardOutput, output), KeepAsync(process.StandardError, error));
        using var deadline = new CancellationTokenSource(s_deadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            await reading.WaitAsync(deadline.Token);
            return new Ended(process.ExitCode, output.ToString(), error.ToString());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await reading;
            throw new TimeoutException($"It did not end within {s_deadline}.\n{output}\n{error}");
        }
    }

    public void Dispose() => _root.Delete(recursive: true);

    Dictionary<string, string> Environment() => new()
    {
        ["HOME"] = this["home"],
        ["DOTNET_CLI_HOME"] = this["home"],
        ["NUGET_PACKAGES"] = this["packages"],
        ["TMPDIR"] = this["tmp"],
        ["DMAHEAP_SOCKET"] = this["socket"],
        ["VersionSuffix"] = VersionSuffix,
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_CLI_UI_LANGUAGE"] = "en",
        ["DOTNET_SKIP_WORKLOAD_INTEGRITY_CHECK"] = "1",
        // No server of a build outlives it.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
        // The very same sources were analysed when they were built for the tests; it is a fifth of the time of these builds.
        ["RunAnalyzers"] = "false",
        ["PATH"] = $"{Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."))}:{System.Environment.GetEnvironmentVariable("PATH")}",
    };

    // dotnet test, and the build before it, tell their children things that are none of a vendor's business.
    static void ForgetHowWeWereStarted(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.ToList())
        {
            if (name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name.StartsWith("TESTINGPLATFORM_", StringComparison.Ordinal)
                || name.StartsWith("DMAHEAP_", StringComparison.Ordinal))
            {
                environment.Remove(name);
            }
        }
    }

    static async Task KeepAsync(StreamReader from, StringBuilder to)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer) is var count and > 0) to.Append(buffer, 0, count);
    }

    static string RestoredPackages()
    {
        var assets = Repository.File("artifacts", "obj", "DmaHeap.Tests", "project.assets.json");
        return JsonNode.Parse(File.ReadAllText(assets))!["packageFolders"]!.AsObject().First().Key.TrimEnd('/');
    }
}
