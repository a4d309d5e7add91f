namespace Curaway.Payments;

/// <summary>Our id of a charge: a version 7 UUID, so ids made later sort later.</summary>
public readonly record struct ChargeId(Guid Value)
{
    /// <summary>A new id, stamped with the clock's time.</summary>
    public static ChargeId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>The smallest id of that moment: ids made later are larger, in the database too.</summary>
    public static ChargeId FirstOf(DateTimeOffset moment)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(moment).TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[6..].Clear();
        return new ChargeId(new Guid(bytes, bigEndian: true));
    }

    /// <summary>Reads the 36-character form; false for anything else.</summary>
    public static bool TryParse(string? text, out ChargeId id)
    {
        var valid = Guid.TryParseExact(text, "D", out var value);
        id = new ChargeId(value);
        return valid;
    }

    /// <summary>The 36-character lower-case form.</summary>
    public override string ToString() => Value.ToString("D");
}

/// <summary>
/// Our id of one operation at a provider. Its text is the provider's idempotency key: 36 characters of <c>0-9 a-f -</c>,
/// within Stripe's limit of 255 and Razorpay's alphabet and minimum of 10.
/// </summary>
public readonly record struct OperationId(Guid Value)
{
    /// <summary>A new id, stamped with the clock's time.</summary>
    public static OperationId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>Reads the 36-character form; false for anything else.</summary>
    public static bool TryParse(string? text, out OperationId id)
    {
        var valid = Guid.TryParseExact(text, "D", out var value);
        id = new OperationId(value);
        return valid;
    }

    /// <summary>The 36-character lower-case form.</summary>
    public override string ToString() => Value.ToString("D");
}
