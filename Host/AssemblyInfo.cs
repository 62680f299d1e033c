using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

[assembly: InternalsVisibleTo("DmaHeap.Testing")]
[assembly: InternalsVisibleTo("DmaHeap.Tests")]
[assembly: SupportedOSPlatform("linux")]
