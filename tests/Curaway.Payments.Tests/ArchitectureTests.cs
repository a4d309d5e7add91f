using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Curaway.Payments.Tests;

/// <summary>Who may know whom, read from the project files and from the compiled assemblies.</summary>
public sealed partial class ArchitectureTests
{
    private const string Root = "Curaway.Payments";
    private const string Abstractions = Root + ".Abstractions";
    private const int FileLinesMax = 250;

    private static readonly string Source = Path.Combine(RepositoryRoot(), "src");

    private static readonly Dictionary<string, XDocument> Projects = Directory.GetDirectories(Source)
        .SelectMany(directory => Directory.GetFiles(directory, "*.csproj"))
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => XDocument.Load(path));

    private static readonly Dictionary<string, Assembly> Assemblies = Projects.Keys
        .ToDictionary(name => name, name => Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, name + ".dll")));

    [Fact]
    public void Every_project_of_the_house_is_looked_at() => Assert.Superset(
        new HashSet<string>
        {
            Root, Abstractions, Root + ".Routing", Root + ".Stripe", Root + ".Razorpay", Root + ".Webhooks", Root + ".Persistence.Sqlite",
            Root + ".Simulators", Root + ".Cli",
        },
        Projects.Keys.ToHashSet());

    [Fact]
    public void Projects_reference_only_the_abstractions()
    {
        foreach (var (name, project) in Projects.Where(project => project.Key != Root + ".Cli"))
        {
            string[] allowed = name is Abstractions or Root + ".Simulators" ? [] : [Abstractions];
            var references = Included(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));
            Assert.True(references.All(allowed.Contains), $"{name} references {string.Join(", ", references)}");
        }
    }

    [Fact]
    public void Assemblies_reference_only_the_abstractions()
    {
        foreach (var (name, assembly) in Assemblies.Where(assembly => assembly.Key != Root + ".Cli"))
        {
            string[] allowed = name is Abstractions or Root + ".Simulators" ? [] : [Abstractions];
            var references = References(assembly).Where(reference => reference.StartsWith(Root, StringComparison.Ordinal));
            Assert.True(references.All(allowed.Contains), $"{name} references {string.Join(", ", references)}");
        }
    }

    [Fact]
    public void ASP_NET_is_in_the_webhooks_and_the_simulators_only()
    {
        string[] allowed = [Root + ".Webhooks", Root + ".Simulators"];

        Assert.Equal(allowed.Order(), Where(project => Included(project, "FrameworkReference").Contains("Microsoft.AspNetCore.App")));
        Assert.All(Assemblies.Where(assembly => !allowed.Contains(assembly.Key)), assembly =>
            Assert.DoesNotContain(References(assembly.Value), reference => reference.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)));
        Assert.DoesNotContain(Projects.Values, project => (string?)project.Root!.Attribute("Sdk") == "Microsoft.NET.Sdk.Web");
    }

    [Theory]
    [InlineData("Npgsql", ".Persistence.Postgres")]
    [InlineData("Microsoft.Data.Sqlite", ".Persistence.Sqlite")]
    [InlineData("Stripe.net", ".Stripe")]
    [InlineData("Polly.Core", "")]
    public void A_package_stays_in_its_room(string package, string room)
    {
        var users = Where(project => Included(project, "PackageReference").Any(name => name.StartsWith(package, StringComparison.OrdinalIgnoreCase)));

        Assert.True(users.All(user => user == Root + room), $"{package} is used by {string.Join(", ", users)}");
        Assert.True(users.Count > 0 || !Projects.ContainsKey(Root + room), $"{package} is used by nobody");
    }

    [Fact]
    public void The_abstractions_depend_on_two_packages_only() => Assert.Equal(
        ["Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Options"],
        Included(Projects[Abstractions], "PackageReference").Order());

    [Fact]
    public void No_type_of_Stripe_net_stands_in_a_public_signature()
    {
        var offenders = Assemblies.Values.SelectMany(assembly => assembly.GetExportedTypes())
            .SelectMany(type => SignatureTypes(type).Where(used => used.Assembly.GetName().Name == "Stripe.net").Select(used => $"{type} uses {used}"));

        Assert.Empty(offenders);
        Assert.Contains(Assemblies[Root + ".Stripe"].GetTypes().SelectMany(AllSignatureTypes), used => used.Assembly.GetName().Name == "Stripe.net");
    }

    [Fact]
    public void A_provider_does_not_know_the_store()
    {
        foreach (var room in new[] { ".Stripe", ".Razorpay", ".Routing" })
        {
            var types = Assemblies[Root + room].GetTypes().SelectMany(AllSignatureTypes);
            Assert.DoesNotContain(typeof(IChargeStore), types);
        }
    }

    [Fact]
    public void Alerts_reach_the_sinks_through_the_dispatcher_only()
    {
        var users = Assemblies.Values.SelectMany(assembly => assembly.GetTypes())
            .Where(type => !typeof(IAlertSink).IsAssignableFrom(type) && !IsGenerated(type))
            .Where(type => AllSignatureTypes(type).Contains(typeof(IAlertSink)))
            .Select(type => (type.DeclaringType ?? type).Name)
            .Distinct();

        Assert.Equal(["AlertDispatcher"], users);
    }

    [Fact]
    public void Classes_are_sealed_static_or_abstract()
    {
        var open = Assemblies.Values.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false } && !IsGenerated(type))
            .Select(type => type.FullName);

        Assert.Empty(open);
    }

    [Fact]
    public void Public_types_stand_in_the_houses_namespace()
    {
        var strangers = Assemblies.Values.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.Namespace?.StartsWith(Root, StringComparison.Ordinal) != true)
            .Select(type => type.FullName);

        Assert.Empty(strangers);
    }

    [Fact]
    public void Extension_methods_of_builders_stand_in_the_root_namespace()
    {
        var strangers = Assemblies.Values.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.Name.EndsWith("Extensions", StringComparison.Ordinal) && type.Namespace != Root)
            .Select(type => type.FullName);

        Assert.Empty(strangers);
    }

    [Fact]
    public void No_source_file_is_longer_than_a_sitting()
    {
        var long_ = SourceFiles().Select(path => (Path: Path.GetRelativePath(Source, path), Lines: File.ReadLines(path).Count()))
            .Where(file => file.Lines > FileLinesMax)
            .Select(file => $"{file.Path}: {file.Lines} lines");

        Assert.Empty(long_);
    }

    [Fact]
    public void No_amount_is_scaled_by_hand()
    {
        // Exponents live in Currency and CurrencyRules; a literal factor elsewhere is a wrong amount in yen or dinar. The
        // simulators reckon their fee in per cent.
        var offenders = SourceFiles()
            .Where(path => !path.Contains("Curaway.Payments.Simulators", StringComparison.Ordinal))
            .SelectMany(path => File.ReadLines(path).Select(line => $"{Path.GetRelativePath(Source, path)}: {line.Trim()}"))
            .Where(line => ScaledByHand().IsMatch(line));

        Assert.Empty(offenders);
        Assert.Matches(ScaledByHand(), "var cents = price * 100;");
        Assert.Matches(ScaledByHand(), "return 100L * amount;");
        Assert.Matches(ScaledByHand(), "(long)(amount / 1_000m)");
    }

    [Fact]
    public void No_source_file_holds_unfinished_work()
    {
        string[] marks = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "NotImplemented" + "Exception", "ConfigureAwait(tr" + "ue)"];
        var offenders = SourceFiles().Where(path => marks.Any(File.ReadAllText(path).Contains)).Select(path => Path.GetRelativePath(Source, path));

        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"[*/%]\s*\(?\s*(1_?0{2,3})[mMdDfFlL]?\b|\b(1_?0{2,3})[mMdDfFlL]?\s*\*")]
    private static partial Regex ScaledByHand();

    private static List<string> Where(Func<XDocument, bool> predicate) =>
        [.. Projects.Where(project => predicate(project.Value)).Select(project => project.Key).Order()];

    private static IEnumerable<string> Included(XDocument project, string element) =>
        project.Descendants(element).Select(reference => (string)reference.Attribute("Include")!);

    private static List<string> References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(reference => reference.Name!)];

    private static bool IsGenerated(Type type) =>
        type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false) || type.Name.Contains('<') || (type.DeclaringType is { } outer && IsGenerated(outer))
        || type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), inherit: false)
        || typeof(System.Text.Json.Serialization.JsonSerializerContext).IsAssignableFrom(type);

    private static IEnumerable<Type> SignatureTypes(Type type) =>
        SignatureTypes(type, BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly);

    private static IEnumerable<Type> AllSignatureTypes(Type type) => SignatureTypes(
        type, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly);

    private static IEnumerable<Type> SignatureTypes(Type type, BindingFlags flags)
    {
        IEnumerable<Type?> used =
        [
            type.BaseType,
            .. type.GetInterfaces(),
            .. type.GetFields(flags).Select(field => field.FieldType),
            .. type.GetProperties(flags).Select(property => property.PropertyType),
            .. type.GetConstructors(flags).SelectMany(constructor => constructor.GetParameters()).Select(parameter => parameter.ParameterType),
            .. type.GetMethods(flags).SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)),
        ];
        return used.OfType<Type>().SelectMany(Parts).Distinct();
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.GetElementType() is { } element)
            return Parts(element);
        return type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition()) : [type];
    }

    private static IEnumerable<string> SourceFiles()
    {
        var separator = Path.DirectorySeparatorChar;
        return Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories).Where(path =>
            !path.Contains($"{separator}obj{separator}", StringComparison.Ordinal) && !path.Contains($"{separator}bin{separator}", StringComparison.Ordinal));
    }

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Directory.Packages.props")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The repository's root was not found.");
    }
}
