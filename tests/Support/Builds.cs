namespace DmaHeap.Tests.Support;

/// <summary>Finds what the build made of other projects, beside the tests' own output.</summary>
static class Builds
{
    /// <summary>The output folder of a project, in the configuration the tests were built in.</summary>
    public static string Folder(string project)
    {
        string own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string folder = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(own)!)!, project, Path.GetFileName(own));
        Assert.True(Directory.Exists(folder), $"{project} has not been built: there is no {folder}");
        return folder;
    }

    public static string File(string project, string assembly) => Path.Combine(Folder(project), assembly + ".dll");

    public static string Plugin(string name) => File(name, name);
}
