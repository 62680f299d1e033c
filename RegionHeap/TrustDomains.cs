namespace DmaHeap.Heaps;

/// <summary>The rules of a region's importers, and which trust domain each stands for. Immutable.</summary>
internal sealed class TrustDomains
{
    /// <summary>No domain yet: a buffer that nobody mapped, or a page that nobody ever did.</summary>
    public const int None = 0;

    private readonly RegionImporterRule[] _rules;
    private readonly string[] _names;

    public TrustDomains(RegionImporterRule[] rules)
    {
        _rules = rules;
        _names = [.. rules.Select(rule => rule.Domain).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>How many there are; they count from 1.</summary>
    public int Count => _names.Length;

    public string NameOf(int domain) => _names[domain - 1];

    /// <summary>
    /// The domain a buffer is for from its allocation on: the only one there is, or that of the client by its user or groups. None where only its first importer will tell.
    /// </summary>
    public int OfClient(Caller client)
    {
        if (Count == 1) return 1;
        var rule = Array.Find(_rules, rule => rule.Grants(client));
        return rule is null ? None : NumberOf(rule);
    }

    /// <summary>The domain by which an importer may map a buffer: the buffer's own where it has one.</summary>
    /// <param name="attachment">The importer.</param>
    /// <param name="own">The buffer's domain, or none.</param>
    /// <param name="why">Why there is none, when there is none.</param>
    public int OfImporter(BufferAttachment attachment, int own, out string why)
    {
        why = "";
        var allowing = Array.FindAll(_rules, rule => rule.Allows(attachment));
        if (allowing.Length == 0)
        {
            why = ImporterRule.WhyDenied(_rules, attachment)!;
            return None;
        }

        if (own == None) return NumberOf(allowing[0]);
        if (Array.Exists(allowing, rule => NumberOf(rule) == own)) return own;
        why = $"it is trusted in domain {allowing[0].Domain}, and the buffer belongs to domain {NameOf(own)}";
        return None;
    }

    private int NumberOf(RegionImporterRule rule) => Array.IndexOf(_names, rule.Domain) + 1;
}
