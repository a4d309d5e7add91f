using Xunit;

namespace Curaway.Payments.Tests.Model;

/// <summary>The money invariants over every state that two hosts, a lossy wire, a forgetful provider and time can reach.</summary>
[Trait("Promise", "P01")]
public sealed class MoneySafetyModelTests(ITestOutputHelper output)
{
    /// <summary>Far above what a scene has; a change that makes one endless shall not take the machine with it.</summary>
    private const int StateCountMax = 1_000_000;

    private static readonly string[] Settle = [Engine.End, Engine.Cancel];
    private static readonly string[] Everything = [Engine.End, Engine.Cancel, Engine.RefundHalf, Engine.RefundAll];

    private static readonly string[] Captured =
    [
        "a user books", "a request leaves", "the Authorize executes", "transaction 2",
        "end", "a request leaves", "the Capture executes", "transaction 2",
    ];

    private static readonly Dictionary<string, Scene> Scenes = new Scene[]
    {
        new("book with a saved method", true, true, [], 1, 2, 1, 2),
        new("book at checkout", true, false, [], 1, 2, 1, 2),
        new("book without a void", false, false, [], 1, 2, 1, 2),
        new("book with a saved method, two hosts", true, true, [], 1, 2, 2, 1) { IsLong = false },
        new("book at checkout, two hosts", true, false, [], 1, 2, 2, 1) { IsLong = false },
        new("book without a void, two hosts", false, false, [], 1, 2, 2, 1) { IsLong = false },
        new("book again with a saved method", true, true, [], 2, 2, 1, 1) { IsLong = false },
        new("end against cancel", true, true, Settle, 1, 2, 1, 2),
        new("end against cancel without a void", false, false, Settle, 1, 2, 1, 2),
        new("end against cancel, two hosts", true, true, Settle, 1, 2, 2, 1) { IsLong = false },
        new("refunds", true, true, Everything, 1, 3, 1, 2) { Prologue = Captured },
        new("refunds, two hosts", true, true, Everything, 1, 3, 2, 1) { Prologue = Captured, IsLong = false },
    }.ToDictionary(scene => scene.Name);

    /// <summary>How many states and moves each scene has: a change of the rules or of the model changes them on purpose.</summary>
    public static TheoryData<string, int, long> Counts { get; } = new()
    {
        { "book with a saved method", 29_618, 183_568 },
        { "book at checkout", 81_133, 495_890 },
        { "book without a void", 24_339, 104_114 },
        { "book with a saved method, two hosts", 94_358, 667_983 },
        { "book at checkout, two hosts", 413_347, 2_859_105 },
        { "book without a void, two hosts", 142_603, 814_482 },
        { "book again with a saved method", 266_843, 1_583_145 },
        { "end against cancel", 52_774, 328_720 },
        { "end against cancel without a void", 139_516, 680_143 },
        { "end against cancel, two hosts", 158_493, 1_103_060 },
        { "refunds", 71_828, 446_906 },
        { "refunds, two hosts", 202_219, 1_498_036 },
    };

    [Theory]
    [MemberData(nameof(Counts))]
    public void Every_reachable_state_keeps_the_invariants_and_calms_down(string name, int stateCount, long moveCount)
    {
        var found = new Explorer(new MoneyModel(Scenes[name]), StateCountMax).Run();
        output.WriteLine(found.Story ?? $"{name}: {found.StateCount} states, {found.MoveCount} moves, at most {found.CalmStepCountMax} steps of calm.");
        Assert.Null(found.Breach);
        Assert.Equal((stateCount, moveCount), (found.StateCount, found.MoveCount));
    }

    [Theory]
    [InlineData(PlantedFault.RowAfterTheAnswer, "book again with a saved method")]
    [InlineData(PlantedFault.FreshKeyPerRetry, "book with a saved method, two hosts")]
    [InlineData(PlantedFault.NotFoundIsFailed, "book again with a saved method")]
    [InlineData(PlantedFault.TimeoutIsFailed, "book again with a saved method")]
    [InlineData(PlantedFault.BreakerOpenAfterATimeoutIsNotSent, "book again with a saved method")]
    [InlineData(PlantedFault.NoSweeper, "book with a saved method, two hosts")]
    [InlineData(PlantedFault.BlindOverwrite, "end against cancel, two hosts")]
    [InlineData(PlantedFault.ReplayAfterTheKeyLifetime, "book with a saved method, two hosts")]
    [InlineData(PlantedFault.FailoverOnUnknown, "book again with a saved method")]
    [InlineData(PlantedFault.RefundWithoutLock, "refunds, two hosts")]
    [InlineData(PlantedFault.RefundEchoAdded, "refunds, two hosts")]
    [InlineData(PlantedFault.ReleaseWithoutClosing, "book with a saved method, two hosts")]
    [InlineData(PlantedFault.BookingIgnoresClosing, "book with a saved method, two hosts")]
    [InlineData(PlantedFault.SessionRowOnUnknown, "book with a saved method")]
    [InlineData(PlantedFault.VoidBesideCapture, "end against cancel, two hosts")]
    [InlineData(PlantedFault.TwoSchedulesWithoutAKey, "book again with a saved method")]
    public void Every_planted_fault_is_found_and_told_in_the_fewest_steps(PlantedFault fault, string name)
    {
        var scene = Scenes[name] with { HostCount = 2, WireCountMax = 2, OperationCountMax = Math.Max(3, Scenes[name].OperationCountMax), IsLong = true };
        var found = new Explorer(new MoneyModel(scene, fault), StateCountMax).Run();
        output.WriteLine($"{fault}: {found.Breach}");
        TestContext.Current.AddAttachment($"{fault}.txt", found.Story ?? "");
        Assert.NotNull(found.Breach);

        // It is the fault that breaks it: without it, all that was looked at before the breach was found keeps the invariants.
        Assert.Null(new Explorer(new MoneyModel(scene), found.StateCount).Run().Breach);
    }
}
