namespace DmaHeap.KernelAbi.Answers;

/// <summary>Cause codes of refusals made here, before or after the backend was asked.</summary>
internal static class RefusalCause
{
    /// <summary>EINVAL or ENOTTY: nothing of that number is served.</summary>
    public const string UnknownIoctl = "unknown-ioctl";

    /// <summary>EFAULT.</summary>
    public const string BadAddress = "bad-address";

    /// <summary>EINVAL.</summary>
    public const string BadRequest = "bad-request";

    /// <summary>EINVAL.</summary>
    public const string BadFlags = "bad-flags";

    /// <summary>EINVAL.</summary>
    public const string BadLength = "bad-length";

    /// <summary>EINVAL.</summary>
    public const string BadName = "bad-name";

    /// <summary>EMFILE.</summary>
    public const string ProgramDescriptors = "program-descriptors";

    /// <summary>ENOTTY.</summary>
    public const string NoSyncFiles = "no-sync-files";

    /// <summary>ENOTTY of /dev/udmabuf for what no descriptor can stand for; EINVAL of a node and ENOTTY of a buffer, as the kernel's are.</summary>
    public const string NoUdmabuf = "no-udmabuf";

    /// <summary>EIO.</summary>
    public const string BackendFault = "backend-fault";
}
