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
    var step = Math.Max(1, (double)mutants.Count / sample);
    var (killed, survived) = (0, 0);
    for (var next = 0d; next < mutants.Count; next += step)
    {
        var mutant = mutants[(int)next];
        if (build.Emit(mutant) is not { } assembly)
            continue;
        if (await FirstFailureAsync(target, assembly) is not null)
        {
            killed++;
            continue;
        }

        survived++;
        Console.WriteLine($"survived  {Path.GetFileName(mutant.Tree.FilePath)}:{mutant.Line}  {mutant.Text}");
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
