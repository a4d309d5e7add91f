using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>What a snapshot did to a charge.</summary>
public enum SnapshotVerdict
{
    /// <summary>It told something new.</summary>
    Applied,

    /// <summary>A duplicate or a late one.</summary>
    Unchanged,

    /// <summary>It contradicts what we hold true. Money truth wins, and a human is alerted.</summary>
    Conflict,
}

/// <summary>What contradicts.</summary>
public enum ChargeConflict
{
    /// <summary>Another provider or account spoke. Not applied.</summary>
    OtherAccount,

    /// <summary>Test mode and live mode are mixed. Not applied.</summary>
    OtherMode,

    /// <summary>Another currency. Not applied.</summary>
    OtherCurrency,

    /// <summary>Another intent or order than the one committed first. Not applied.</summary>
    OtherReference,

    /// <summary>The payment is of another amount than the charge.</summary>
    OtherAmount,

    /// <summary>Money is held or taken although a void was accepted, or the charge had ended as voided. It is released.</summary>
    MoneyAfterVoid,

    /// <summary>Money is held or taken although the authorization had failed. It is released.</summary>
    MoneyAfterFailure,

    /// <summary>Two payments hold or took money for one charge. The provider is asked, then all but one are released (see <see cref="ExtraPayments"/>).</summary>
    SecondPayment,

    /// <summary>More was sent back than was taken.</summary>
    RefundedMoreThanCaptured,
}

/// <summary>The charge after a snapshot.</summary>
/// <param name="Charge">The charge; the same as before when nothing was new.</param>
/// <param name="Verdict">What the snapshot did.</param>
/// <param name="Conflicts">What it newly contradicts.</param>
public sealed record SnapshotApplication(Charge Charge, SnapshotVerdict Verdict, ImmutableArray<ChargeConflict> Conflicts);
