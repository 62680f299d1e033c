namespace DmaHeap.Hosting.Configuration;

/// <summary>Reads a file into a tree; all that can go wrong with a file is an error like any other.</summary>
internal static class JsonFile
{
    /// <summary>The root of the tree; null, with the reason among the errors, when there is none.</summary>
    internal static JsonTreeNode? Read(string path, ConfigurationErrors errors)
    {
        byte[] bytes;
        try
        {
            bytes = ReadBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add(new SourceLocation(path, 0, 0), "", $"cannot be read: {JsonPath.Clip(e.Message, longest: 300)}");
            return null;
        }

        return Parse(path, bytes, errors);
    }

    /// <summary>The root of the tree of a text; null, with the reason among the errors, when there is none.</summary>
    internal static JsonTreeNode? Parse(string fileName, ReadOnlyMemory<byte> bytes, ConfigurationErrors errors)
    {
        if (bytes.Length <= ConfigurationReader.LargestFile) return JsonTree.Parse(new SourceText(fileName, bytes), errors);
        errors.Add(new SourceLocation(fileName, 1, 1), "", $"is larger than {new ByteSize(ConfigurationReader.LargestFile).ToText()}, the most a configuration may have");
        return null;
    }

    /// <summary>A file's bytes; of one that is too large, just enough to tell.</summary>
    private static byte[] ReadBytes(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[ConfigurationReader.LargestFile + 1];
        return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
