namespace Curaway.Payments.Tests.Model;

/// <summary>Mistakes that teams make. With any of them planted, the model must find money lost, doubled or stuck.</summary>
public enum PlantedFault
{
    None,

    /// <summary>The row is written when the provider has answered.</summary>
    RowAfterTheAnswer,

    /// <summary>Every retry goes out under a key of its own.</summary>
    FreshKeyPerRetry,

    /// <summary>What a read does not find has not happened.</summary>
    NotFoundIsFailed,

    /// <summary>What did not answer in time has not happened.</summary>
    TimeoutIsFailed,

    /// <summary>A retry after a timeout that meets an open breaker closes the operation as never sent.</summary>
    BreakerOpenAfterATimeoutIsNotSent,

    /// <summary>Nobody looks for what nobody told us.</summary>
    NoSweeper,

    /// <summary>A webhook overwrites what we knew.</summary>
    BlindOverwrite,

    /// <summary>An operation is sent again after the provider forgot its key.</summary>
    ReplayAfterTheKeyLifetime,

    /// <summary>An authorization that may have worked is sent to the other provider.</summary>
    FailoverOnUnknown,

    /// <summary>A refund is decided on a row that was read without a lock.</summary>
    RefundWithoutLock,

    /// <summary>A refund's webhook is added to the refund it reports.</summary>
    RefundEchoAdded,

    /// <summary>An unbooked hold is released without claiming the charge first.</summary>
    ReleaseWithoutClosing,

    /// <summary>A session row is written without looking whether the charge is being released.</summary>
    BookingIgnoresClosing,

    /// <summary>A session row is written although nobody knows what the provider did.</summary>
    SessionRowOnUnknown,

    /// <summary>A void is begun beside an open capture.</summary>
    VoidBesideCapture,

    /// <summary>Two schedules of one consultation each make a charge.</summary>
    TwoSchedulesWithoutAKey,
}
