namespace DmaHeap.Heaps;

/// <summary>Plays a script to calls, and writes the journal of it.</summary>
internal sealed class Player : IDisposable
{
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromDays(40);

    private readonly IHeapContext _context;
    private readonly Script _script;
    private readonly Journal _journal;

    /// <exception cref="HeapException">The journal's file cannot be written.</exception>
    public Player(IHeapContext context, FakeOptions options, long seed)
    {
        _context = context;
        _script = new Script(options.Rules, seed);
        _journal = new Journal(options.Journal);
        _journal.Add(number => JournalLine.Start(number, context.Time.GetUtcNow(), context.Name, seed, options.Rules.Length));
    }

    /// <summary>Carries out a call as the script has it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="usual">What the heap does; given the rule that decides, which has let the call come so far.</param>
    /// <param name="cancellation">Withdraws the call.</param>
    public T Play<T>(FakeCall call, Func<FakeRule?, T> usual, CancellationToken cancellation = default)
    {
        var verdict = _script.Decide(in call);
        var began = _context.Time.GetTimestamp();
        try
        {
            Wait(verdict.Delay, cancellation);
            if (verdict.Rule is { } rule) Carry(rule, call, verdict, began, cancellation);
            var result = usual(verdict.Rule);
            Note(result is FakeBuffer made ? call with { Buffer = made.Number } : call, verdict, FakeAnswer.Ok, began);
            return result;
        }
        catch (Exception exception)
        {
            Note(call, verdict, FakeAnswer.Of(exception), began);
            throw;
        }
    }

    /// <summary>Carries out a call that gives nothing back.</summary>
    public void Play(FakeCall call, Action usual) => Play<object?>(call, _ =>
    {
        usual();
        return null;
    });

    public HeapJournalPage Read(long after, int most) => _journal.Read(after, most);

    /// <summary>Ends the journal with the number of calls.</summary>
    public void Dispose()
    {
        var counts = _script.Counts();
        _journal.Add(number => JournalLine.Stop(number, _context.Time.GetUtcNow(), _context.Name, counts));
        _context.Log.Write(
            HeapLogLevel.Information, "The fake stops", [.. counts.Select(counted => new LogField(counted.Hook.ToString(), counted.Calls))]);
        _journal.Dispose();
    }

    private void Carry(FakeRule rule, FakeCall call, Verdict verdict, long began, CancellationToken cancellation)
    {
        if (rule.Throw is { } message) throw new InvalidOperationException(message);
        if (rule.Fail is { } errno)
            throw new HeapException((HeapErrno)errno, rule.Cause ?? "scripted", rule.Message ?? $"rule {verdict.RuleNumber} of the script fails call {verdict.Call} of {call.Hook}");
        if (rule.Hang is not { } hang) return;
        // Noted before: of a call that hangs for ever there is no after.
        Note(call, verdict, FakeAnswer.Hangs, began);
        Hang(hang, call.Hook, cancellation);
    }

    private void Hang(FakeHang hang, FakeHook hook, CancellationToken cancellation)
    {
        if (hang == FakeHang.Forever) Thread.Sleep(Timeout.Infinite);
        if (hang == FakeHang.UntilStopped) _context.Stopping.WaitHandle.WaitOne();
        else WaitHandle.WaitAny([_context.Stopping.WaitHandle, cancellation.WaitHandle]);
        cancellation.ThrowIfCancellationRequested();
        if (hook == FakeHook.Allocate) throw new HeapException(HeapErrno.InputOutput, HeapCause.Stopping, "the heap stops");
    }

    // By the heap's clock, which a test may have in its hands. A heap that stops waits for nothing.
    private void Wait(TimeSpan delay, CancellationToken cancellation)
    {
        if (delay <= TimeSpan.Zero) return;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_context.Stopping, cancellation);
        try
        {
            // Several rules together can ask for more than one timer lasts.
            for (var left = delay; left > TimeSpan.Zero; left -= s_longestTimer)
                Task.Delay(left < s_longestTimer ? left : s_longestTimer, _context.Time, either.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private void Note(FakeCall call, Verdict verdict, FakeAnswer answer, long began)
    {
        var took = _context.Time.GetElapsedTime(began);
        var request = _context.Request;
        _journal.Add(number => JournalLine.Call(number, _context.Time.GetUtcNow(), _context.Name, call, request, verdict, answer, took));
    }
}
