using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>The README's registration is code that compiles, runs, and stands here word for word.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_registration_in_the_readme_is_the_code_below()
    {
        var snippet = Repository.Read("README.md").Split("```csharp\n")[1].Split("```")[0];
        var lines = snippet.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var source = Repository.Read("tests", "Curaway.Payments.IntegrationTests", "Docs", "ReadmeTests.cs").Split('\n').Select(line => line.Trim()).ToHashSet();
        Assert.True(lines.Length <= 12, "The README promises twelve lines.");
        Assert.All(lines, line => Assert.Contains(line, source));
    }

    [Fact]
    public async Task The_registration_in_the_readme_makes_a_charge_service()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var app = Register(builder);
        Assert.NotNull(app.Services.GetRequiredService<ChargeService>());
    }

    private static WebApplication Register(WebApplicationBuilder builder)
    {
        builder.Services.AddCurawayPayments(payments => payments
            .AddStripe(builder.Configuration)      // STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, …
            .AddRazorpay(builder.Configuration)    // RAZORPAY_KEY_ID, RAZORPAY_KEY_SECRET, …
            .AddGeographicRouting()                // the runbook's five rules, in order
            .UseSqlite("payments.db"));

        var app = builder.Build();

        app.MapPaymentWebhooks("/api/v1/webhooks");        // POST …/stripe and …/razorpay
        if (app.Configuration["run"] is null)
            return app;

        app.Run();
        return app;
    }
}
