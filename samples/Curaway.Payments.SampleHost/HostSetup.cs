using Curaway.Payments.SampleHost.Admin;
using Curaway.Payments.SampleHost.Checkout;
using Curaway.Payments.SampleHost.Consultations;
using Curaway.Payments.SampleHost.Data;
using Curaway.Payments.SampleHost.Health;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Idempotency;
using Curaway.Payments.SampleHost.Identity;
using Curaway.Payments.SampleHost.PaymentMethods;
using Curaway.Payments.SampleHost.Receipts;
using Curaway.Payments.SampleHost.Simulation;
using Curaway.Payments.SampleHost.Tenants;
using Microsoft.AspNetCore.HttpOverrides;
using Scalar.AspNetCore;

namespace Curaway.Payments.SampleHost;

/// <summary>What <c>Program</c> leaves out: where to listen, what is needed, and the order of the pipeline.</summary>
internal static class HostSetup
{
    private const string PortDefault = "5080";

    /// <summary>PORT wins over ASPNETCORE_URLS. Only Production listens beyond this machine.</summary>
    public static void UseHostAddress(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var port = builder.Configuration["PORT"];
        if (port is not { Length: > 0 } && (builder.Configuration["URLS"] ?? builder.Configuration["HTTP_PORTS"]) is { Length: > 0 })
            return;
        var interfaceName = builder.Environment.IsDevelopment() ? "localhost" : "*";
        builder.WebHost.UseUrls($"http://{interfaceName}:{(port is { Length: > 0 } ? port : PortDefault)}");
    }

    public static void AddHost(this WebApplicationBuilder builder, DemoSimulators? simulators)
    {
        var services = builder.Services;
        if (simulators is not null)
            services.AddSingleton(_ => simulators);
        services.AddSingleton(new TestPaymentMethods(
            simulators is not null || DemoSimulators.AreElsewhere(builder.Configuration, builder.Environment)));
        services.AddSingleton<RequestLease>();
        services.AddSingleton<SavedMethodStore>();
        services.AddSingleton<SavedMethodSignal>();
        services.AddSingleton<SavedMethods>();
        services.AddSingleton<TenantSettingsStore>();
        services.AddSingleton<ConsultationStore>();
        services.AddSingleton<SettlementStore>();
        services.AddSingleton<ConsultationBooking>();
        services.AddSingleton<ConsultationClosing>();
        services.AddSingleton<ConsultationSettlement>();
        services.AddSingleton<CheckoutTokens>();
        services.AddSingleton<IdempotencyStore>();
        services.AddSingleton<AdminStore>();
        services.AddHostedService<HostMigrations>();
        services.AddHostHealth();

        services.ConfigureHttpJsonOptions(options => StrictJson.Configure(options.SerializerOptions));
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddExceptionHandler<ProblemAnswers>();
        services.AddProblemDetails();
        services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Curaway Payments: consultations";
            return Task.CompletedTask;
        }));
        services.Configure<ForwardedHeadersOptions>(options =>
        {
            // The platform's proxy is the only way in, and its addresses are not known ahead.
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            options.KnownIPNetworks.Clear();
            options.KnownProxies.Clear();
        });
    }

    public static void UseHost(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment())
        {
            app.UseForwardedHeaders();
            app.UseHsts();
        }

        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages(ProblemAnswers.OnEmptyAnswerAsync);
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseMiddleware<BodyGuard>();
        app.UseMiddleware<IdempotencyMiddleware>();
    }

    public static void MapHost(this WebApplication app)
    {
        app.MapConsultations();
        app.MapReceipts();
        app.MapPaymentMethods();
        app.MapTenantSettings();
        app.MapAdmin();
        app.MapCheckout();
        app.MapDevToken();
        app.MapHostHealth();
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(options => options.WithTitle("Curaway Payments").DisableDefaultFonts()).AllowAnonymous();
    }
}
