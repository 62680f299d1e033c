namespace DmaHeap.Testing.Conformance;

/// <summary>What a case saw and should not have; becomes a <see cref="ConformanceException"/> with the case's and the heap's names.</summary>
internal sealed class CaseFailure(string seen, Exception? innerException = null) : Exception(seen, innerException);
