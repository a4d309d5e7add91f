using Xunit;

namespace Curaway.Payments.Tests;

public sealed class PaymentAlertsTests
{
    private readonly PaymentAlerts _alerts = new();

    [Fact]
    public void Alerts_are_taken_in_the_order_in_which_they_were_raised()
    {
        Assert.True(_alerts.Raise(AlertOf("a")));
        Assert.True(_alerts.Raise(AlertOf("b")));

        Assert.Equal(["a", "b"], TakeWaiting());
        Assert.Equal(0, _alerts.SuppressedCount);
    }

    [Fact]
    public void A_flood_of_one_kind_is_one_alert_and_leaves_room_for_others()
    {
        for (var i = 0; i < 10_000; i++)
            _alerts.Raise(AlertOf("flood"));
        Assert.True(_alerts.Raise(AlertOf("outage")));

        Assert.Equal(9_999, _alerts.SuppressedCount);
        Assert.Equal(["flood", "outage"], TakeWaiting());
    }

    [Fact]
    public void What_was_taken_can_be_raised_again()
    {
        _alerts.Raise(AlertOf("a"));
        TakeWaiting();

        Assert.True(_alerts.Raise(AlertOf("a")));
    }

    [Fact]
    public void Without_room_nothing_waits_for_it()
    {
        for (var i = 0; i < PaymentAlerts.WaitingCountMax; i++)
            Assert.True(_alerts.Raise(AlertOf("kind" + i)));

        Assert.False(_alerts.Raise(AlertOf("one too many")));
        Assert.Equal(1, _alerts.SuppressedCount);
        TakeWaiting();
        Assert.True(_alerts.Raise(AlertOf("one too many")));
    }

    [Fact]
    public async Task A_reader_waits_for_the_next_one()
    {
        await using var reader = _alerts.TakeAllAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var next = reader.MoveNextAsync();
        Assert.False(next.IsCompleted);

        _alerts.Raise(AlertOf("a"));

        Assert.True(await next);
        Assert.Equal("a", reader.Current.Category);
        Assert.True(_alerts.Raise(AlertOf("a")));
    }

    private List<string> TakeWaiting()
    {
        var taken = new List<string>();
        while (_alerts.TryTake(out var alert))
            taken.Add(alert.Category);
        return taken;
    }

    private static PaymentAlert AlertOf(string category) => new(category, AlertSeverity.Warning, "text");
}
