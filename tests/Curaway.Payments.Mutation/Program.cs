using System.Diagnostics;
using Curaway.Payments.Mutation;

// dotnet run --project tests/Curaway.Payments.Mutation -- [--sample N] [names]: mutates the named files, all when none is named.
var sample = Array.IndexOf(args, "--sample") is >= 0 and var at ? int.Parse(args[at + 1], null) : int.MaxValue;
var names = args.Where(arg => Target.All.Any(target => target.Name == arg)).ToList();
var root = new DirectoryInfo(AppContext.BaseDirectory);
while (!File.Exists(Path.Combine(root!.FullName, "Directory.Packages.props")))
    root = root.Parent;

foreach (var target in Target.All.Where(target => names.Count == 0 || names.Contains(target.Name)))
{
    var watch = Stopwatch.StartNew();
    var build = Build.Of(root.FullName, target.Project);
    if (await FirstFailureAsync(target, build.Emit(null)!) is { } broken)
        throw new InvalidOperationException($"{target.Name}: {broken} fails without any change.");

    var mutants = build.TreesOf(target.Files).SelectMany(Mutations.Of).ToList();
    var (killed, survived) = (0, 0);
    // Spread over all of it, so that a run that is stopped has seen a fair part: the golden ratio never comes near where it was.
    var order = Enumerable.Range(0, mutants.Count).OrderBy(place => place * 0.6180339887498949 % 1).Take(sample).ToList();
    foreach (var mutant in order.Select(place => mutants[place]))
    {
        if (build.Emit(mutant) is not { } assembly)
            continue;
        if (await FirstFailureAsync(target, assembly) is not null)
        {
            if (++killed % 10 == 0)
                Console.WriteLine($"{killed} of {killed + survived} killed");
            continue;
        }

        survived++;
        Console.WriteLine($"survived after {killed} killed  {Path.GetFileName(mutant.Tree.FilePath)}:{mutant.Line}  {mutant.Text}");
    }

    var score = killed + survived == 0 ? 0 : 100.0 * killed / (killed + survived);
    Console.WriteLine($"{target.Name}: {score:F1} % ({killed} of {killed + survived} killed, {mutants.Count} places, {watch.Elapsed.TotalSeconds:F0} s)");
}

static async Task<string?> FirstFailureAsync(Target target, byte[] assembly)
{
    var run = new TestRun(target.Project, assembly);
    try
    {
        return await run.FirstFailureAsync(target);
    }
    finally
    {
        run.Unload();
    }
}
