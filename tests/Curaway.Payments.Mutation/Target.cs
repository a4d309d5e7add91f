namespace Curaway.Payments.Mutation;

/// <summary>Source files, and the classes of tests that have to notice a change in them.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Project">The project under <c>src</c>.</param>
/// <param name="Files">The mutated files of the project; a leading part of the name is enough.</param>
/// <param name="TestAssembly">Where the tests are.</param>
/// <param name="TestClasses">Ends of their full names, the quick ones first.</param>
internal sealed record Target(string Name, string Project, string[] Files, string TestAssembly, string[] TestClasses)
{
    public static Target[] All { get; } =
    [
        new("Money", "Curaway.Payments.Abstractions", ["Money", "CurrencyRules"], "Curaway.Payments.Tests", [".MoneyTests", ".CurrencyRulesTests"]),
        new("PaymentRouter", "Curaway.Payments", ["PaymentRouter"], "Curaway.Payments.Tests", [".PaymentRouterTests"]),
        new(
            "ChargeLifecycle",
            "Curaway.Payments.Abstractions",
            ["ChargeLifecycle"],
            "Curaway.Payments.Tests",
            [
                ".ChargeLifecycleTests", ".ChargeConflictTests", ".ChargeDisputeTests", ".ChargeReleaseTests", ".ExtraPaymentsTests",
                ".ChargeScheduleTests", ".ChargeCommitTests", ".ChargeLifecycleOrderTests", ".ChargeLifecyclePropertyTests",
            ]),
        new(
            "StripeMapping",
            "Curaway.Payments.Stripe",
            ["StripeMapping", "StripeDocument", "StripeValue"],
            "Curaway.Payments.ContractTests",
            [
                ".StripeDocumentTests", ".StripeMappingTests", ".StripeEventTests", ".StripeDisputeTests", ".CurrencyTableTests", ".StripeForeignFieldTests", ".StripeReadTests",
                ".StripeCallTests",
            ]),
        new(
            "RazorpayMapping",
            "Curaway.Payments.Razorpay",
            ["RazorpayMapping"],
            "Curaway.Payments.ContractTests",
            [
                ".RazorpayMappingTests", ".RazorpayWebhookTests", ".RazorpayDisputeTests", ".CurrencyTableTests", ".RazorpayCheckoutTests",
                ".RazorpayReadTests", ".RazorpayReleaseTests", ".RazorpayCallTests",
            ]),
    ];
}
