using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>Deliveries as Razorpay makes them, signed by another way than the adapter checks them.</summary>
internal static class RazorpayDeliveries
{
    public const string Secret = "whsec_größe";
    public const string OldSecret = "whsec_old";
    public const string OurChargeId = "01940000-0000-7000-8000-0000000000cc";
    public const string OurOperationId = "01940000-0000-7000-8000-0000000000aa";
    public const string Notes = $$"""{"charge_id":"{{OurChargeId}}","operation_id":"{{OurOperationId}}","n":7,"o":{"x":[1]} }""";

    public static IWebhookReader ReaderWith(params string[] secrets)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddRazorpay(options => options.WebhookSecrets = secrets);
        return services.BuildServiceProvider().GetRequiredService<IWebhookReader>();
    }

    public static string Event(string type, string? payment, params (string Name, string Entity)[] others)
    {
        var entities = payment is null ? others : [("payment", payment), .. others];
        var payload = string.Join(',', entities.Select(each => $$"""
            "{{each.Name}}":{"entity":{{each.Entity}}}
            """));
        return $$"""
            {"entity":"event","account_id":"acc_1","event":"{{type}}","contains":[],
             "payload":{{{payload}}},"created_at":{{RazorpayAnswers.CreatedAt}}}
            """;
    }

    public static string Payment(
        string status, bool captured = false, string notes = "[]", long refunded = 0, string errorCode = "", string errorReason = "NA") =>
        RazorpayAnswers.Payment(status, captured, refunded: refunded, notes: notes, errorCode: errorCode, errorReason: errorReason);

    public static string Depth(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    public static string Sign(string body, string secret) => Sign(Encoding.UTF8.GetBytes(body), secret);

    public static string Sign(byte[] body, string secret)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        mac.AppendData(body);
        return Convert.ToHexStringLower(mac.GetHashAndReset());
    }

    public static WebhookRequest RequestOf(byte[] body, string? signature, string? eventId) => new(
        body,
        name => name.ToLowerInvariant() switch { "x-razorpay-signature" => signature, "x-razorpay-event-id" => eventId, _ => null },
        "default",
        DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt));
}
