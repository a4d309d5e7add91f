using System.Text;
using System.Text.Json;
using CsCheck;
using Curaway.Payments.Stripe;

namespace Curaway.Payments.ContractTests.Stripe;

public sealed class StripeDocumentTests
{
    private static readonly string[] Names = ["id", "amount", "object", "metadata", "data", "charge", "i\\u0064", "livemode", "ID", "idé", "other", "calculated_statement_descriptor"];

    private static readonly StripeField[] Asked =
        [StripeField.Id, StripeField.Amount, StripeField.Object, StripeField.Metadata, StripeField.Data, StripeField.Charge, StripeField.Livemode];

    private static readonly string[] Scalars =
        ["null", "true", "false", "0", "-12", "1.5", "1e3", "9223372036854775807", "9223372036854775808", "\"\"", "\"a\"", "\"\\u0061\\n\\\"\"", "\"é😀\""];

    private static readonly Gen<string> Scalar = Gen.Int[0, Scalars.Length - 1].Select(index => Scalars[index]);

    private static readonly Gen<string> Json = Gen.Recursive<string>((depth, inner) => depth > 4 ? Scalar : Gen.OneOf(
        Scalar,
        Gen.Select(Gen.Int[0, Names.Length - 1].Select(index => Names[index]), inner, (name, value) => $"\"{name}\" : {value}").Array[0, 6].Select(fields => $"{{{string.Join(" , ", fields)}}}"),
        inner.Array[0, 3].Select(items => $"[{string.Join(",\n", items)}]")));

    [Theory]
    [InlineData("""{"type":1,"captured":"true","amount":"1"}""", null, null, null)]
    [InlineData("""{"type":null,"captured":null,"amount":null}""", null, null, null)]
    [InlineData("""{"type":"a","captured":true,"amount":1}""", "a", true, 1L)]
    [InlineData("""{"type":"","captured":false,"amount":0}""", "", false, 0L)]
    [InlineData("""{"amount":1.5}""", null, null, null)]
    [InlineData("""{"amount":9223372036854775808}""", null, null, null)]
    [InlineData("""["type"]""", null, null, null)]
    [InlineData("\"type\"", null, null, null)]
    public void A_field_of_another_type_is_not_there(string json, string? text, bool? flag, long? number)
    {
        var read = Read(json);

        Assert.Equal((text, flag, number), (read.Text(StripeField.Type), read.Flag(StripeField.Captured), read.Number(StripeField.Amount)));
    }

    [Fact]
    public void Of_a_name_that_stands_there_twice_the_last_counts() => Assert.Equal("b", Read("""{"id":"a","ID":"x","id":"b"}""").Text(StripeField.Id));

    [Fact]
    public void A_field_inside_one_that_is_not_ours_is_not_ours() => Assert.Null(Read("""{"next_action":{"id":"a"}}""").Text(StripeField.Id));

    [Fact]
    public void A_text_that_is_not_unicode_throws_when_it_is_asked_for_and_not_before()
    {
        byte[] json = [.. "{\"type\":\""u8, 0xFF, .. "\",\"id\":\"a\",\""u8, 0xFF, .. "\":1}"u8];
        var read = StripeDocument.Parse(json).Root;

        Assert.Equal("a", read.Text(StripeField.Id));
        Assert.Throws<InvalidOperationException>(() => read.Text(StripeField.Type));
    }

    [Fact]
    public void A_name_that_is_not_unicode_hides_none_of_its_neighbours() =>
        Assert.Equal("a", Read("""{"\ud800":1,"\udc00id":2,"id":"a","metadata":{"\ud83d":"x"}}""").Text(StripeField.Id));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"id":"a"}x""")]
    [InlineData("""{"id":"a"}{}""")]
    [InlineData("""{"next_action":[}]}""")]
    [InlineData("""{"next_action":{"a":1,}}""")]
    [InlineData("<html>")]
    public void What_is_no_json_up_to_its_last_byte_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => Read(json));

    [Fact]
    public void More_fields_than_usual_are_kept_all()
    {
        var read = Read($"[{string.Join(',', Enumerable.Range(0, 1000).Select(number => $$"""{"amount":{{number}}}"""))}]");

        Assert.Equal(Enumerable.Range(0, 1000).Select(number => (long?)number), read.Items.Select(item => item.Number(StripeField.Amount)));
    }

    [Fact]
    public void It_reads_what_a_whole_document_would_read() => Json.Sample(json =>
    {
        using var whole = JsonDocument.Parse(json);
        using var document = StripeDocument.Parse(Encoding.UTF8.GetBytes(json));
        AssertSame(whole.RootElement, document.Root);
    });

    private static void AssertSame(JsonElement whole, StripeValue value)
    {
        Assert.Equal((whole.ValueKind == JsonValueKind.Object, whole.ValueKind == JsonValueKind.Array), (value.IsObject, value.IsArray));
        if (value.IsArray)
        {
            foreach (var (item, other) in whole.EnumerateArray().Zip(value.Items, (item, other) => (item, other)))
                AssertSame(item, other);
            Assert.Equal(whole.GetArrayLength(), value.Items.Count());
        }

        foreach (var field in Asked)
        {
            var found = value.IsObject && whole.TryGetProperty(WireName.Of(field), out var there) ? there : default;
            Assert.Equal(found.ValueKind == JsonValueKind.String ? found.GetString() : null, value.Text(field));
            Assert.Equal(found.ValueKind == JsonValueKind.String && found.ValueEquals("a"), value.Has(field, "a"));
            Assert.Equal(found.ValueKind is JsonValueKind.True or JsonValueKind.False ? found.GetBoolean() : null, value.Flag(field));
            Assert.Equal(found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out var number) ? number : null, value.Number(field));
            if (found.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                AssertSame(found, value[field]);
        }
    }

    private static StripeValue Read(string json) => StripeDocument.Parse(Encoding.UTF8.GetBytes(json)).Root;
}
