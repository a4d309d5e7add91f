using System.Buffers;

namespace Curaway.Payments;

/// <summary>
/// What callers may write. It is kept in our tables and read by operators, and a token goes to a provider, so it has to be an id
/// or a machine word: a name, an address or a diagnosis that gets in there by mistake is refused. Pure.
/// </summary>
internal static class CallerText
{
    private const int ActorLengthMax = 128;
    private const int TokenLengthMax = 255;

    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    // What issuers put into a subject, such as auth0|5f7c8e. No space, @ or +: those make names, addresses and telephone numbers.
    private static readonly SearchValues<char> OfActors = SearchValues.Create(LettersAndDigits + "_-.:|/");
    private static readonly SearchValues<char> OfTokens = SearchValues.Create(LettersAndDigits + "_");

    public static PaymentError? RefusalOfActor(string actorId) => Refuse(Is(actorId, ActorLengthMax, OfActors), "actor_id");

    public static PaymentError? RefusalOfReason(string reason) => Refuse(OpaqueId.TryParse(reason, out _), "reason");

    public static PaymentError? RefusalOfMethods(IEnumerable<SavedPaymentMethod> methods) => Refuse(
        methods.All(method => Is(method.Token, TokenLengthMax, OfTokens) && (method.Customer is null || Is(method.Customer, TokenLengthMax, OfTokens))),
        "payment_method");

    private static PaymentError? Refuse(bool isFine, string field) => isFine ? null : new PaymentError(ErrorCodes.ValidationFailed, field);

    private static bool Is(string? text, int lengthMax, SearchValues<char> allowed) =>
        text is { Length: > 0 } && text.Length <= lengthMax && !text.AsSpan().ContainsAnyExcept(allowed);
}
