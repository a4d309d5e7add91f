using Curaway.Payments.ContractTests.Stripe;
using Xunit.Sdk;

namespace Curaway.Payments.ContractTests;

/// <summary>The net under the contract: it has to tear.</summary>
public sealed class WireMockHarnessTests
{
    [Fact]
    public async Task A_request_without_a_stub_fails_the_test_that_sent_it()
    {
        var harness = new StripeHarness();
        using var http = new HttpClient();
        var address = new Uri(harness.Address, "/v1/unexpected");

        using var answer = await http.GetAsync(address, TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
        await Assert.ThrowsAsync<EmptyException>(async () => await harness.DisposeAsync());
    }
}
