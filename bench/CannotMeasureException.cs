namespace DmaHeap.Bench;

/// <summary>This machine lacks what a measurement takes, which is nobody's fault: it is left out, with the reason.</summary>
sealed class CannotMeasureException(string why) : Exception(why);
