using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Every door of the host, and who may open it. A route that is not in the table fails the test.</summary>
public sealed class EndpointTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Unknown = "01999999-0000-7000-8000-000000000000";

    /// <summary>Who may call; a dash means everybody. The roles are those that may.</summary>
    private static readonly Dictionary<string, string> Doors = new()
    {
        ["POST /api/v1/mso/consultations"] = "patient admin",
        ["GET /api/v1/mso/consultations"] = "patient clinician admin",
        ["GET /api/v1/mso/consultations/{id}"] = "patient clinician admin",
        ["POST /api/v1/mso/consultations/{id}/schedule"] = "patient admin",
        ["POST /api/v1/mso/consultations/{id}/checkout/complete"] = "patient admin",
        ["POST /api/v1/mso/consultations/{id}/start"] = "clinician admin",
        ["POST /api/v1/mso/consultations/{id}/end"] = "clinician admin",
        ["POST /api/v1/mso/consultations/{id}/cancel"] = "patient admin",
        ["GET /api/v1/mso/consultations/{id}/receipt"] = "patient admin",
        ["GET /api/v1/mso/payment-methods"] = "patient admin",
        ["DELETE /api/v1/mso/payment-methods/{id}"] = "patient admin",
        ["GET /api/v1/admin/tenant/settings"] = "admin",
        ["PUT /api/v1/admin/tenant/settings"] = "admin",
        ["GET /api/v1/admin/charges"] = "admin",
        ["GET /api/v1/admin/charges/{id}"] = "admin",
        ["POST /api/v1/admin/charges/{id}/refund"] = "admin",
        ["POST /api/v1/admin/charges/{id}/reconcile"] = "admin",
        ["POST /api/v1/admin/charges/{id}/operations/{operationId}/settle"] = "admin",
        ["GET /api/v1/admin/webhooks"] = "admin",
        ["POST /api/v1/admin/webhooks/{id}/replay"] = "admin",
        ["POST /api/v1/admin/webhooks/replay"] = "admin",
        ["GET /api/v1/admin/routing/explain"] = "admin",
        ["GET /api/v1/admin/audit"] = "admin",
        ["GET /api/v1/admin/alerts"] = "admin",
        ["POST /api/v1/webhooks/{provider}/{account?}"] = "-",
        ["POST /api/v1/mso/webhooks/{provider}/{account?}"] = "-",
        ["GET /checkout/return"] = "-",
        ["GET /checkout/{token}"] = "-",
        ["POST /dev/token"] = "-",
        ["* /health/live"] = "-",
        ["* /health/ready"] = "-",
        ["GET /openapi/{documentName}.json"] = "-",
        ["GET /scalar/{documentName?}"] = "-",
        ["GET /scalar/favicon.svg"] = "-",
        ["GET /scalar/scalar.js"] = "-",
        ["GET /scalar/scalar.aspnetcore.js"] = "-",
    };

    [Fact]
    [Trait("Promise", "P20")]
    public void Every_endpoint_is_classified()
    {
        var routes = Routes();
        Assert.Empty(routes.Except(Doors.Keys));
        Assert.Empty(Doors.Keys.Except(routes));
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Nobody_comes_in_without_a_token()
    {
        foreach (var door in Closed())
        {
            var answer = (await SendAsync(host.Anonymous(), door, Unknown)).Expect(401, ErrorCodes.Unauthenticated);
            Assert.Equal("application/problem+json", answer.ContentType);
        }
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Nobody_comes_in_with_the_wrong_role()
    {
        var refused = 0;
        foreach (var door in Closed())
        {
            foreach (var role in new[] { "patient", "clinician", "admin" }.Except(Doors[door].Split(' ')))
            {
                (await SendAsync(host.As(role), door, Unknown)).Expect(403, ErrorCodes.Forbidden);
                refused++;
            }
        }

        Assert.True(refused >= 12, "Most doors are closed to somebody.");
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Another_clinics_consultation_answers_exactly_like_an_unknown_one()
    {
        var clinic = HostFixture.NewName("clinic");
        var id = await host.Patient(clinic).BookAsync();
        var before = await RowOfAsync(id);
        var compared = 0;
        foreach (var door in Closed().Where(door => door.Contains("{id}", StringComparison.Ordinal)))
        {
            foreach (var role in Doors[door].Split(' '))
            {
                var stranger = host.As(role, HostFixture.NewName("clinic"));
                var theirs = (await SendAsync(stranger, door, id)).Expect(404, ErrorCodes.NotFound);
                var unknown = (await SendAsync(stranger, door, Unknown)).Expect(404);
                Assert.Equal(unknown.Comparable, theirs.Comparable);
                Assert.Equal((await SendAsync(stranger, door, "no-id")).Comparable, theirs.Comparable);
                Assert.Equal(HeaderNamesOf(unknown), HeaderNamesOf(theirs));
                compared++;
            }
        }

        Assert.True(compared >= 12, "Several doors lead to a consultation.");
        Assert.Equal(before, await RowOfAsync(id));
        Assert.Empty((await host.Admin(HostFixture.NewName("clinic")).GetAsync(HostCaller.Consultations)).Json["items"]!.AsArray());
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Another_patients_consultation_answers_exactly_like_an_unknown_one()
    {
        var id = await host.Patient().BookAsync();
        var before = await RowOfAsync(id);
        var stranger = host.Patient();
        foreach (var door in Closed().Where(door => door.Contains("{id}", StringComparison.Ordinal) && Doors[door].Contains("patient", StringComparison.Ordinal)))
        {
            var theirs = (await SendAsync(stranger, door, id)).Expect(404, ErrorCodes.NotFound);
            Assert.Equal((await SendAsync(stranger, door, Unknown)).Comparable, theirs.Comparable);
        }

        Assert.Empty((await stranger.GetAsync(HostCaller.Consultations)).Json["items"]!.AsArray());
        Assert.Equal(before, await RowOfAsync(id));
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task A_clinics_settings_are_its_own()
    {
        var (one, two) = (host.Admin(HostFixture.NewName("clinic")), host.Admin(HostFixture.NewName("clinic")));
        (await one.SendAsync(HttpMethod.Put, "/api/v1/admin/tenant/settings", new JsonObject { ["mso_min_billable_minutes"] = 7 })).Expect(200);
        Assert.Equal("0", (await two.GetAsync("/api/v1/admin/tenant/settings")).Expect(200)["mso_min_billable_minutes"]);
    }

    [Fact]
    public async Task A_path_that_is_no_door_is_a_404_with_its_code_and_a_wrong_verb_a_405()
    {
        (await host.Patient().GetAsync("/api/v1/nothing")).Expect(404, ErrorCodes.NotFound);
        (await host.Patient().SendAsync(HttpMethod.Put, HostCaller.Consultations, [])).Expect(405, ErrorCodes.MalformedRequest);
    }

    private static IEnumerable<string> Closed() => Doors.Where(door => door.Value != "-").Select(door => door.Key);

    private HashSet<string> Routes() =>
    [
        .. host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(endpoint =>
            (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["*"])
                .Select(method => $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}")),
    ];

    private static Task<HostAnswer> SendAsync(HostCaller caller, string door, string id)
    {
        var parts = door.Split(' ');
        var hasBody = parts[0] is "POST" or "PUT";
        return caller.SendAsync(new HttpMethod(parts[0]), parts[1].Replace("{id}", id, StringComparison.Ordinal), hasBody ? [] : null, door.EndsWith("/refund", StringComparison.Ordinal) ? HostFixture.NewName("key") : null);
    }

    private Task<string?> RowOfAsync(string id) => host.TextAsync(
        """
        SELECT c.status || ' ' || p.charge_status || ' ' || p.version || ' ' || (SELECT count(*) FROM audit_log a WHERE a.charge_id = p.id)
        FROM consultations c JOIN consultation_charges p ON p.consultation_id = c.id WHERE c.id = @id
        """,
        id);

    private static string HeaderNamesOf(HostAnswer answer) =>
        string.Join(' ', answer.Headers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':')[0].Trim()).Order());
}
