namespace DmaHeap.Testing.Conformance;

/// <summary>A case found, once the heap was there, that it is not about this one.</summary>
internal sealed class CaseDoesNotApply(string why) : Exception(why);
