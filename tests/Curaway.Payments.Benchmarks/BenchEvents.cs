using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Stripe;

namespace Curaway.Payments.Benchmarks;

/// <summary>
/// Signed Stripe events of about 3 KB, each telling that the money of one pending charge is held. Event, intent, payment and
/// charge of one number belong together; numbers have twelve digits, so every event has the same length.
/// </summary>
internal static class BenchEvents
{
    public const long FirstNumber = 100_000_000_000;
    public const string Secret = "whsec_benchmark_0123456789abcdef0123456789abcdef";
    public const string OtherSecret = "whsec_of_somebody_else_456789abcdef0123456789abc";
    public const string ChargeIdPrefix = "00000000-0000-7000-8000-";
    public const string EventIdPrefix = "evt_3Bench00";
    public const string IntentIdPrefix = "pi_3Bench000";
    public const string PaymentIdPrefix = "ch_3Bench000";
    public const string OperationIdPrefix = "00000000-0000-7000-9000-";
    public const long AmountCents = 150_000;

    private const int DigitCount = 12;
    private const string Mark = "############";

    private static readonly byte[] Template = Encoding.UTF8.GetBytes(Body);
    private static readonly int[] Marks = [.. MarksOf(Body)];

    private static string Body =>
        $$"""
        {
          "id": "{{EventIdPrefix}}{{Mark}}",
          "object": "event",
          "api_version": "{{StripeConfiguration.ApiVersion}}",
          "created": 1795165200,
          "data": {
            "object": {
              "id": "{{IntentIdPrefix}}{{Mark}}",
              "object": "payment_intent",
              "amount": {{AmountCents}},
              "amount_capturable": {{AmountCents}},
              "amount_details": {
                "tip": {}
              },
              "amount_received": 0,
              "application": null,
              "application_fee_amount": null,
              "automatic_payment_methods": {
                "allow_redirects": "always",
                "enabled": true
              },
              "canceled_at": null,
              "cancellation_reason": null,
              "capture_method": "manual",
              "client_secret": "{{IntentIdPrefix}}{{Mark}}_secret_4f1cTq0mZb7yWn2kLx8s",
              "confirmation_method": "automatic",
              "created": 1795165190,
              "currency": "usd",
              "customer": null,
              "customer_account": null,
              "description": "Teleconsultation",
              "excluded_payment_method_types": null,
              "last_payment_error": null,
              "latest_charge": "{{PaymentIdPrefix}}{{Mark}}",
              "livemode": false,
              "metadata": {
                "charge_id": "{{ChargeIdPrefix}}{{Mark}}",
                "consultation_id": "consultation_{{Mark}}",
                "operation_id": "{{OperationIdPrefix}}{{Mark}}",
                "tenant_id": "clinic-global"
              },
              "next_action": null,
              "on_behalf_of": null,
              "payment_method": "pm_1Bench{{Mark}}",
              "payment_method_configuration_details": {
                "id": "pmc_1BenchmarkConfiguration",
                "parent": null
              },
              "payment_method_options": {
                "card": {
                  "installments": null,
                  "mandate_options": null,
                  "network": null,
                  "request_three_d_secure": "automatic"
                },
                "link": {
                  "persistent_token": null
                }
              },
              "payment_method_types": [
                "card",
                "link"
              ],
              "processing": null,
              "receipt_email": "someone.with.a.rather.long.name@example.com",
              "review": null,
              "setup_future_usage": null,
              "shipping": {
                "address": {
                  "city": "Springfield",
                  "country": "US",
                  "line1": "1234 Evergreen Terrace",
                  "line2": "Apartment 56, second staircase",
                  "postal_code": "49007",
                  "state": "OR"
                },
                "carrier": null,
                "name": "Someone With A Rather Long Name",
                "phone": "+15555550123",
                "tracking_number": null
              },
              "source": null,
              "statement_descriptor": null,
              "statement_descriptor_suffix": "CLINIC",
              "status": "requires_capture",
              "transfer_data": null,
              "transfer_group": null
            }
          },
          "livemode": false,
          "pending_webhooks": 1,
          "request": {
            "id": "req_Bench{{Mark}}",
            "idempotency_key": "{{OperationIdPrefix}}{{Mark}}"
          },
          "type": "payment_intent.amount_capturable_updated"
        }
        """;

    public static int BodyLength => Template.Length;

    /// <summary>The event of a number.</summary>
    public static byte[] BodyOf(long number)
    {
        var body = Template.AsSpan().ToArray();
        foreach (var mark in Marks)
            Utf8Formatter.TryFormat(number, body.AsSpan(mark, DigitCount), out _);
        return body;
    }

    /// <summary>What <c>Stripe-Signature</c> says of a body signed now.</summary>
    public static string SignatureOf(ReadOnlySpan<byte> body, string secret, DateTimeOffset now)
    {
        var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes(time + "."));
        hmac.AppendData(body);
        return $"t={time},v1={Convert.ToHexStringLower(hmac.GetHashAndReset())}";
    }

    /// <summary>The bytes of one delivery on the wire.</summary>
    public static byte[] RequestOf(long number, string host, string path, string secret, DateTimeOffset now)
    {
        var body = BodyOf(number);
        var head =
            $"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\nAccept: */*; q=0.5, application/json\r\n"
            + $"Content-Type: application/json; charset=utf-8\r\nCache-Control: no-cache\r\nStripe-Signature: {SignatureOf(body, secret, now)}\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    private static IEnumerable<int> MarksOf(string text)
    {
        for (var at = text.IndexOf(Mark, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Mark, at + DigitCount, StringComparison.Ordinal))
            yield return at;
    }
}
