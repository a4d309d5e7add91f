using System.Globalization;
using Npgsql;

namespace Curaway.Payments;

/// <summary>
/// Reads what hosting platforms put into <c>DATABASE_URL</c>. Not by <see cref="Uri"/>, which takes a raw <c>#</c> for a
/// fragment and quietly drops the rest of the password. No message shows any part of the text but a parameter's name.
/// </summary>
public static class PostgresConnectionString
{
    private static readonly string[] Schemes = ["postgresql://", "postgres://"];

    // What libpq calls them, by what Npgsql calls them. Npgsql's own names work too.
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslnegotiation"] = "SSL Negotiation",
        ["channel_binding"] = "Channel Binding",
        ["gssencmode"] = "GSS Encryption Mode",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["target_session_attrs"] = "Target Session Attributes",
        ["client_encoding"] = "Client Encoding",
        ["options"] = "Options",
        ["schema"] = "Search Path",
        ["host"] = "Host",
        ["port"] = "Port",
        ["user"] = "Username",
        ["password"] = "Password",
        ["dbname"] = "Database",
    };

    /// <summary>
    /// Npgsql's form of either form, for a host that keeps tables of its own in the same database: one
    /// <see cref="NpgsqlDataSource"/> for both, so that a session row and its charge share one pool. Thread-safe.
    /// </summary>
    /// <param name="text"><c>postgres://…</c>, <c>postgresql://…</c>, or <c>Host=…;Username=…</c>. A secret.</param>
    /// <returns>A connection string for Npgsql; as secret as what it was made of.</returns>
    /// <exception cref="FormatException">The text is neither, and why.</exception>
    public static string Parse(string text)
    {
        var trimmed = text.Trim();
        var scheme = Schemes.FirstOrDefault(scheme => trimmed.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));
        var builder = scheme is null ? ParsePairs(trimmed) : ParseUri(trimmed[scheme.Length..]);
        if (string.IsNullOrWhiteSpace(builder.Host))
            throw new FormatException("The database connection string names no host.");
        builder.ApplicationName ??= "curaway-payments";
        // The store has some forty statements; parsed once for each connection they cost about a third less.
        if (!builder.ShouldSerialize("Max Auto Prepare"))
            (builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (64, 2);
        // An error must not carry the values of a row.
        builder.IncludeErrorDetail = false;
        return builder.ToString();
    }

    private static NpgsqlConnectionStringBuilder ParsePairs(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal) && !text.Contains('='))
            throw new FormatException("The database URL must begin with postgres:// or postgresql://.");
        try
        {
            return new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            throw new FormatException("The database connection string is neither a postgres:// URI nor of the form Host=…;Username=…;Password=…;Database=….");
        }
    }

    private static NpgsqlConnectionStringBuilder ParseUri(string rest)
    {
        if (rest.Contains('#'))
            throw new FormatException("The database URL holds a raw '#'. In a user name or password it is written %23.");

        var (address, query) = SplitFirst(rest, '?');
        var (authority, path) = SplitFirst(address, '/');
        if (path?.Contains('@') is true || query?.Contains('@') is true)
            throw new FormatException("The database URL holds a raw '/' or '?' before its '@'. In a user name or password they are written %2F and %3F.");

        var builder = new NpgsqlConnectionStringBuilder();
        var at = authority.LastIndexOf('@');
        if (at >= 0)
            SetUser(builder, authority[..at]);
        SetHost(builder, authority[(at + 1)..]);
        if (!string.IsNullOrEmpty(path))
            builder.Database = Decode(path, "database name");
        foreach (var pair in query?.Split('&', StringSplitOptions.RemoveEmptyEntries) ?? [])
            SetParameter(builder, pair);
        return builder;
    }

    // Split before decoding: a password may hold an encoded ':'.
    private static void SetUser(NpgsqlConnectionStringBuilder builder, string userInfo)
    {
        var (user, password) = SplitFirst(userInfo, ':');
        if (user.Length > 0)
            builder.Username = Decode(user, "user name");
        if (password is not null)
            builder.Password = Decode(password, "password");
    }

    private static void SetHost(NpgsqlConnectionStringBuilder builder, string hostAndPort)
    {
        if (hostAndPort.Contains(','))
        {
            builder.Host = hostAndPort;
            return;
        }

        var bracket = hostAndPort.IndexOf(']');
        if (hostAndPort.StartsWith('[') != bracket > 0)
            throw new FormatException("The database URL's IPv6 address must stand in brackets: [::1].");
        var host = bracket > 0 ? hostAndPort[1..bracket] : SplitFirst(hostAndPort, ':').Before;
        var port = bracket > 0 ? hostAndPort[(bracket + 1)..] : hostAndPort[host.Length..];
        if (host.Length > 0)
            builder.Host = Decode(host, "host");
        if (port is not ("" or ":"))
            builder.Port = ReadPort(port);
    }

    private static int ReadPort(string port) =>
        port[0] == ':' && int.TryParse(port.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535
            ? number
            : throw new FormatException("The database URL's port must be 1 to 65535. An IPv6 address stands in brackets: [::1].");

    private static void SetParameter(NpgsqlConnectionStringBuilder builder, string pair)
    {
        var (key, value) = SplitFirst(pair, '=');
        var name = Decode(key, "parameter");
        try
        {
            var text = Decode(value ?? "", name);
            builder[Names.GetValueOrDefault(name, name)] = name.Equals("sslmode", StringComparison.OrdinalIgnoreCase)
                ? text.Replace("-", "", StringComparison.Ordinal)
                : text;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            throw new FormatException($"The database URL's parameter '{name}' is unknown, or its value is not one it takes.");
        }
    }

    private static string Decode(string text, string what)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                throw new FormatException($"The database URL's {what} holds a raw '%'. It is written %25.");
        }

        return Uri.UnescapeDataString(text);
    }

    private static (string Before, string? After) SplitFirst(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }
}
