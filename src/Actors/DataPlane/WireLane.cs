using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>One connection of a link, its bytes encrypted or not. All of it is synchronous: a thread that waits in the kernel is woken by it, and by no pool.</summary>
/// <param name="socket">The connection.</param>
/// <param name="stream">Its bytes.</param>
internal sealed class WireLane(Socket socket, Stream stream) : IDisposable
{
    /// <summary>The connection.</summary>
    public Socket Socket => socket;

    /// <summary>Its bytes.</summary>
    public Stream Stream => stream;

    /// <summary>Ends one or both ways; who waits on them comes back. What was handed over before still arrives.</summary>
    public void Shutdown(SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // As was wished.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A stream of TLS says goodbye when it goes, into a connection that may be gone.
        try
        {
            stream.Dispose();
        }
        catch (Exception gone) when (IsBroken(gone))
        {
            // As was wished.
        }

        socket.Dispose();
    }

    /// <summary>Whether <paramref name="fault"/> is what reading or writing throws when a connection has broken.</summary>
    public static bool IsBroken(Exception fault) => fault is IOException or SocketException or ObjectDisposedException or AuthenticationException;

    /// <summary>The lane of a connection. With certificates each end shows its own and looks at the other's.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="certificates">With what; null for plain bytes.</param>
    /// <param name="host">The host that was called, for which the certificate of the other end must be; null where this process was called, and any of the authority will do.</param>
    /// <exception cref="AuthenticationException">The other end has shown none, or another authority's.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static WireLane Of(Socket socket, WireCertificates? certificates, string? host)
    {
        socket.NoDelay = true;
        var plain = new NetworkStream(socket);
        if (certificates is null)
        {
            return new WireLane(socket, plain);
        }

        var why = "";
        bool IsTrusted(X509Certificate? certificate)
        {
            why = Refusal(certificate, certificates, host) ?? "";
            return why.Length == 0;
        }

        var secured = new SslStream(plain);
        var own = SslStreamCertificateContext.Create(certificates.Own, [certificates.Authority], offline: true);
        try
        {
            if (host is null)
            {
                secured.AuthenticateAsServer(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = own,
                    ClientCertificateRequired = true,
                    AllowTlsResume = false,             // Each connection shows its certificate.
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => IsTrusted(certificate),
                });
            }
            else
            {
                secured.AuthenticateAsClient(new SslClientAuthenticationOptions
                {
                    ClientCertificateContext = own,
                    TargetHost = host,
                    AllowTlsResume = false,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => IsTrusted(certificate),
                });
            }
        }
        catch (AuthenticationException fault)
        {
            throw new AuthenticationException(why.Length > 0 ? why : $"It does not speak TLS as this process does: {fault.Message}", fault);
        }

        return new WireLane(socket, secured);
    }

    private static string? Refusal(X509Certificate? certificate, WireCertificates certificates, string? host)
    {
        if (certificate is null)
        {
            return "It has shown no certificate.";
        }

        using var shown = new X509Certificate2(certificate);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(certificates.Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (!chain.Build(shown))
        {
            return $"Its certificate '{shown.Subject}' is not one of this run's authority '{certificates.Authority.Subject}': {string.Join(", ", chain.ChainStatus.Select(status => status.Status))}.";
        }

        return host is not null && !shown.MatchesHostname(host) ? $"Its certificate '{shown.Subject}' is not for the host '{host}'." : null;
    }
}
