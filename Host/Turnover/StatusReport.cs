using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Turnover;

/// <summary>How the heaps of a host are, as a JSON document: those served, those that drain, those that have gone; plugins that stayed; the last reload. Members are only ever added.</summary>
internal static class StatusReport
{
    /// <param name="core">The host.</param>
    /// <param name="withHolders">Whether processes that hold buffers are named: not to everybody.</param>
    public static byte[] Write(HostCore core, bool withHolders)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("processId", Environment.ProcessId);
            Optional(json, "configuration", core.Options.ConfigurationPath);
            json.WriteStartArray("heaps");
            foreach (var slot in core.Registry.Slots) Served(json, core, slot);
            json.WriteEndArray();
            json.WriteStartArray("retired");
            foreach (var retired in core.Retired.All) Retired(json, core, retired, withHolders);
            json.WriteEndArray();
            json.WriteNumber("unloaded", core.Retired.Unloaded);
            json.WriteStartArray("stayed");
            foreach (var plugin in core.Plugins.Stayed) Stayed(json, plugin);
            json.WriteEndArray();
            Watches(json, core);
            ReclaimSection.Write(json, core.Reclaimer.Totals);
            if (core.Changes.UnderWay is { } underWay) Loading(json, underWay);
            if (core.Changes.LastReload is { } reload) Reload(json, reload);
            if (core.Changes.LastRefusal is { } refusal) Refusal(json, refusal);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // Each buffer takes a watch of those its user may have; what other programs of that user have counts as well, and is not known.
    private static void Watches(Utf8JsonWriter json, HostCore core)
    {
        json.WriteStartObject("watches");
        json.WriteNumber("used", core.Watches.Count);
        try
        {
            var limits = Linux.InotifyLimits.Read();
            json.WriteNumber("limit", limits.MaxUserWatches);
            json.WriteNumber("queueLimit", limits.MaxQueuedEvents);
        }
        catch (IOException)
        {
            // Without /proc there are none to tell.
        }

        json.WriteNumber("sweeps", core.Watch.Sweeps);
        json.WriteEndObject();
    }

    /// <summary>The state of a heap that is served.</summary>
    public static string StateOf(HeapSlot slot) => slot.Heap is null ? "unavailable" : slot.Heap is IsolatedHeap { IsStarting: true } ? "loading" : slot.Fault is not null ? "faulted" : "active";

    private static void Served(Utf8JsonWriter json, HostCore core, HeapSlot slot)
    {
        var standsInFor = core.Changes.StoodInFor.FirstOrDefault(original => original.Name == slot.Name && original != slot);
        json.WriteStartObject();
        json.WriteString("name", slot.Name);
        json.WriteString("state", StateOf(slot));
        json.WriteString("since", slot.Since);
        Plugin(json, slot.Definition);
        if (standsInFor is not null)
        {
            json.WriteStartObject("standsInFor");
            Plugin(json, standsInFor.Definition);
            json.WriteNumber("buffers", standsInFor.Use.Count);
            json.WriteEndObject();
        }

        json.WriteNumber("buffers", slot.Use.Count);
        json.WriteNumber("allocations", slot.Statistics.Allocations);
        json.WriteNumber("failures", slot.Statistics.Failures);
        json.WriteNumber("exceptions", slot.Health.Failures.Count);
        json.WriteNumber("lostThreads", slot.Health.LostThreads);
        Optional(json, "reason", slot.Heap is null ? slot.Reason : slot.Fault is { } fault ? $"it {fault}" : null);
        if (slot.Heap is IsolatedHeap isolated) Worker(json, isolated);
        if (slot.Health.Failures.Last is { } last)
        {
            json.WriteStartObject("lastError");
            json.WriteString("at", last.At);
            json.WriteString("hook", last.Hook);
            json.WriteString("message", last.Message);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Worker(Utf8JsonWriter json, IsolatedHeap heap)
    {
        json.WriteStartObject("worker");
        if (heap.ProcessId is { } process) json.WriteNumber("processId", process);
        json.WriteNumber("restarts", heap.Restarts);
        json.WriteEndObject();
    }

    private static void Retired(Utf8JsonWriter json, HostCore core, RetiredHeap retired, bool withHolders)
    {
        var slot = retired.Slot;
        json.WriteStartObject();
        json.WriteString("name", retired.Name);
        json.WriteString("state", retired.State == RetiredState.Unloaded ? "unloaded" : "draining");
        json.WriteString("why", retired.Why);
        json.WriteString("since", retired.Since);
        if (retired.EndedAt is { } ended) json.WriteString("endedAt", ended);
        json.WriteString("plugin", retired.Plugin);
        Optional(json, "sha256", retired.Sha256);
        json.WriteNumber("buffers", slot?.Use.Count ?? 0);
        json.WriteNumber("lostThreads", slot?.Health.LostThreads ?? 0);
        if (retired.State == RetiredState.Ending) json.WriteString("reason", "its last buffer is gone; it is being disposed");
        else if (slot is not null && slot.Health.LostThreads > 0) json.WriteString("reason", $"{slot.Health.LostThreads} threads are inside it and do not come back");
        if (withHolders && slot is not null) json.WriteString("holders", Holders.Of([.. core.Table.Snapshot().Where(record => record.Heap == slot)]));
        json.WriteEndObject();
    }

    private static void Plugin(Utf8JsonWriter json, HeapDefinition definition)
    {
        json.WriteString("plugin", definition.Plugin);
        if (definition.Source?.Lease?.Manifest is not { } manifest) return;
        json.WriteString("path", manifest.Path);
        json.WriteString("version", manifest.Version.ToString());
        json.WriteString("sha256", manifest.Sha256);
    }

    private static void Stayed(Utf8JsonWriter json, StayedPlugin plugin)
    {
        json.WriteStartObject();
        json.WriteString("plugin", plugin.Name);
        json.WriteString("path", plugin.Path);
        json.WriteString("sha256", plugin.Sha256);
        json.WriteString("since", plugin.Since);
        json.WriteString("detail", plugin.Detail);
        json.WriteEndObject();
    }

    private static void Loading(Utf8JsonWriter json, ChangeUnderWay change)
    {
        json.WriteStartObject("loading");
        json.WriteString("what", change.What);
        json.WriteString("since", change.Since);
        json.WriteEndObject();
    }

    private static void Reload(Utf8JsonWriter json, ReloadOutcome reload)
    {
        json.WriteStartObject("reload");
        json.WriteString("at", reload.At);
        json.WriteBoolean("applied", reload.Refusal is null);
        json.WriteNumber("added", reload.Added);
        json.WriteNumber("removed", reload.Removed);
        json.WriteNumber("replaced", reload.Replaced);
        json.WriteNumber("changed", reload.Changed);
        json.WriteNumber("unchanged", reload.Unchanged);
        json.WriteStartArray("errors");
        foreach (var error in reload.Refusal?.Split('\n') ?? []) json.WriteStringValue(error);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Refusal(Utf8JsonWriter json, RefusedChange refusal)
    {
        json.WriteStartObject("refused");
        json.WriteString("at", refusal.At);
        json.WriteString("what", refusal.What);
        json.WriteString("reason", refusal.Reason);
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) json.WriteString(name, value);
    }
}
