using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Curaway.Payments.Stripe;

/// <summary>
/// A body of Stripe's: one pass over its bytes, which remembers where the fields of <see cref="StripeField"/> stand and skips
/// all others with everything inside them. No value is read, and no text made, before somebody asks. Disposing gives back the
/// memory; what was taken out of it must not be asked afterwards.
/// </summary>
internal sealed class StripeDocument : IDisposable
{
    private const int UsualFieldCount = 64;
    private const int EscapedLength = 6; // A character as \u0000.

    private static readonly FrozenDictionary<string, StripeField> Names =
        Enum.GetValues<StripeField>().Where(field => field != StripeField.None).ToFrozenDictionary(WireName.Of);

    private static readonly FrozenDictionary<string, StripeField>.AlternateLookup<ReadOnlySpan<char>> Fields =
        Names.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly int NameLengthMax = EscapedLength * Names.Keys.Max(name => name.Length);

    private readonly ReadOnlyMemory<byte> _bytes;
    private Kept[] _kept = ArrayPool<Kept>.Shared.Rent(UsualFieldCount);
    private int _count;

    private StripeDocument(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    public StripeValue Root => new(this, 0);

    /// <exception cref="JsonException">The body is no JSON, up to its last byte.</exception>
    public static StripeDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        var document = new StripeDocument(bytes);
        var reader = new Utf8JsonReader(bytes.Span);
        reader.Read();
        document.Keep(ref reader, StripeField.None);
        // Anything behind the value makes the reader throw.
        reader.Read();
        return document;
    }

    public void Dispose()
    {
        ArrayPool<Kept>.Shared.Return(_kept);
        _kept = [];
    }

    public JsonTokenType KindAt(int index) => _kept[index].Kind;

    /// <summary>A reader that stands on the first token of the value.</summary>
    public Utf8JsonReader ReaderAt(int index)
    {
        var reader = new Utf8JsonReader(_bytes.Span[_kept[index].Start.._kept[index].End]);
        reader.Read();
        return reader;
    }

    /// <summary>The field of an object; of a name that stands there twice the last one, and nothing for one that does not.</summary>
    public StripeValue FieldAt(int index, StripeField field)
    {
        var found = default(StripeValue);
        for (var i = index + 1; i < _kept[index].Next; i = _kept[i].Next)
        {
            if (_kept[i].Field == field)
                found = new StripeValue(this, i);
        }

        return found;
    }

    public IEnumerable<StripeValue> ItemsAt(int index)
    {
        for (var i = index + 1; i < _kept[index].Next; i = _kept[i].Next)
            yield return new StripeValue(this, i);
    }

    // The reader stands on the value's first token, and afterwards on its last.
    private void Keep(ref Utf8JsonReader reader, StripeField field)
    {
        if (_count == _kept.Length)
            Grow();
        var index = _count++;
        var (kind, start) = (reader.TokenType, (int)reader.TokenStartIndex);
        if (kind == JsonTokenType.StartObject)
            KeepFields(ref reader);
        else if (kind == JsonTokenType.StartArray)
            KeepItems(ref reader);
        _kept[index] = new Kept(field, kind, start, (int)reader.BytesConsumed, _count);
    }

    private void KeepFields(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var field = FieldOf(ref reader);
            reader.Read();
            if (field == StripeField.None)
                reader.Skip();
            else
                Keep(ref reader, field);
        }
    }

    private void KeepItems(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            Keep(ref reader, StripeField.None);
    }

    private void Grow()
    {
        var larger = ArrayPool<Kept>.Shared.Rent(2 * _kept.Length);
        _kept.CopyTo(larger, 0);
        ArrayPool<Kept>.Shared.Return(_kept);
        _kept = larger;
    }

    private static StripeField FieldOf(ref Utf8JsonReader reader)
    {
        var bytes = reader.ValueSpan;
        if (bytes.Length > NameLengthMax)
            return StripeField.None;
        Span<char> name = stackalloc char[NameLengthMax];
        var length = 0;
        if (reader.ValueIsEscaped ? !TryUnescape(ref reader, name, out length) : Ascii.ToUtf16(bytes, name, out length) != OperationStatus.Done)
            return StripeField.None;
        return Fields.TryGetValue(name[..length], out var field) ? field : StripeField.None;
    }

    // Half a surrogate is no name of ours, and no reason to lose its neighbours.
    private static bool TryUnescape(ref Utf8JsonReader reader, scoped Span<char> name, out int length)
    {
        try
        {
            length = reader.CopyString(name);
            return true;
        }
        catch (InvalidOperationException)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>Where a value stands: its bytes, and the place of the next one beside it.</summary>
    private readonly record struct Kept(StripeField Field, JsonTokenType Kind, int Start, int End, int Next);
}
