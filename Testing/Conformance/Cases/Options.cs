using System.Text.Json.Nodes;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Testing.Conformance;

/// <summary>Options that are wrong are told with their place, and those that are right start the heap.</summary>
internal sealed class Options : ConformanceCase
{
    private const string Source = "options";

    public override string Name => "options";

    public override string Checks => "Each option that is unknown, of the wrong type or out of range is refused at its place; at its bounds the heap starts or refuses with HeapException.";

    public override string Failure => "Operators correct a line by what the error names: bounds belong into [Option], rules over several options into ICheckedOptions, with nameof.";

    internal override string? WhyNot(HeapUnderTest heap) => heap switch
    {
        { OptionsType: null } => $"{heap.Name} takes no options",
        { Options: "{}" } when OptionsText.Describe(heap.OptionsType).HasRequired => $"{heap.Name} has options without a default, and no Options to try them with",
        _ => null,
    };

    internal override void Check(CaseRun run)
    {
        var heap = run.Heap;
        ExpectBound(heap, heap.Options);
        foreach (var wrong in OptionTrials.Wrong(heap.OptionsType!)) ExpectRefusal(heap, wrong);
        foreach (var extreme in OptionTrials.AtBounds(heap.OptionsType!)) ExpectStartOrRefusal(heap, extreme);
    }

    private static void ExpectBound(HeapUnderTest heap, string options)
    {
        var bound = OptionsText.Bind(heap.OptionsType, options, Source, heap.Name);
        if (!bound.IsValid) throw new CaseFailure($"the options it is tried with are refused: {Tell(bound.Errors)}");
    }

    private static void ExpectRefusal(HeapUnderTest heap, OptionTrial wrong)
    {
        var json = Merge(heap, wrong);
        var bound = OptionsText.Bind(heap.OptionsType, json, Source, heap.Name);
        if (bound.IsValid) throw new CaseFailure($"{json} is accepted, where \"{wrong.Key}\" is {wrong.What}");
        if (bound.Errors.Any(error => error.Path != wrong.Path || error.Location.Line == 0)) throw new CaseFailure($"{json}, where \"{wrong.Key}\" is {wrong.What}, is refused at another place: {Tell(bound.Errors)}");
    }

    private static void ExpectStartOrRefusal(HeapUnderTest heap, OptionTrial extreme)
    {
        var json = Merge(heap, extreme);
        var bound = OptionsText.Bind(heap.OptionsType, json, Source, heap.Name);
        if (!bound.IsValid)
        {
            // By a rule over several options: at one of them, not at the options as a whole, which is where errors end that name no option.
            if (bound.Errors.All(error => error.Path.Length > 1)) return;
            throw new CaseFailure($"{json} is refused at no option: {Tell(bound.Errors)}");
        }

        try
        {
            DmaHeapTestHost.Start("conformance-options", context => heap.CreateWith!(context, bound.Value)).Stop();
        }
        catch (HeapStartException refused) when (refused.InnerException is HeapException)
        {
            // In the contract's terms: this machine may not have as much.
        }
        catch (HeapStartException broken)
        {
            throw new CaseFailure($"with {json} the heap's constructor threw {broken.Reason}", broken);
        }
    }

    private static string Merge(HeapUnderTest heap, OptionTrial trial)
    {
        var options = JsonNode.Parse(heap.Options)!.AsObject();
        options[trial.Key] = trial.Value.DeepClone();
        return options.ToJsonString();
    }

    private static string Tell(IReadOnlyList<ConfigurationError> errors) => string.Join("; ", errors);
}
