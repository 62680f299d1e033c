namespace DmaHeap.Heaps;

/// <summary>What is known of a call when it is decided what happens to it.</summary>
/// <param name="Hook">The hook.</param>
/// <param name="Buffer">The buffer's number in this heap, from 1; 0 while there is none.</param>
/// <param name="Bytes">The buffer's length, or what was asked for.</param>
/// <param name="Name">The buffer's name.</param>
/// <param name="Caller">On whose behalf; null when nobody's.</param>
internal readonly record struct FakeCall(FakeHook Hook, long Buffer, long Bytes, string Name, Caller? Caller);

/// <summary>What happens to a call.</summary>
/// <param name="Call">Number of the call among those of its hook, from 1.</param>
/// <param name="Delay">How long it waits.</param>
/// <param name="Rule">The rule that decides; null when the call goes its usual way.</param>
/// <param name="RuleNumber">Its number in the script, from 1; 0 without one.</param>
internal readonly record struct Verdict(long Call, TimeSpan Delay, FakeRule? Rule, int RuleNumber);

/// <summary>Counts calls and finds the rules for them. Safe from any thread: calls are decided one after another.</summary>
internal sealed class Script(FakeRule[] rules, long seed)
{
    private readonly Lock _lock = new();
    private readonly long[] _calls = new long[Enum.GetValues<FakeHook>().Length];
    private readonly int[] _times = new int[rules.Length];
    private readonly Draw _draw = new(seed);

    public Verdict Decide(in FakeCall call)
    {
        lock (_lock)
        {
            var number = ++_calls[(int)call.Hook];
            var delay = TimeSpan.Zero;
            var deciding = -1;
            for (var i = 0; i < rules.Length; i++)
            {
                if (!Matches(i, number, in call)) continue;
                _times[i]++;
                if (rules[i].Delay is { } slow) delay += _draw.Delay(slow, i, number);
                if (deciding < 0 && rules[i].Decides) deciding = i;
            }

            return new Verdict(number, delay, deciding < 0 ? null : rules[deciding], deciding + 1);
        }
    }

    /// <summary>Calls so far, of each hook that was called.</summary>
    public IReadOnlyList<(FakeHook Hook, long Calls)> Counts()
    {
        lock (_lock) return [.. _calls.Select((calls, hook) => ((FakeHook)hook, calls)).Where(counted => counted.calls > 0)];
    }

    private bool Matches(int index, long number, in FakeCall call)
    {
        const int Chance = 0;
        var rule = rules[index];
        if (rule.On != call.Hook || !IsNumberOf(rule, number)) return false;
        if (rule.LargerThan is { } size && call.Bytes <= size.Bytes) return false;
        if (rule.Name is { } pattern && !Wildcard.Matches(pattern, call.Name)) return false;
        if (rule.User is { } user && call.Caller?.UserId != user) return false;
        if (rule.Times is { } most && _times[index] >= most) return false;
        return rule.Chance is not { } percent || _draw.Unit(index, number, Chance) * 100 < percent;
    }

    private static bool IsNumberOf(FakeRule rule, long number)
    {
        if (rule.Call is { } one) return number == one;
        if (number < rule.From || number > rule.To) return false;
        if (rule.Every is not { } every) return true;
        return rule.From is { } from ? (number - from) % every == 0 : number % every == 0;
    }
}
