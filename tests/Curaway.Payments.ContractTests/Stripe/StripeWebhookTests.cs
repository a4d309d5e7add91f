using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Who signed a delivery. What it says: <see cref="StripeEventTests"/>.</summary>
public sealed class StripeWebhookTests : IDisposable
{
    private const string Secret = "whsec_contract_one";
    private const long SignedAt = 1_795_165_200;

    // Made outside .NET, by Python's hmac: HMAC-SHA256(secret, f"{t}.{body}") in lower-case hex.
    private const string Body = """{"id":"evt_1","object":"event","api_version":null,"type":"customer.created","data":{"object":{}}}""";
    private const string BySecretOne = "41b33d189d636d3abecf7eb8900b3b94cac2e72cd35a94bf19c83dda0387e4eb";
    private const string BySecretTwo = "577512f261d6c129982b20c82d942a1b12cc28ca5482b0c69c011de5f37555ad";
    private const string WithByteOrderMark = "4159a417319faeb125537529304a235332122649912a188d0bac6832d2b37483";

    private readonly ServiceProvider _services;

    public StripeWebhookTests()
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services)
            .AddStripe(options => options.WebhookSecrets = [Secret + "\n"])
            .AddStripe(options => options.WebhookSecrets = ["whsec_contract_two", Secret], "rotating")
            .AddStripe(options => options.WebhookSecrets = ["", " "], "blank");
        _services = services.BuildServiceProvider();
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("t=1795165200,v1=" + BySecretOne)]
    [InlineData("t=1795165200, v1=" + BySecretOne)]
    [InlineData("v1=" + BySecretOne + ",t=1795165200")]
    [InlineData("t=1795165200,v1=" + BySecretTwo + ",v1=" + BySecretOne)]
    [InlineData("t=1795165200,v1=" + BySecretOne + ",v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39")]
    [InlineData("t=1795165200,v1=nonsense,v1=" + BySecretOne + ",,v2")]
    public void A_signature_of_the_secret_is_accepted(string header) =>
        Assert.Equal(WebhookVerdict.Ignored, Read(header).Verdict);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("t=1795165200")]
    [InlineData("v1=" + BySecretOne)]
    [InlineData("t=,v1=" + BySecretOne)]
    [InlineData("t=1795165200,v0=" + BySecretOne)]
    [InlineData("t=1795165200,v1=" + BySecretTwo)]
    [InlineData("t=1795165201,v1=" + BySecretOne)]
    [InlineData("t=+1795165200,v1=" + BySecretOne)]
    [InlineData("t= 1795165200,v1=" + BySecretOne)]
    [InlineData("t=1795165200,t=1795165200,v1=" + BySecretOne)]
    [InlineData("t=99999999999999999999,v1=" + BySecretOne)]
    [InlineData("t=1795165200,v1=" + BySecretOne + "00")]
    [InlineData("t=1795165200;v1=" + BySecretOne)]
    [Trait("Promise", "P16")]
    public void Any_other_header_is_forged(string? header) => Assert.Equal(WebhookVerdict.Forged, Read(header).Verdict);

    [Fact]
    public void Upper_case_hex_is_forged() =>
        Assert.Equal(WebhookVerdict.Forged, Read("t=1795165200,v1=" + BySecretOne.ToUpperInvariant()).Verdict);

    [Fact]
    public void A_header_of_many_kilobytes_is_forged() =>
        Assert.Equal(WebhookVerdict.Forged, Read($"t=1795165200,v1={BySecretOne}," + new string('x', 5000)).Verdict);

    [Theory]
    [InlineData(-301, WebhookVerdict.Forged)]
    [InlineData(-300, WebhookVerdict.Ignored)]
    [InlineData(300, WebhookVerdict.Ignored)]
    [InlineData(301, WebhookVerdict.Forged)]
    [Trait("Promise", "P16")]
    public void The_signed_time_must_be_within_five_minutes_of_ours(int seconds, WebhookVerdict verdict) =>
        Assert.Equal(verdict, Read(Header, receivedAt: SignedAt + seconds).Verdict);

    [Fact]
    [Trait("Promise", "P16")]
    public void One_changed_byte_anywhere_is_forged()
    {
        var bytes = Encoding.UTF8.GetBytes(Body);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.Equal(WebhookVerdict.Forged, Read(Header, bytes).Verdict);
            bytes[i] ^= 1;
        }

        Assert.Equal(WebhookVerdict.Ignored, Read(Header, bytes).Verdict);
    }

    [Fact]
    public void A_byte_order_mark_is_part_of_what_is_signed()
    {
        byte[] marked = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Body)];

        Assert.Equal(WebhookVerdict.Forged, Read(Header, marked).Verdict);
        Assert.Equal(WebhookVerdict.Unreadable, Read($"t=1795165200,v1={WithByteOrderMark}", marked).Verdict);
    }

    [Theory]
    [InlineData("rotating", BySecretOne, WebhookVerdict.Ignored)]
    [InlineData("rotating", BySecretTwo, WebhookVerdict.Ignored)]
    [InlineData("default", BySecretTwo, WebhookVerdict.Forged)]
    [InlineData("blank", BySecretOne, WebhookVerdict.Forged)]
    [InlineData("nobody", BySecretOne, WebhookVerdict.Forged)]
    [Trait("Promise", "P17")]
    public void Every_secret_of_the_account_counts_and_no_other(string account, string signature, WebhookVerdict verdict) =>
        Assert.Equal(verdict, Read($"t=1795165200,v1={signature}", account: account).Verdict);

    private const string Header = "t=1795165200,v1=" + BySecretOne;

    private IWebhookReader Reader => _services.GetRequiredService<IWebhookReader>();

    private WebhookReading Read(string? header, byte[]? body = null, string account = "default", long receivedAt = SignedAt) =>
        Reader.Read(new WebhookRequest(
            body ?? Encoding.UTF8.GetBytes(Body),
            name => string.Equals(name, "stripe-signature", StringComparison.OrdinalIgnoreCase) ? header : null,
            account,
            DateTimeOffset.FromUnixTimeSeconds(receivedAt)));
}
