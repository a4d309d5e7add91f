using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ChaosHost;

/// <summary>
/// The sample host as it is, in a process that kills itself at a named moment, or with a mistake that teams make. Two variables
/// of the environment say which: <c>CHAOS_CRASH_AT</c>, such as <c>after_t1 capture</c>, and <c>CHAOS_MISTAKES</c>.
/// </summary>
internal sealed class ChaosHostProgram : WebApplicationFactory<Program>
{
    private static async Task Main()
    {
        await using var host = new ChaosHostProgram();
        host.UseKestrel(0);
        host.StartServer();
        await Task.Delay(Timeout.Infinite);
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        var crash = Crash.Parse(Environment.GetEnvironmentVariable("CHAOS_CRASH_AT"));
        var mistakes = Mistakes.Parse(Environment.GetEnvironmentVariable("CHAOS_MISTAKES"));
        builder.UseEnvironment("Development");
        builder.UseContentRoot(AppContext.BaseDirectory);
        // After everything the sample host registers.
        builder.ConfigureServices(services =>
        {
            if (mistakes.WritesRowAfterAnswer)
                Decorate<IChargeStore>(services, RowAfterAnswerStore.Around);
            Decorate<IPaymentProvider>(services, provider => InterceptedProvider.Around(provider, mistakes.SendAsync));
            if (crash is null)
                return;
            Decorate<IChargeStore>(services, store => CrashingStore.Around(store, crash));
            Decorate<IPaymentProvider>(services, provider => InterceptedProvider.Around(provider, crash.AfterSendAsync));
        });
    }

    private static void Decorate<T>(IServiceCollection services, Func<T, T> decorate)
        where T : class
    {
        foreach (var inner in services.Where(service => service.ServiceType == typeof(T)).ToList())
        {
            services.Remove(inner);
            services.AddSingleton(provider => decorate((T)(
                inner.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!))));
        }
    }
}
