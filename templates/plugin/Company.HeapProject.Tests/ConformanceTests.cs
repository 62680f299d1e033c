using DmaHeap.Testing;
using Xunit;

namespace HeapNamespace.Tests;

/// <summary>What every heap must do, one case a test. A failure says what was seen and what it means.</summary>
public sealed class ConformanceTests
{
    private static readonly HeapUnderTest s_heap = HeapUnderTest.Of(context => new HeapClass(context, new HeapClassOptions()));

    public static TheoryData<string> Cases { get; } = [.. HeapConformance.CasesFor(s_heap).Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void HeapClass_conforms(string name) => HeapConformance.Run(HeapConformance.Find(name), s_heap);
}
