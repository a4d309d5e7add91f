using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Postgres;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>SQL in every text that the host takes, as its own OpenAPI document lists them, on PostgreSQL.</summary>
[Trait("Promise", "P21")]
public sealed class SqlInjectionTests(PostgresServer server)
{
    private const int FieldCountMin = 30;

    private static readonly string[] Openings = ["'", "\"", "')", "'))", "1", "1)", "' ", "%'", "\\'", "';", "$$", "`", "x' ", "\u2019", "%27"];

    private static readonly string[] Attacks =
    [
        " OR 1=1--", " OR 'a'='a", "; DROP TABLE consultation_charges;--", "; DELETE FROM webhook_events;--",
        "; UPDATE consultation_charges SET amount_cents=1;--", " UNION SELECT NULL--", " UNION ALL SELECT version(),NULL,NULL--",
        "; SELECT pg_sleep(3);--", " AND 1=CAST((SELECT version()) AS int)--", "||(SELECT current_user)||'", "; TRUNCATE audit_log;--",
        "; COPY (SELECT 1) TO '/tmp/x';--", "; ALTER TABLE audit_log DISABLE TRIGGER ALL;--", " OR EXISTS(SELECT 1 FROM pg_user)--",
        "/**/OR/**/1=1#", " HAVING 1=1--", " ORDER BY 99--", "; CREATE TABLE owned(x int);--", " LIMIT 0;--", "; VACUUM;--",
    ];

    private static readonly string[] Payloads = [.. Openings.SelectMany(opening => Attacks.Select(attack => opening + attack))];

    /// <summary>What the other fields of a request say, so that the one under test is the only wrong one.</summary>
    private static readonly Dictionary<string, JsonNode> Good = new()
    {
        ["amount_cents"] = 100,
        ["currency"] = "USD",
        ["country_of_residence"] = "USA",
        ["starts_at"] = "{soon}",
        ["reason"] = "manual_dispute",
        ["tenant_id"] = "clinic-global",
        ["role"] = "patient",
        ["sub"] = "patient-1",
    };

    [Fact]
    public async Task Three_hundred_payloads_in_every_text_field_change_nothing_and_have_no_5xx()
    {
        Assert.Equal(300, Payloads.Distinct().Count());
        await using var hosts = await PostgresHosts.StartAsync(server, 1);
        var (patient, admin) = (await hosts[0].AsAsync("patient"), await hosts[0].AsAsync("admin"));
        var (canary, captured) = (await patient.BookAsync(), await patient.BookAsync());
        (await admin.EndAsync(captured)).Expect(200);
        await hosts.DrainAsync();
        var (tables, row) = (await TablesAsync(hosts), await RowAsync(hosts, canary));
        var ids = new Dictionary<string, string>
        {
            ["consultations"] = await patient.RequestAsync(),
            ["charges"] = await hosts.ChargeIdOfAsync(captured),
            ["webhooks"] = (await hosts.Database.ScalarAsync("SELECT id::text FROM webhook_events LIMIT 1"))!,
            ["payment-methods"] = "test_ok",
        };
        var fields = FieldsOf((await patient.GetAsync("/openapi/v1.json")).Json);
        Assert.True(fields.Count >= FieldCountMin, $"{fields.Count} fields");

        var wrong = new List<string>();
        var work = fields.SelectMany(field => Payloads.Select(payload => (Field: field, Payload: payload)));
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (one, _) =>
        {
            var caller = one.Field.Path.Contains("/admin/", StringComparison.Ordinal) ? admin : patient;
            var answer = await SendAsync(caller, one.Field, one.Payload, ids);
            var hasCode = answer.ContentType?.Contains("json", StringComparison.Ordinal) == true && answer.Code?.StartsWith("MSO_", StringComparison.Ordinal) == true;
            if (answer.Status is >= 500 or < 200 || (answer.Status >= 400 && !hasCode && !one.Field.Path.StartsWith("/checkout", StringComparison.Ordinal)))
            {
                lock (wrong)
                    wrong.Add($"{one.Field} <- {one.Payload}: {answer.Status} {answer.Text}");
            }
        });

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
        await AssertNamesAreOnlyNamesAsync(hosts);
        Assert.Equal(tables, await TablesAsync(hosts));
        Assert.Equal(row, await RowAsync(hosts, canary));
        TestContext.Current.AddAttachment("figures", $"{Payloads.Length} payloads in {fields.Count} fields: {fields.Count * Payloads.Length} requests");
    }

    /// <summary>A person's name comes out of a token and is no id: it is stored as it is, and finds its own rows only.</summary>
    private static async Task AssertNamesAreOnlyNamesAsync(PostgresHosts hosts)
    {
        foreach (var payload in Payloads.Where((_, at) => at % 10 == 0))
        {
            var stranger = await hosts[0].AsAsync("patient", name: payload);
            Assert.Empty((await stranger.GetAsync(HostCaller.Consultations)).Expect(200).Json["items"]!.AsArray());
            var id = await stranger.RequestAsync();
            Assert.Equal(id, (await stranger.GetAsync(HostCaller.Consultations)).Expect(200).Json["items"]!.AsArray().Single()!["id"]!.ToString());
        }
    }

    /// <summary>Every text of every operation: in the path, the query, the body, and the key of a request.</summary>
    private static List<Field> FieldsOf(JsonObject document) =>
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject().Where(operation => operation.Key is "get" or "post" or "put" or "delete")
           let method = new HttpMethod(operation.Key.ToUpperInvariant())
           let body = BodyOf(document, operation.Value!)
           let parameters = (operation.Value!["parameters"]?.AsArray() ?? path.Value!["parameters"]?.AsArray() ?? [])
               .Select(parameter => (Name: parameter!["name"]!.ToString(), In: parameter["in"]!.ToString()))
           from field in parameters.Where(parameter => parameter.In is "path" or "query")
               .Concat(body.Select(name => (Name: name, In: "body")))
               .Concat(method == HttpMethod.Post ? [("Idempotency-Key", "header")] : [])
           select new Field(method, path.Key, field.Name, field.In, body),
    ];

    private static string[] BodyOf(JsonObject document, JsonNode operation)
    {
        var schema = operation["requestBody"]?["content"]?["application/json"]?["schema"];
        if (schema is null)
            return [];
        schema = schema["oneOf"]?.AsArray().FirstOrDefault(choice => choice!["$ref"] is not null) ?? schema;
        if (schema["$ref"] is { } reference)
            schema = document["components"]!["schemas"]![reference.ToString().Split('/')[^1]]!;
        // A body of free fields: the proof that a checkout page hands in.
        return schema["properties"] is JsonObject properties ? [.. properties.Select(property => property.Key)] : ["payment_intent"];
    }

    private static Task<HostAnswer> SendAsync(HostCaller caller, Field field, string payload, Dictionary<string, string> ids)
    {
        var path = field.Path;
        foreach (var name in path.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}')))
        {
            var good = ids.FirstOrDefault(id => path.Contains($"/{id.Key}/", StringComparison.Ordinal)).Value ?? "stripe";
            path = path.Replace($"{{{name}}}", Uri.EscapeDataString(field.In == "path" && field.Name == name ? payload : good), StringComparison.Ordinal);
        }

        if (field.In == "query")
            path += $"?{field.Name}={Uri.EscapeDataString(payload)}";
        HttpContent? content = null;
        if (field.Body.Length > 0)
        {
            var body = new JsonObject();
            foreach (var name in field.Body.Where(name => Good.ContainsKey(name) && (name != "reason" || field.In != "path")))
                body[name] = Good[name].DeepClone();
            if (field.In == "body")
                body[field.Name] = payload;
            content = new StringContent(body.ToJsonString().Replace("{soon}", DateTimeOffset.UtcNow.AddHours(2).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        }

        (string, string)[] key = field.Method == HttpMethod.Post && !path.StartsWith("/dev", StringComparison.Ordinal)
            ? [("Idempotency-Key", field.In == "header" ? Latin(payload) : HostFixture.NewName("key"))]
            : [];
        return caller.SendRawAsync(field.Method, path, content, key);
    }

    private static string Latin(string payload) => payload.Replace('\u2019', '\'');

    /// <summary>Columns, triggers and functions, as text.</summary>
    private static async Task<string> TablesAsync(PostgresHosts hosts) => string.Join('\n', await hosts.Database.QueryAsync(
        """
        SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT proname || ' ' || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT rolname || ' ' || rolsuper::text FROM pg_roles
        ORDER BY 1
        """));

    /// <summary>A booking that nobody touches, with all that was written about it.</summary>
    private static async Task<string> RowAsync(PostgresHosts hosts, string id) => (await hosts.Database.ScalarAsync(
        $"""
        SELECT concat_ws(' ', c, p, (SELECT string_agg(a::text, ';' ORDER BY a.id) FROM audit_log AS a WHERE a.charge_id = p.id))
        FROM consultations AS c JOIN consultation_charges AS p ON p.consultation_id = c.id::text WHERE c.id::text = '{id}'
        """))!;

    private sealed record Field(HttpMethod Method, string Path, string Name, string In, string[] Body)
    {
        public override string ToString() => $"{Method} {Path} {In} {Name}";
    }
}
