using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DmaHeap.Heaps;

/// <summary>How a call ended.</summary>
/// <param name="Answer"><c>ok</c>, the name of an errno, <c>throws</c> or <c>hangs</c>.</param>
/// <param name="Cause">The cause code of a refusal.</param>
internal readonly record struct FakeAnswer(string Answer, string Cause = "")
{
    public static FakeAnswer Ok { get; } = new("ok");

    public static FakeAnswer Hangs { get; } = new("hangs");

    public static FakeAnswer Of(Exception exception) => exception switch
    {
        HeapException refusal => new(NameOf(refusal.Errno), refusal.Cause),
        OperationCanceledException => new("EINTR", HeapCause.Cancelled),
        _ => new("throws"),
    };

    private static string NameOf(HeapErrno errno) =>
        typeof(FakeErrno).GetField(((FakeErrno)errno).ToString())?.GetCustomAttributes(typeof(OptionValueAttribute), inherit: false) is [OptionValueAttribute { Text: var name }]
            ? name
            : ((int)errno).ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Writes the lines of a journal: JSON objects whose keys only ever get more.</summary>
internal static class JournalLine
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The first line of a journal.</summary>
    public static string Start(long number, DateTimeOffset time, string heap, long seed, int rules) => Write(number, time, heap, "start", json =>
    {
        json.WriteNumber("seed", seed);
        json.WriteNumber("rules", rules);
    });

    /// <summary>The last line of a journal: how often each hook was called.</summary>
    public static string Stop(long number, DateTimeOffset time, string heap, IEnumerable<(FakeHook Hook, long Calls)> counts) => Write(number, time, heap, "stop", json =>
    {
        json.WriteStartObject("calls");
        foreach (var (hook, calls) in counts) json.WriteNumber(NameOf(hook), calls);
        json.WriteEndObject();
    });

    /// <summary>A call.</summary>
    public static string Call(long number, DateTimeOffset time, string heap, FakeCall call, RequestId request, Verdict verdict, FakeAnswer answer, TimeSpan took) =>
        Write(number, time, heap, NameOf(call.Hook), json =>
        {
            json.WriteNumber("call", verdict.Call);
            if (request.IsKnown) json.WriteString("request", request.ToString());
            if (call.Caller is { } caller)
            {
                json.WriteNumber("pid", caller.ProcessId);
                json.WriteNumber("uid", caller.UserId);
            }

            if (call.Buffer > 0) json.WriteNumber("buffer", call.Buffer);
            if (call.Name.Length > 0) json.WriteString("name", call.Name);
            json.WriteNumber("bytes", call.Bytes);
            json.WriteString("answer", answer.Answer);
            if (answer.Cause.Length > 0) json.WriteString("cause", answer.Cause);
            if (verdict.RuleNumber > 0) json.WriteNumber("rule", verdict.RuleNumber);
            if (verdict.Delay > TimeSpan.Zero) json.WriteNumber("delayMicroseconds", Microseconds(verdict.Delay));
            json.WriteNumber("microseconds", Microseconds(took));
        });

    private static string Write(long number, DateTimeOffset time, string heap, string hook, Action<Utf8JsonWriter> rest)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes, s_options))
        {
            json.WriteStartObject();
            json.WriteNumber("n", number);
            json.WriteString("time", time.UtcDateTime);
            json.WriteString("heap", heap);
            json.WriteString("hook", hook);
            rest(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static string NameOf(FakeHook hook) => JsonNamingPolicy.CamelCase.ConvertName(hook.ToString());

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
