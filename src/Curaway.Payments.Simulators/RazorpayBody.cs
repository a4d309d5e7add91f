using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>A JSON request body read as strictly as the provider reads it: unknown fields and fractional amounts are refused.</summary>
internal sealed class RazorpayBody
{
    private const int NotesMax = 15;
    private const int NoteCharactersMax = 256;
    private readonly JsonObject _json;

    /// <exception cref="RazorpayException">Not a JSON object.</exception>
    public RazorpayBody(byte[] body, bool mayBeEmpty = false)
    {
        _json = body.Length == 0 && mayBeEmpty
            ? []
            : SimulatorJson.TryObject(body) ?? throw RazorpayErrors.Invalid("The request body is not valid JSON.");
    }

    private RazorpayBody(JsonObject json) => _json = json;

    public bool Has(string name) => _json.ContainsKey(name);

    public void Allow(params ReadOnlySpan<string> names)
    {
        foreach (var (name, _) in _json)
            if (!names.Contains(name))
                throw RazorpayErrors.Invalid($"{name} is/are not required and should not be sent", name, "extra_field_sent");
    }

    public string? Text(string name) => _json[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw RazorpayErrors.Invalid($"The {name} must be a string.", name),
    };

    public bool Flag(string name) => _json.Flag(name);

    public long? Number(string name) => _json[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        _ => throw RazorpayErrors.Invalid($"The {name} must be an integer.", name),
    };

    public long Required(string name) => Number(name) ?? throw RazorpayErrors.Invalid($"{name}: is required.", name);

    public string RequiredText(string name) => Text(name) ?? throw RazorpayErrors.Invalid($"{name}: is required.", name);

    public RazorpayBody? Nested(string name) => _json[name] switch
    {
        null => null,
        JsonObject nested => new RazorpayBody(nested),
        _ => throw RazorpayErrors.Invalid($"The {name} must be an object.", name),
    };

    public JsonObject Notes()
    {
        var notes = _json["notes"] switch
        {
            null => [],
            JsonArray { Count: 0 } => [],
            JsonObject found => found.DeepClone().AsObject(),
            _ => throw RazorpayErrors.Invalid("The notes must be an object.", "notes"),
        };
        if (notes.Count > NotesMax) throw RazorpayErrors.Invalid("Number of fields in notes should be less than or equal to 15.", "notes");
        foreach (var (key, value) in notes)
            if (key.Length > NoteCharactersMax || value?.ToString().Length > NoteCharactersMax)
                throw RazorpayErrors.Invalid("A note may have up to 256 characters.", "notes");
        return notes;
    }
}
