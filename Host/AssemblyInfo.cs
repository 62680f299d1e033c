using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("DmaHeap.Testing")]
[assembly: InternalsVisibleTo("DmaHeap.Tests")]
