using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Event;
using Akka.Remote.Transport.DotNetty;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// The certificate of a node and the authority that it believes: a private one, made for one cluster (<see cref="Create"/>). Whoever has a certificate of that
/// authority is a node; nobody else is, whatever authorities the machine trusts. Both sides of a connection show theirs; the one that calls checks that the
/// certificate is for the host that it called.
/// </summary>
/// <remarks>On disk: <c>FOLDER/authority.pem</c> and <c>authority.key</c>, which stay where certificates are made, and <c>FOLDER/NAME/</c> with <c>authority.pem</c>, <c>node.pem</c> and <c>node.key</c>, which go to the node.</remarks>
public sealed class NodeCertificates
{
    private const string AuthorityFile = "authority.pem";
    private const string AuthorityKeyFile = "authority.key";
    private const string NodeFile = "node.pem";
    private const string NodeKeyFile = "node.key";

    private NodeCertificates(X509Certificate2 node, X509Certificate2 authority) => (Node, Authority) = (node, authority);

    /// <summary>The certificate of this node, with its key.</summary>
    public X509Certificate2 Node { get; }

    /// <summary>The authority.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>Reads the folder of a node.</summary>
    /// <exception cref="NodeStartException">Something is missing, cannot be read, or does not belong together.</exception>
    public static NodeCertificates Load(string folder)
    {
        try
        {
            var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, AuthorityFile));
            using var pair = X509Certificate2.CreateFromPemFile(Path.Combine(folder, NodeFile), Path.Combine(folder, NodeKeyFile));

            // Not every platform can speak TLS with a key that was never in a store or a file of its own.
            var node = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), password: null);
            var loaded = new NodeCertificates(node, authority);
            return loaded.Refusal(node, SslPolicyErrors.None) is { } fault
                ? throw new NodeStartException($"The certificate in '{folder}' cannot be used: {fault}.")
                : loaded;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new NodeStartException($"The certificates in '{folder}' cannot be read: {fault.Message.TrimEnd('.')}. 'certificates' makes a folder with {AuthorityFile}, {NodeFile} and {NodeKeyFile} for each node.");
        }
    }

    /// <summary>
    /// Makes a certificate for a node, and the authority before it if there is none. Keys are on the curve P-256; only their owner can read the files.
    /// Nothing that is there is overwritten.
    /// </summary>
    /// <param name="folder">The folder of the authority.</param>
    /// <param name="hosts">The addresses and names by which others call the node.</param>
    /// <param name="now">The time.</param>
    /// <param name="lasts">How long the certificate lasts.</param>
    /// <returns>The folder that goes to the node.</returns>
    /// <exception cref="NodeStartException">There is a certificate for that node already, the authority cannot be read, or the folder not be written.</exception>
    public static string Create(string folder, IReadOnlyList<string> hosts, DateTimeOffset now, TimeSpan lasts)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var own = Path.Combine(folder, hosts[0]);
        try
        {
            if (Directory.Exists(own))
            {
                throw new NodeStartException($"There is a certificate for '{hosts[0]}' in '{own}' already; remove that folder to make another.");
            }

            MakeFolder(folder);
            using var authority = OpenAuthority(folder, now);
            if (authority.NotAfter < (now + lasts).LocalDateTime)
            {
                throw new NodeStartException($"The authority in '{folder}' lasts until {authority.NotAfter.ToUniversalTime():yyyy-MM-dd} only; no certificate of it lasts longer.");
            }

            MakeFolder(own);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={hosts[0]}, O=ActorMultiscale", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            foreach (var host in hosts)
            {
                if (IPAddress.TryParse(host, out var address))
                {
                    names.AddIpAddress(address);
                }
                else
                {
                    names.AddDnsName(host);
                }
            }

            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));

            // Every node calls others and is called.
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
            using var certificate = request.Create(authority, Begins(now), now + lasts, RandomNumberGenerator.GetBytes(16));
            Write(Path.Combine(own, NodeKeyFile), key.ExportPkcs8PrivateKeyPem());
            Write(Path.Combine(own, NodeFile), certificate.ExportCertificatePem());
            Write(Path.Combine(own, AuthorityFile), authority.ExportCertificatePem());
            return own;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new NodeStartException($"No certificate can be made in '{folder}': {fault.Message}");
        }
    }

    /// <summary>Why a certificate of another is not believed, as a part of a sentence; null if it is.</summary>
    /// <param name="certificate">What the other showed.</param>
    /// <param name="errors">What the connection has found; a name that does not match counts, the machine's trusted authorities do not.</param>
    public string? Refusal(X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "there is no certificate";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"the certificate of '{certificate.Subject}' is not for the host that was called";
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate) ? null
            : $"the certificate of '{certificate.Subject}' is not one of this cluster's authority, or its time is over ({string.Join(", ", chain.ChainStatus.Select(status => status.Status))})";
    }

    internal DotNettySslSetup Setup() => new(Node, suppressValidation: false, requireMutualAuthentication: true, validateCertificateHostname: true, (certificate, _, peer, errors, log) =>
    {
        var refusal = Refusal(certificate, errors);
        if (refusal is not null)
        {
            log.Error("A connection with {0} is refused: {1}", peer, refusal);
        }

        return refusal is null;
    });

    // Clocks of nodes differ a little.
    private static DateTimeOffset Begins(DateTimeOffset now) => now.AddHours(-1);

    private static X509Certificate2 OpenAuthority(string folder, DateTimeOffset now)
    {
        var (file, keyFile) = (Path.Combine(folder, AuthorityFile), Path.Combine(folder, AuthorityKeyFile));
        if (File.Exists(file) || File.Exists(keyFile))
        {
            return X509Certificate2.CreateFromPemFile(file, keyFile);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ActorMultiscale cluster authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var authority = request.CreateSelfSigned(Begins(now), now.AddYears(10));
        Write(keyFile, key.ExportPkcs8PrivateKeyPem());
        Write(file, authority.ExportCertificatePem());
        return authority;
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void Write(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new StreamWriter(path, options);
        file.WriteLine(text);
    }
}
