namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>Files of the checkout the tests run from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path])).ReplaceLineEndings("\n");

    /// <summary>The text a document must have; with CURAWAY_UPDATE_DOCS=1 it is written instead of compared.</summary>
    public static void AssertDocument(string expected, params string[] path)
    {
        if (Environment.GetEnvironmentVariable("CURAWAY_UPDATE_DOCS") == "1")
            File.WriteAllText(Path.Combine([Root, .. path]), expected);
        Assert.Equal(expected, Read(path));
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Curaway.Payments.Sdk.sln")))
            directory = directory.Parent;
        return directory.FullName;
    }
}
