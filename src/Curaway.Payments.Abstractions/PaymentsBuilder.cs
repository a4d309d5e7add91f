using System.ComponentModel;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments;

/// <summary>Collects the parts of a payments system: providers, routing, a store. Every verb may be called several times.</summary>
public sealed class PaymentsBuilder
{
    /// <summary>A builder over a service collection.</summary>
    public PaymentsBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services; for the authors of parts.</summary>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    public IServiceCollection Services { get; }
}
