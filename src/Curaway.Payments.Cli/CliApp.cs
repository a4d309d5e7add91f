using System.CommandLine;
using Curaway.Payments.Cli.Verbs;

namespace Curaway.Payments.Cli;

/// <summary>The verbs in one tree, and how their answers are written.</summary>
internal static class CliApp
{
    private static readonly Option<bool> Json = new("--json") { Description = "Answer with one JSON document on standard output.", Recursive = true };

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken ct)
    {
        var root = Root(output, errors);
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            var detail = string.Join(' ', parsed.Errors.Select(error => error.Message)) + " See --help.";
            var asked = args.Contains(Json.Name);
            return await WriteAsync(Answer.Error(ErrorCodes.ValidationFailed, detail), asked, output, errors).ConfigureAwait(false);
        }

        var configuration = new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false };
        return await parsed.InvokeAsync(configuration, ct).ConfigureAwait(false);
    }

    private static RootCommand Root(TextWriter output, TextWriter errors)
    {
        var root = new RootCommand(
            "Looks after the payments of one database. It reads the host's environment variables: DATABASE_URL, STRIPE_SECRET_KEY, RAZORPAY_KEY_ID and the others.")
        {
            Json,
        };
        Add(root, DoctorVerb.Describe());
        Add(root, ExplainVerb.Describe());
        Add(root, ReconcileVerb.Describe());
        Add(root, RefundVerb.Describe());
        Add(root, ReplayVerb.Describe());
        Add(root, RouteVerb.Describe());
        Add(root, SettleVerb.Describe());
        Add(root, SimulateVerb.Describe());
        return root;

        void Add(RootCommand tree, Verb verb)
        {
            verb.Command.SetAction(async (parsed, ct) =>
            {
                var answer = await CliHost.RunAsync(verb, parsed, ct).ConfigureAwait(false);
                var exitCode = await WriteAsync(answer, parsed.GetValue(Json), output, errors).ConfigureAwait(false);
                if (answer.AfterwardsAsync is { } afterwards)
                    await afterwards(ct).ConfigureAwait(false);
                return exitCode;
            });
            tree.Add(verb.Command);
        }
    }

    private static async Task<int> WriteAsync(Answer answer, bool isJson, TextWriter output, TextWriter errors)
    {
        if (isJson)
            await output.WriteLineAsync(answer.Json).ConfigureAwait(false);
        foreach (var line in isJson ? [] : answer.Lines)
            await (answer.IsError ? errors : output).WriteLineAsync(line).ConfigureAwait(false);
        return answer.ExitCode;
    }
}
