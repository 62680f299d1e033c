namespace DmaHeap.Linux;

/// <summary>How to send or receive one message.</summary>
[Flags]
public enum MessageFlags
{
    /// <summary>Wait, unless the description itself is non-blocking.</summary>
    None = 0,

    /// <summary>MSG_DONTWAIT: answer EAGAIN instead of waiting.</summary>
    DontWait = 0x40,
}
