using System.Text;
using Curaway.Payments.IntegrationTests.Providers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>What nobody should send, signed and unsigned, at the real endpoint over PostgreSQL: no 5xx, and nothing of it stops the others.</summary>
[Trait("Promise", "P18")]
public sealed class HostileWebhookTests(EndpointHost host) : IClassFixture<EndpointHost>
{
    private const int BodyBytesMax = 256 * 1024;
    private const int MutationCount = 10_000;

    /// <summary>Of these, so many go over the wire; all of them when <c>CURAWAY_MUTATIONS=all</c>.</summary>
    private const int SentEvery = 4;

    private const int NamedCountMin = 60;

    private static readonly ParallelOptions Together = new() { MaxDegreeOfParallelism = 16 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", "type")]
    [InlineData("razorpay", "event")]
    public async Task A_hostile_body_is_kept_when_it_is_signed_and_refused_before_any_statement_when_it_is_not(string name, string type)
    {
        var provider = host.Engine.ProviderOf(name);
        var (_, webhook) = await host.UntoldAsync(provider);
        var cases = HostileBodies.Named(webhook.BodyText, type);
        Assert.True(cases.Count >= NamedCountMin, $"{cases.Count} cases");
        Assert.Equal(cases.Count, cases.Select(hostile => hostile.Name).Distinct().Count());
        await AssertHarmlessAsync(provider, cases);
    }

    [Theory]
    [InlineData("stripe", "id type api_version created object amount amount_received currency status latest_charge livemode charge_id operation_id capture_method")]
    [InlineData("razorpay", "event id entity amount currency status order_id captured charge_id operation_id created_at amount_refunded error_code")]
    public async Task A_wrong_value_in_any_field_that_we_read_is_harmless(string name, string fields)
    {
        var provider = host.Engine.ProviderOf(name);
        var (_, webhook) = await host.UntoldAsync(provider);
        var cases = HostileBodies.WrongFields(webhook.BodyText, fields.Split(' ')).ToList();
        Assert.True(cases.Count >= 13 * 15, $"{cases.Count} cases");
        await AssertHarmlessAsync(provider, cases);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_request_that_is_strange_outside_its_body_gets_an_answer_that_is_no_5xx(string name)
    {
        var provider = host.Engine.ProviderOf(name);
        var (_, webhook) = await host.UntoldAsync(provider);
        var wrong = new List<string>();
        foreach (var hostile in HostileRequests.Of("/api/v1/webhooks/" + name, webhook, body => provider.Webhooks.Sign(body)))
        {
            var status = await host.SendRawAsync(hostile.Head, hostile.Body);
            if (!hostile.Allowed.Contains(status))
                wrong.Add($"{hostile.Name}: {status}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
        await host.AssertServesAsync(provider);
    }

    [Fact]
    public async Task Ten_thousand_damaged_deliveries_have_no_5xx()
    {
        SimulatedProvider[] providers = [host.Engine.Stripe, host.Engine.Razorpay];
        var told = new List<(SimulatedProvider Provider, SimulatorWebhook Webhook)>();
        foreach (var provider in providers)
        {
            for (var i = 0; i < 4; i++)
                told.AddRange((await host.TellAsync(provider)).Events.Select(webhook => (provider, webhook)));
        }

        var sentEvery = Environment.GetEnvironmentVariable("CURAWAY_MUTATIONS") == "all" ? 1 : SentEvery;
        var (receivedBefore, signed, refused, wrong) = (host.Calls.Received, 0, 0, new List<string>());
        await Parallel.ForAsync(0, MutationCount, Together, async (number, _) =>
        {
            // The number is the seed: a case that fails can be made again by itself.
            var random = new Random(number);
            var (provider, webhook) = told[random.Next(told.Count)];
            var body = Mutation.Of(webhook.BodyText, number, random);
            var isSigned = number % 10 != 0 && body.Length > 0;
            var damaged = provider.Webhooks.Sign(body, WebhookStep.Deliver with { Secret = isSigned ? null : "another" });
            Assert.Equal(isSigned, host.Engine.Read(provider, damaged) is not null);
            if (number % sentEvery != number / sentEvery % sentEvery)
                return;
            var (status, _) = await host.PostAsync(provider.Name, damaged);
            Interlocked.Increment(ref isSigned ? ref signed : ref refused);
            if (status != (isSigned ? 200 : 400))
            {
                lock (wrong)
                    wrong.Add($"seed {number}, {provider.Name}: {status}");
            }
        });

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
        Assert.Equal(signed, host.Calls.Received - receivedBefore);
        Assert.True(signed > 0 && refused > 0 && signed + refused == MutationCount / sentEvery, $"{signed} signed, {refused} not");
        await host.AssertServesAsync(host.Engine.Stripe);
        await host.AssertServesAsync(host.Engine.Razorpay);
    }

    private async Task AssertHarmlessAsync(SimulatedProvider provider, IReadOnlyList<(string Name, byte[] Body)> cases)
    {
        var wrong = new List<string>();
        var received = host.Calls.Received;
        await Parallel.ForEachAsync(cases, Together, async (hostile, _) => await CheckAsync(hostile, "another", hostile.Body.Length > BodyBytesMax ? 413 : 400));
        Assert.Equal(received, host.Calls.Received);

        await Parallel.ForEachAsync(cases, Together, async (hostile, _) => await CheckAsync(hostile, null, hostile.Body.Length > BodyBytesMax ? 413 : 200));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
        Assert.Equal(cases.Count(hostile => hostile.Body.Length <= BodyBytesMax), host.Calls.Received - received);
        await host.AssertServesAsync(provider);

        async Task CheckAsync((string Name, byte[] Body) hostile, string? secret, int expected)
        {
            var (status, text) = await host.PostAsync(provider.Name, provider.Webhooks.Sign(hostile.Body, WebhookStep.Deliver with { Secret = secret }));
            if (status != expected)
            {
                lock (wrong)
                    wrong.Add($"{hostile.Name}{(secret is null ? "" : ", unsigned")}: {status} {text}");
            }
        }
    }

    /// <summary>One to four kinds of damage to a genuine body, under an event id of its own so that it is no duplicate.</summary>
    private static class Mutation
    {
        private static readonly string[] Tokens =
            ["null", "true", "1e400", "-1", "[]", "{}", "\"\\u0000\"", "\"\\ud800\"", "\"", "\\", "{", "}", "[", ",", ":", "\"'--\"", "\uFEFF", "99999999999999999999"];

        public static byte[] Of(string good, int number, Random random)
        {
            var body = Encoding.UTF8.GetBytes(good.Replace("\"evt_", $"\"evt_{number:D6}", StringComparison.Ordinal)).ToList();
            for (var change = random.Next(1, 5); change > 0 && body.Count > 1; change--)
                Change(body, random);
            return [.. body];
        }

        private static void Change(List<byte> body, Random random)
        {
            var at = random.Next(body.Count);
            var length = random.Next(1, Math.Min(40, body.Count - at) + 1);
            switch (random.Next(6))
            {
                case 0:
                    body[at] = (byte)random.Next(256);
                    break;
                case 1:
                    body.RemoveRange(at, length);
                    break;
                case 2:
                    body.InsertRange(at, body.GetRange(random.Next(body.Count - length + 1), length));
                    break;
                case 3:
                    body.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
                case 4:
                    ReplaceValue(body, Tokens[random.Next(Tokens.Length)], at);
                    break;
                default:
                    body.RemoveRange(at, random.Next(10) == 0 ? body.Count - at : length / 4);
                    break;
            }
        }

        /// <summary>The value behind the next colon: the body stays JSON more often than not.</summary>
        private static void ReplaceValue(List<byte> body, string token, int from)
        {
            var start = body.IndexOf((byte)':', from) + 1;
            var end = start == 0 ? -1 : body.FindIndex(start, value => value is (byte)',' or (byte)'}' or (byte)']');
            if (end < 0)
                return;
            body.RemoveRange(start, end - start);
            body.InsertRange(start, Encoding.UTF8.GetBytes(token));
        }
    }
}
