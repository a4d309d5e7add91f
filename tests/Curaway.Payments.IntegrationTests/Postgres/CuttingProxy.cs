using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>A wire to the server that breaks at the worst moment: around a COMMIT.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    /// <summary>Where the next COMMIT is cut.</summary>
    public enum Cut
    {
        /// <summary>Nowhere.</summary>
        None,

        /// <summary>The server never gets it.</summary>
        Request,

        /// <summary>The server commits and its answer is lost.</summary>
        Reply,
    }

    private static readonly byte[] Commit = "COMMIT\0"u8.ToArray();

    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _open = [];
    private readonly Task _accepting;
    private int _next;
    private int _cutCount;

    public CuttingProxy(int serverPort)
    {
        _listener.Start();
        _accepting = AcceptAsync(serverPort);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int CutCount => _cutCount;

    public void CutNext(Cut where) => Interlocked.Exchange(ref _next, (int)where);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var client in _open)
            client.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync(int serverPort)
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _open.Add(client);
            _ = RelayAsync(client, serverPort);
        }
    }

    private async Task RelayAsync(TcpClient client, int serverPort)
    {
        var server = new TcpClient();
        _open.Add(server);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, serverPort, _stop.Token);
            client.NoDelay = server.NoDelay = true;
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server is down: its client hears so.
            client.Close();
            return;
        }

        var isReplyCut = false;
        var toServer = PumpAsync(client, server, chunk =>
        {
            if (chunk.IndexOf(Commit) < 0)
                return true;
            var where = (Cut)Interlocked.Exchange(ref _next, (int)Cut.None);
            isReplyCut |= where == Cut.Reply;
            if (where == Cut.Request)
                Interlocked.Increment(ref _cutCount);
            return where != Cut.Request;
        });
        var toClient = PumpAsync(server, client, _ =>
        {
            if (isReplyCut)
                Interlocked.Increment(ref _cutCount);
            return !isReplyCut;
        });
        await Task.WhenAny(toServer, toClient);
        client.Client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Close();
        server.Close();
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<ReadOnlySpan<byte>, bool> passes)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is var count and > 0 && passes(buffer.AsSpan(0, count)))
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _stop.Token);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The other end went away: so does this one.
        }
    }
}
