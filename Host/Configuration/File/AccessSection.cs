using System.Globalization;

namespace DmaHeap.Hosting.Configuration;

/// <summary>Who may use a heap, as it is written.</summary>
internal sealed class AccessSection : ICheckedOptions
{
    private const string AccountPattern = @"^([A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|[0-9]{1,10})$";

    // The id above it is -1, which system calls take for "leave as it is".
    private const uint LargestId = uint.MaxValue - 1;

    [Option("Permission bits in octal, as of a device node. Root always may.", Default = "0600")]
    [TextRule("^0?[0-7]{3}$", "permission bits as an octal text such as \"0660\"")]
    public string Mode { get; init; } = "0600";

    [Option("User name or id that owns the heap; the user the host runs as when left out.")]
    [TextRule(AccountPattern, "a user name or id", OrNumber = true)]
    public string? Owner { get; init; }

    [Option("Group name or id of the heap; the group the host runs as when left out.")]
    [TextRule(AccountPattern, "a group name or id", OrNumber = true)]
    public string? Group { get; init; }

    public IEnumerable<OptionError> Check()
    {
        if (IsBeyondIds(Owner)) yield return new(nameof(Owner), $"{Owner} is no user id; the largest is {LargestId}");
        if (IsBeyondIds(Group)) yield return new(nameof(Group), $"{Group} is no group id; the largest is {LargestId}");
    }

    private static bool IsBeyondIds(string? account) => ulong.TryParse(account, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > LargestId;
}
