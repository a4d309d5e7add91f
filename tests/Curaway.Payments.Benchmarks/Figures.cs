using System.Globalization;

namespace Curaway.Payments.Benchmarks;

/// <summary>One figure, and what it has to be.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="Unit">Its unit; <c>x</c> for a ratio.</param>
/// <param name="Target">What it has to reach; null when nothing was promised.</param>
/// <param name="Aim">What it should reach.</param>
/// <param name="IsLessBetter">True where the smaller figure is the better one.</param>
/// <param name="Note">What it was made of.</param>
internal sealed record Figure(string Name, double Value, string Unit, double? Target, double? Aim, bool IsLessBetter, string Note)
{
    public bool? IsReached => Target is not { } target ? null : IsLessBetter ? Value <= target : Value >= target;
}

/// <summary>The table that a run prints.</summary>
internal sealed class Figures
{
    private readonly List<Figure> _figures = [];

    public void AtLeast(string name, double value, string unit, double target, double aim, string note = "") =>
        Add(new Figure(name, value, unit, target, aim, IsLessBetter: false, note));

    public void AtMost(string name, double value, string unit, double target, double aim, string note = "") =>
        Add(new Figure(name, value, unit, target, aim, IsLessBetter: true, note));

    public void Only(string name, double value, string unit, string note = "") => Add(new Figure(name, value, unit, null, null, false, note));

    /// <summary>1 when a target that was measured is not reached.</summary>
    public int ExitCode => _figures.Any(figure => figure.IsReached == false) ? 1 : 0;

    public void Print()
    {
        Console.WriteLine();
        Console.WriteLine("| figure | measured | reach at least | aim | reached | made of |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var figure in _figures)
        {
            var reached = figure.IsReached switch { true => "yes", false => "no", null => "" };
            Console.WriteLine(
                $"| {figure.Name} | {Text(figure.Value)} {figure.Unit} | {Text(figure.Target)} | {Text(figure.Aim)} | {reached} | {figure.Note} |");
        }
    }

    private void Add(Figure figure)
    {
        _figures.Add(figure);
        Console.WriteLine($"  {figure.Name}: {Text(figure.Value)} {figure.Unit}  {figure.Note}");
    }

    private static string Text(double? value) => value switch
    {
        null => "",
        { } number when Math.Abs(number) >= 100 => number.ToString("N0", CultureInfo.InvariantCulture),
        { } number => number.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
