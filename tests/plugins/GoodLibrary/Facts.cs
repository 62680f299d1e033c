namespace GoodLibrary;

public static class Facts
{
    public static string Version => typeof(Facts).Assembly.GetName().Version!.ToString();

    public static string Location => typeof(Facts).Assembly.Location;
}
