using System.Collections.Immutable;
using System.Text.Json;

namespace Curaway.Payments.ContractTests;

/// <summary>What goes wrong on the wire.</summary>
public enum WireFault
{
    /// <summary>The provider's own refusal of the verb: a declined card, an expired authorization.</summary>
    Refused,

    /// <summary>400 with an error about our request.</summary>
    BadRequest,

    /// <summary>401.</summary>
    Unauthorized,

    /// <summary>429 with <c>Retry-After: 7</c>.</summary>
    Throttled,

    /// <summary>500 with the provider's error body.</summary>
    ServerError,

    /// <summary>502 without a body.</summary>
    BadGatewayEmpty,

    /// <summary>200 with a page of HTML, as a captive proxy sends.</summary>
    Html,

    /// <summary>200 with <c>{}</c>.</summary>
    EmptyObject,

    /// <summary>200 with <c>[]</c>.</summary>
    Array,

    /// <summary>200 with <c>null</c>.</summary>
    Null,

    /// <summary>200 with the first half of the right answer.</summary>
    Truncated,

    /// <summary>A readable answer with another amount.</summary>
    OtherAmount,

    /// <summary>A readable answer in another currency.</summary>
    OtherCurrency,

    /// <summary>A readable answer about another object than the one asked about.</summary>
    OtherId,

    /// <summary>No answer before the caller's deadline.</summary>
    Slow,

    /// <summary>Nobody listens.</summary>
    ConnectionRefused,

    /// <summary>The connection is reset after the request was sent.</summary>
    ConnectionReset,
}

/// <summary>A request as it went over the wire, or as it has to.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, without the query.</param>
/// <param name="Authorization">The whole header.</param>
/// <param name="IdempotencyKey">The value of the provider's idempotency header; null when the verb has none.</param>
/// <param name="Fields">Form or JSON fields, flattened as <c>notes[charge_id]</c>; numbers and booleans as JSON writes them.</param>
public sealed record WireRequest(
    string Method, string Path, string? Authorization, string? IdempotencyKey, ImmutableSortedDictionary<string, string> Fields)
{
    public WireRequest(string method, string path, string? authorization, string? idempotencyKey, params (string Name, string Value)[] fields)
        : this(method, path, authorization, idempotencyKey, fields.ToImmutableSortedDictionary(f => f.Name, f => f.Value, StringComparer.Ordinal))
    {
    }

    /// <summary>Reads the fields of a body.</summary>
    public static ImmutableSortedDictionary<string, string> FieldsOf(string? body)
    {
        var fields = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (string.IsNullOrEmpty(body))
            return fields.ToImmutable();
        if (body.StartsWith('{'))
        {
            using var json = JsonDocument.Parse(body);
            Flatten(json.RootElement, "", fields);
            return fields.ToImmutable();
        }

        foreach (var pair in body.Split('&').Select(pair => pair.Split('=', 2)))
            fields.Add(Decode(pair[0]), Decode(pair[1]));
        return fields.ToImmutable();
    }

    /// <summary>One line per part, so that a failed comparison points at the difference.</summary>
    public override string ToString() =>
        $"{Method} {Path}\nAuthorization: {Authorization}\nIdempotency: {IdempotencyKey}\n"
        + string.Concat(Fields.Select(field => $"{field.Key}={field.Value}\n"));

    private static void Flatten(JsonElement element, string name, IDictionary<string, string> fields)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            fields.Add(name, element.ToString());
            return;
        }

        foreach (var property in element.EnumerateObject())
            Flatten(property.Value, name.Length == 0 ? property.Name : $"{name}[{property.Name}]", fields);
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}

/// <summary>
/// What the contract needs to know of one provider, and the world that answers it: WireMock, or a simulator. One harness
/// serves one test.
/// </summary>
public abstract class ProviderHarness : IAsyncDisposable
{
    /// <summary>The provider, with credentials, pointed at the world.</summary>
    public abstract IPaymentProvider Provider { get; }

    /// <summary>The same provider without credentials.</summary>
    public abstract IPaymentProvider Unconfigured { get; }

    /// <summary>The amount of every charge in the contract; in a currency the provider takes.</summary>
    public abstract Money Amount { get; }

    /// <summary>The provider's id of the intent or order.</summary>
    public abstract string Reference { get; }

    /// <summary>The provider's id of the payment.</summary>
    public abstract string PaymentReference { get; }

    /// <summary>Every request that reached the world, in order.</summary>
    public abstract IReadOnlyList<WireRequest> Sent { get; }

    /// <summary>The one request by which the verb acts; null when the verb acts by sending nothing.</summary>
    public abstract WireRequest? Expected(ProviderRequest request);

    /// <summary>Makes the world carry out the request's verb and say so.</summary>
    public abstract void StubSuccess(ProviderRequest request);

    /// <summary>Makes the world answer a second send of a verb it had carried out.</summary>
    public virtual void StubReplay(ProviderRequest request) => StubSuccess(request);

    /// <summary>Makes the world break on the request's verb.</summary>
    public abstract void StubFault(ProviderRequest request, WireFault fault);

    /// <summary>Makes the world know the request's operation as carried out; a checkout as paid. Read by Find only.</summary>
    public abstract void StubFound(ProviderRequest request);

    /// <summary>Makes the world know nothing of the request's operation. Read by Find only.</summary>
    public abstract void StubNotFound(ProviderRequest request);

    public abstract ValueTask DisposeAsync();
}
