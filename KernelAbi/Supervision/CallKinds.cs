using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>The calls that a supervisor hears of. Those with a directory take a descriptor before the path.</summary>
internal enum CallKind
{
    Unknown,
    Ioctl,
    ListDirectory,
    Open,
    OpenAt,
    OpenAt2,
    Stat,
    LStat,
    StatAt,
    Statx,
    Access,
    AccessAt,
    AccessAt2,
    ReadLink,
    ReadLinkAt,
    Attributes,
    LSeek,
    Read,
    Write,
    FTruncate,
    FAllocate,
    MMap,
    FStat,
    EpollCtl,
    LongLSeek,
}

/// <summary>Which calls a program's filter tells of, and what each number means.</summary>
internal sealed class CallKinds
{
    private readonly Dictionary<(AuditArchitecture, int), CallKind> _kinds = [];
    private readonly List<NotifyRule> _rules = [];

    /// <param name="listings">Whether readings of directories are told of.</param>
    /// <param name="paths">Whether calls that open, stat, test or read a path are.</param>
    /// <param name="strict">Whether calls are that a memfd answers otherwise than a dma-buf.</param>
    public CallKinds(bool listings, bool paths, bool strict)
    {
        foreach (var numbers in SyscallNumbers.OfThisMachine)
        {
            Add(numbers, numbers.Ioctl, CallKind.Ioctl);
            if (listings) Add(numbers, numbers.GetDents64, CallKind.ListDirectory);
            if (paths) AddPaths(numbers);
            if (strict) AddStrict(numbers);
        }
    }

    public IReadOnlyList<NotifyRule> Rules => _rules;

    public CallKind Of(in SeccompNotification call) => _kinds.GetValueOrDefault((call.Architecture, call.Number));

    private void AddPaths(SyscallNumbers numbers)
    {
        Add(numbers, numbers.Open, CallKind.Open);
        Add(numbers, numbers.OpenAt, CallKind.OpenAt);
        Add(numbers, numbers.OpenAt2, CallKind.OpenAt2);
        Add(numbers, numbers.Stat, CallKind.Stat);
        Add(numbers, numbers.Stat64, CallKind.Stat);
        Add(numbers, numbers.LStat, CallKind.LStat);
        Add(numbers, numbers.LStat64, CallKind.LStat);
        Add(numbers, numbers.FStatAt, CallKind.StatAt);
        Add(numbers, numbers.Statx, CallKind.Statx);
        Add(numbers, numbers.Access, CallKind.Access);
        Add(numbers, numbers.FAccessAt, CallKind.AccessAt);
        Add(numbers, numbers.FAccessAt2, CallKind.AccessAt2);
        Add(numbers, numbers.ReadLink, CallKind.ReadLink);
        Add(numbers, numbers.ReadLinkAt, CallKind.ReadLinkAt);
        foreach (var first in (ReadOnlySpan<int>)[numbers.GetXAttr, numbers.ListXAttr])
        {
            Add(numbers, first, CallKind.Attributes);
            Add(numbers, first + 1, CallKind.Attributes); // the form that does not follow links
        }
    }

    private void AddStrict(SyscallNumbers numbers)
    {
        Add(numbers, numbers.LSeek, CallKind.LSeek);
        Add(numbers, numbers.Read, CallKind.Read);
        Add(numbers, numbers.Write, CallKind.Write);
        Add(numbers, numbers.FTruncate, CallKind.FTruncate);
        Add(numbers, numbers.FAllocate, CallKind.FAllocate);
        Add(numbers, numbers.MMap, CallKind.MMap);
        Add(numbers, numbers.LongLSeek, CallKind.LongLSeek);
        Add(numbers, numbers.ShortFTruncate, CallKind.FTruncate);
        Add(numbers, numbers.FStat64, CallKind.FStat);
        Add(numbers, numbers.EpollCtl, CallKind.EpollCtl);
        Add(numbers, numbers.FStat, CallKind.FStat);
        Add(numbers, numbers.FStatAt, CallKind.StatAt);
        Add(numbers, numbers.Statx, CallKind.Statx);
    }

    private void Add(SyscallNumbers numbers, int number, CallKind kind)
    {
        if (number == SyscallNumbers.None || !_kinds.TryAdd((numbers.Architecture, number), kind)) return;
        _rules.Add(new NotifyRule(numbers.Architecture, number, kind == CallKind.Ioctl));
    }
}
