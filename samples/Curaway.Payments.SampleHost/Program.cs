using Curaway.Payments;
using Curaway.Payments.SampleHost;
using Curaway.Payments.SampleHost.Consultations;
using Curaway.Payments.SampleHost.Data;
using Curaway.Payments.SampleHost.Identity;
using Curaway.Payments.SampleHost.PaymentMethods;
using Curaway.Payments.SampleHost.Simulation;
using Curaway.Payments.SampleHost.Tenants;

if (args is ["export-sql"])
{
    Console.Write(HostSchema.ExportSql());
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.UseHostAddress();
builder.AddHostIdentity();

// With no provider's keys in Development, both providers are played inside this process.
var simulators = await DemoSimulators.StartIfWantedAsync(builder.Configuration, builder.Environment);
builder.Configuration.AddInMemoryCollection(simulators?.Settings());

var accounts = TenantAccounts.Read(builder.Configuration);
builder.AddHost(simulators);
builder.Services.AddCurawayPayments(payments => payments
    .AddStripe(builder.Configuration)
    .AddRazorpay(builder.Configuration)
    .AddGeographicRouting()
    .ResolveAccounts(accounts.Resolve)
    .UseHostDatabase(builder, simulators)    // UsePostgres(DATABASE_URL), or UseSqlite(file) in Development
    .AddObserver<ConsultationObserver>()
    .AddObserver<SavedMethodObserver>()
    .Configure(options => builder.Configuration.GetSection("Curaway:Payments").Bind(options)));
// After the payments tables are there.
builder.Services.AddHostedService<SettlementSweeper>();
builder.Services.AddHostedService<SavedMethodSweeper>();

var app = builder.Build();
accounts.Require(app.Services.GetServices<IPaymentProvider>());
app.UseHost();
app.MapHost();
app.MapPaymentWebhooks("/api/v1/webhooks");
app.MapPaymentWebhooks("/api/v1/mso/webhooks");
Welcome.SayWhenStarted(app);
await app.RunAsync();

/// <summary>The entry point; named for tests that start the whole host.</summary>
public partial class Program;
