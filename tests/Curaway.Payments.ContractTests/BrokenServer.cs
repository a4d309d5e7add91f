using System.Net;
using System.Net.Sockets;

namespace Curaway.Payments.ContractTests;

/// <summary>What no HTTP stub can do: refuse a connection, or reset it after the request was read.</summary>
internal sealed class BrokenServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Task _serving = Task.CompletedTask;

    /// <summary>A loopback address where nobody listens.</summary>
    public static Uri ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return AddressOf(listener);
    }

    /// <summary>A loopback address that reads a request and answers with a TCP reset.</summary>
    public Uri ResettingPort()
    {
        _listener.Start();
        _serving = ServeAsync();
        return AddressOf(_listener);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                using var socket = await _listener.AcceptSocketAsync();
                await socket.ReceiveAsync(buffer);
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException) // Disposed, or not listening any more.
            {
                return;
            }
        }
    }

    private static Uri AddressOf(TcpListener listener) => new($"http://{listener.LocalEndpoint}");
}
