using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

/// <summary>A descriptor of a buffer of a host before, which a service manager kept over its end (<c>FDSTORE=1</c>, see sd_notify(3)) and passes to this one. Immutable.</summary>
/// <param name="Descriptor">The descriptor; the host looks at it when it starts, and closes it then, whatever it is.</param>
/// <param name="UserId">Whose the buffer is: who is charged for it.</param>
/// <param name="Name">What it was stored as, for the log.</param>
public sealed record StoredBuffer(SafeFileHandle Descriptor, uint UserId, string Name);
