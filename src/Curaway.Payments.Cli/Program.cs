namespace Curaway.Payments.Cli;

/// <summary>The entry point of <c>curaway-payments</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // A refund that was sent is still recorded; what has not begun does not.
            pressed.Cancel = true;
            stop.Cancel();
        };
        return await CliApp.RunAsync(args, Console.Out, Console.Error, stop.Token).ConfigureAwait(false);
    }
}
