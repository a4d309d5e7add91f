using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Curaway.Payments.SampleHost.Idempotency;

/// <summary>An answer that was given.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="Location">The header, when there was one.</param>
/// <param name="Body">The bytes.</param>
internal sealed record KeptAnswer(int Status, string? ContentType, string? Location, byte[] Body)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>
    /// Seals the answer under the caller's own key, of which the table keeps a hash only. An answer may hold a checkout
    /// link, and a copied database must not give one away.
    /// </summary>
    public string Seal(string key)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(this);
        var sealedBytes = new byte[NonceBytes + plain.Length + TagBytes];
        var nonce = sealedBytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(CipherKeyOf(key), TagBytes);
        cipher.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceBytes, plain.Length), sealedBytes.AsSpan(NonceBytes + plain.Length));
        return Convert.ToBase64String(sealedBytes);
    }

    public static KeptAnswer Open(string text, string key)
    {
        var sealedBytes = Convert.FromBase64String(text);
        var plain = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(CipherKeyOf(key), TagBytes);
        cipher.Decrypt(sealedBytes.AsSpan(0, NonceBytes), sealedBytes.AsSpan(NonceBytes, plain.Length), sealedBytes.AsSpan(NonceBytes + plain.Length), plain);
        return JsonSerializer.Deserialize<KeptAnswer>(plain)!;
    }

    private static byte[] CipherKeyOf(string key) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(key), 32, info: "curaway idempotency answer"u8.ToArray());
}
