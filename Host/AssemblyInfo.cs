using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("DmaHeap.Testing")]
[assembly: InternalsVisibleTo("DmaHeap.Worker")]
[assembly: InternalsVisibleTo("DmaHeap.Tests")]
