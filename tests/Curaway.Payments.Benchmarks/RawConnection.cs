using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Curaway.Payments.Benchmarks;

/// <summary>What a server answered.</summary>
internal readonly record struct RawAnswer(int Status, bool IsDuplicate);

/// <summary>One kept-alive connection that costs next to nothing, so that the load takes little of the machine it measures.</summary>
internal sealed class RawConnection(IPEndPoint server) : IDisposable
{
    private static ReadOnlySpan<byte> HeadEnd => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> LastChunk => "0\r\n\r\n"u8;

    private readonly byte[] _buffer = new byte[8192];
    private Socket? _socket;

    /// <summary>Sends a request and reads its answer. Connects when it has to.</summary>
    public async ValueTask<RawAnswer> SendAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        try
        {
            if (_socket is null)
            {
                _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await _socket.ConnectAsync(server, ct);
            }

            for (var sent = 0; sent < request.Length;)
                sent += await _socket.SendAsync(request[sent..], ct);
            var length = 0;
            do
            {
                var count = await _socket.ReceiveAsync(_buffer.AsMemory(length), ct);
                if (count == 0)
                    throw new IOException("The server closed the connection.");
                length += count;
            }
            while (!IsWhole(_buffer.AsSpan(0, length)));
            return AnswerOf(_buffer.AsSpan(0, length));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf(HeadEnd);
        if (head < 0)
            return false;
        return LengthOf(answer[..head]) is { } length ? answer.Length >= head + HeadEnd.Length + length : answer.EndsWith(LastChunk);
    }

    private static int? LengthOf(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) ? length : null;
    }

    private static RawAnswer AnswerOf(ReadOnlySpan<byte> answer) => new(
        Utf8Parser.TryParse(answer.Slice(9, 3), out int status, out _) ? status : 0, answer.IndexOf("DUPLICATE"u8) >= 0);
}
