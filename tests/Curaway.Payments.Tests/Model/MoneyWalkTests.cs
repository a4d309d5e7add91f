using System.Globalization;
using System.Text;
using CsCheck;
using Xunit;

namespace Curaway.Payments.Tests.Model;

/// <summary>
/// Random walks through scenes that are too large to be visited whole: everything at once, two charges, more operations, more
/// requests on the wire. A walk is a list of choices, so a failing one shrinks to its shortest story. <c>CURAWAY_MODEL_WALKS</c>
/// says how many (500 of each scene when unset).
/// </summary>
[Trait("Promise", "P01")]
public sealed class MoneyWalkTests(ITestOutputHelper output)
{
    private const int WalkCount = 500;
    private const int StepCountMax = 120;

    private static readonly string[] Everything = [Engine.End, Engine.Cancel, Engine.RefundHalf, Engine.RefundAll];

    private static readonly Dictionary<string, Scene> Scenes = new Scene[]
    {
        new("everything with a saved method", true, true, Everything, 2, 6, 2, 3),
        new("everything at checkout", true, false, Everything, 2, 6, 2, 3),
        new("everything without a void", false, false, Everything, 2, 6, 2, 3),
    }.ToDictionary(scene => scene.Name);

    private static readonly Gen<int[]> Walks = Gen.Int[0, 9999].Array[1, StepCountMax];

    public static TheoryData<string> Names { get; } = [.. Scenes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_walk_keeps_the_invariants_and_calms_down(string name)
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("CURAWAY_MODEL_WALKS"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : WalkCount;
        long steps = 0;
        Walks.Sample(
            choices =>
            {
                var walk = Take(Scenes[name], PlantedFault.None, choices);
                Interlocked.Add(ref steps, walk.StepCount);
                return walk.Breach is null;
            },
            iter: count, print: choices => Take(Scenes[name], PlantedFault.None, choices).ToString());
        output.WriteLine($"{name}: {count} walks, {steps} steps, no breach.");
    }

    [Theory]
    [InlineData(PlantedFault.FreshKeyPerRetry)]
    [InlineData(PlantedFault.TwoSchedulesWithoutAKey)]
    [InlineData(PlantedFault.BookingIgnoresClosing)]
    public void A_planted_fault_is_walked_into_and_its_story_shrinks(PlantedFault fault)
    {
        var scene = Scenes["everything with a saved method"];
        var failure = Assert.Throws<CsCheckException>(() => Walks.Sample(
            choices => Take(scene, fault, choices).Breach is null, iter: 20_000, print: choices => Take(scene, fault, choices).ToString()));
        output.WriteLine(failure.Message);
        TestContext.Current.AddAttachment($"{fault}, walked.txt", failure.Message);
    }

    private static Walk Take(Scene scene, PlantedFault fault, int[] choices)
    {
        var model = new MoneyModel(scene, fault);
        var (world, moves, story) = (model.Start, new List<Move>(), new List<Move>());
        foreach (var choice in choices)
        {
            model.Moves(world, moves);
            if (moves.Count == 0)
                break;
            var move = moves[choice % moves.Count];
            world = move.Next;
            story.Add(move);
            if ((move.Broken ?? Rules.BrokenIn(world)) is { } breach)
                return new Walk(story, breach);
        }

        return new Walk(story, new Explorer(model).BreachAtTheEndOf(world));
    }

    /// <summary>What happened, and what was wrong with it.</summary>
    private sealed record Walk(IReadOnlyList<Move> Story, string? Breach)
    {
        public int StepCount => Story.Count;

        public override string ToString()
        {
            var told = new StringBuilder();
            foreach (var (move, step) in Story.Select((move, index) => (move, index + 1)))
                told.AppendLine(CultureInfo.InvariantCulture, $"{step,3}. {move.What}");
            return told.Append(Breach ?? "nothing is wrong").ToString();
        }
    }
}
