using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Configuration;

/// <summary>Works out from an options class which kinds of values it takes. Collects everything that is wrong with the class itself: that is for its author to mend.</summary>
internal sealed class OptionTypeBuilder
{
    private const string Allowed = "bool, int, long, string, an enum, ByteSize, TimeSpan, an array of these, or a class of such options";

    private readonly List<string> _faults = [];
    private readonly Stack<Type> _within = [];

    /// <summary>What is wrong with the class; empty when it can be used.</summary>
    internal IReadOnlyList<string> Faults => _faults;

    /// <summary>True for descriptions that only check: no class of options is created, and so none of the plugin's code runs.</summary>
    internal bool RunsNothing { get; init; }

    internal OptionClass Describe(Type type)
    {
        if (!type.IsClass || type.IsAbstract || type.GetConstructor(Type.EmptyTypes) is null)
        {
            _faults.Add($"{type.FullName} is no class that can be created without arguments");
            return new OptionClass(type, []);
        }

        _within.Push(type);
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0)
            .Select(DescribeProperty)
            .OfType<OptionProperty>()
            .ToList();
        _within.Pop();
        foreach (var twice in properties.GroupBy(p => p.Key).Where(g => g.Count() > 1)) _faults.Add($"{type.FullName} has two properties for the key \"{twice.Key}\"");
        return new OptionClass(type, properties) { RunsNothing = RunsNothing };
    }

    private OptionProperty? DescribeProperty(PropertyInfo property)
    {
        if (property.GetCustomAttribute<OptionAttribute>() is not { } option) return Fault(property, "has no [Option]");
        var before = _faults.Count;
        if (TypeOf(property.PropertyType, property, option) is not { } type) return null;
        if (_faults.Count != before) return null;

        var isRequired = property.IsDefined(typeof(RequiredMemberAttribute), inherit: false);
        if (isRequired && option.Default is not null) return Fault(property, "is required and has a Default; it can be only one of them");
        var described = new OptionProperty(property, option, type, isRequired);
        if (!described.HasDefault) return described;
        return described.Default is { } node && type.TryRead(node, new ConfigurationErrors(), out _)
            ? described
            : Fault(property, $"has the Default {JsonPath.Quote(option.Default!)}, which it could not be set to");
    }

    private OptionType? TypeOf(Type type, PropertyInfo property, OptionAttribute option)
    {
        if (type.IsArray && type.GetArrayRank() == 1 && !type.GetElementType()!.IsArray) return ArrayOf(type.GetElementType()!, property, option);
        return ValueOf(Nullable.GetUnderlyingType(type) ?? type, property, option);
    }

    private ArrayOption? ArrayOf(Type itemType, PropertyInfo property, OptionAttribute option) =>
        ValueOf(itemType, property, option) is { } item ? new ArrayOption(itemType, item) : null;

    private OptionType? ValueOf(Type type, PropertyInfo property, OptionAttribute option)
    {
        if (type == typeof(int)) return new IntegerOption(isLong: false, BoundsOf<long>(property, option, TryParseInt, Text));
        if (type == typeof(long)) return new IntegerOption(isLong: true, BoundsOf<long>(property, option, TryParseLong, Text));
        if (type == typeof(ByteSize)) return new SizeOption(BoundsOf<ByteSize>(property, option, SizeOption.TryParse, size => size.ToString()));
        if (type == typeof(TimeSpan)) return new TimeOption(BoundsOf<TimeSpan>(property, option, TimeText.TryParse, TimeText.Format));
        if (option.Minimum is not null || option.Maximum is not null) return Fault<OptionType>(property, "has bounds, which only numbers, sizes and times can have");

        if (type == typeof(bool)) return new BooleanOption();
        if (type == typeof(string)) return new TextOption(property.GetCustomAttribute<TextRuleAttribute>());
        if (type == typeof(JsonTreeNode)) return new RawOption();
        if (type == typeof(ExpectedPlugin)) return new HashOption();
        if (type.IsEnum) return EnumOption.Of(type, _faults);
        if (type.IsSubclassOf(typeof(SectionMap))) return MapOf(type, property);
        return NestedOf(type, property);
    }

    private OptionType? NestedOf(Type type, PropertyInfo property)
    {
        // Any class of a library would do otherwise, with no keys at all.
        if (!type.IsClass || !type.GetProperties().Any(p => p.IsDefined(typeof(OptionAttribute))))
        {
            return Fault<OptionType>(property, $"is of type {type.FullName}; options can be {Allowed}");
        }

        if (_within.Contains(type)) return Fault<OptionType>(property, $"is of type {type.FullName}, which contains itself");
        return Describe(type);
    }

    private MapOption MapOf(Type type, PropertyInfo property) =>
        new(type, Describe(type.GetGenericArguments()[0]), property.GetCustomAttribute<TextRuleAttribute>()!);

    private Bounds<T> BoundsOf<T>(PropertyInfo property, OptionAttribute option, TryParse<T> tryParse, Func<T, string> toText)
        where T : struct, IComparable<T>
    {
        var bounds = new Bounds<T>(Bound(option.Minimum), Bound(option.Maximum), toText);
        if (bounds.Minimum is { } min && bounds.Maximum is { } max && min.CompareTo(max) > 0) Fault(property, "has a Minimum above its Maximum");
        return bounds;

        T? Bound(string? text)
        {
            if (text is null) return null;
            if (tryParse(text, out var value)) return value;
            Fault(property, $"has the bound {JsonPath.Quote(text)}, which is no value it could have");
            return null;
        }
    }

    private OptionProperty? Fault(PropertyInfo property, string fault) => Fault<OptionProperty>(property, fault);

    private T? Fault<T>(PropertyInfo property, string fault)
        where T : class
    {
        _faults.Add($"{property.DeclaringType?.FullName}.{property.Name} {fault}");
        return null;
    }

    private static bool TryParseLong(string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static bool TryParseInt(string text, out long value) => TryParseLong(text, out value) && value == (int)value;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private delegate bool TryParse<T>(string text, out T value);
}
