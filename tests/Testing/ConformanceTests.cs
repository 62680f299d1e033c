using DmaHeap.Heaps;
using DmaHeap.Testing;

namespace DmaHeap.Tests.Testing;

public sealed class ConformanceTests
{
    public static TheoryData<string, string> HeapsAndCases { get; } = [.. HeapsUnderTest.ByName.Values.SelectMany(heap => HeapConformance.CasesFor(heap).Select(each => (heap.Name, each.Name)))];

    public static TheoryData<string> Faults { get; } = [.. MoreWrongHeaps.ByFault.Keys];

    public static TheoryData<string> Cases { get; } = [.. HeapConformance.Cases.Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(HeapsAndCases))]
    public void A_heap_passes_a_case(string heapName, string caseName)
    {
        var heap = HeapsUnderTest.ByName[heapName];
        if (HeapsUnderTest.WhyNot(heap) is { } reason) Assert.Skip(reason);
        HeapConformance.Run(HeapConformance.Find(caseName), heap);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_heap_with_one_fault_fails_the_case_for_it_and_no_other(string caseName)
    {
        var report = HeapConformance.RunAll(WrongHeaps.ByCase[caseName]);

        var failed = report.Results.Where(result => result.Outcome == ConformanceOutcome.Failed).Select(result => result.Case.Name);
        Assert.True(failed.SequenceEqual([caseName]), report.ToString());
        Assert.False(report.Passed);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Another_fault_is_found_by_one_case_and_called_by_its_name(string fault)
    {
        var (caseName, seen, heap) = MoreWrongHeaps.ByFault[fault];
        var report = HeapConformance.RunAll(heap);

        var failed = report.Results.Where(result => result.Outcome == ConformanceOutcome.Failed).ToList();
        Assert.True(failed.Count == 1, report.ToString());
        Assert.Equal(caseName, failed[0].Case.Name);
        Assert.Contains(seen, failed[0].Detail);
    }

    [Fact]
    public void A_failure_says_heap_case_what_was_seen_and_what_it_means()
    {
        var each = HeapConformance.Find("exhaustion");
        var failure = Assert.Throws<ConformanceException>(() => HeapConformance.Run(each, WrongHeaps.ByCase[each.Name]));

        Assert.Equal("BusyWhenFull fails exhaustion: the full heap answers Busy. " + each.Failure, failure.Message);
        Assert.Same(each, failure.Case);
    }

    [Fact]
    public void A_heap_without_a_fault_passes_every_case_it_promises_and_skips_the_rest()
    {
        var report = HeapConformance.RunAll(HeapsUnderTest.ByName[nameof(RegionHeap)]);

        Assert.True(report.Passed, report.ToString());
        var skipped = report.Results.Where(result => result.Outcome == ConformanceOutcome.Skipped).Select(result => (result.Case.Name, result.Detail));
        Assert.Equal(
            [
                ("unmappable", "RegionHeap does not promise Unmappable"), ("shrinker", "RegionHeap does not implement IShrinker"),
                ("options", "RegionHeap takes no options"), ("unload", "RegionHeap has no PluginFile to load"),
            ],
            skipped);
    }

    [Fact]
    public void A_case_about_something_a_heap_does_not_promise_is_not_run_by_mistake()
    {
        var secure = HeapsUnderTest.ByName[nameof(SecureHeap)];
        var each = HeapConformance.Find("zeroed-memory");

        Assert.DoesNotContain(each, HeapConformance.CasesFor(secure));
        var failure = Assert.Throws<InvalidOperationException>(() => HeapConformance.Run(each, secure));
        Assert.Equal("zeroed-memory does not apply: SecureHeap does not promise CpuMappable, ZeroFilled.", failure.Message);
    }

    [Fact]
    public void A_heap_that_the_machine_cannot_have_is_skipped_in_its_own_words()
    {
        var refusal = new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, "no such memory here");
        var report = HeapConformance.RunAll(new HeapUnderTest { Name = "absent", Create = _ => throw refusal, Capabilities = HeapCapabilities.None });

        Assert.All(report.Results, result => Assert.Equal((ConformanceOutcome.Skipped, "no such memory here"), (result.Outcome, result.Detail)));
    }

    [Fact]
    public void A_heap_whose_constructor_fails_is_at_fault()
    {
        var broken = new HeapUnderTest { Name = "broken", Create = _ => throw new InvalidOperationException("oops"), Capabilities = HeapCapabilities.None };

        var failure = Assert.Throws<ConformanceException>(() => HeapConformance.Run(HeapConformance.Cases[0], broken));
        Assert.Contains("oops", failure.Message);
    }

    [Fact]
    public void Every_case_has_a_name_of_its_own_and_a_wrong_heap()
    {
        Assert.Equal(HeapConformance.Cases.Select(each => each.Name).Order(), WrongHeaps.ByCase.Keys.Order());
        Assert.All(HeapConformance.Cases, each => Assert.NotEmpty(each.Checks));
    }
}
