using System;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Egress.Grpc;
using Egress.Observe.Tests.Clients;
using FluentAssertions;
using Xunit;

namespace Egress.Observe.Tests.Service;

/// <summary>TLS and mutual TLS, with authorities made for the test.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Method = "observer.Observer/ServerStatus";
    private readonly string _directory = Directory.CreateTempSubdirectory("egt-tls-").FullName;
    private readonly X509Certificate2 _authority = Authority("the test's");
    private readonly X509Certificate2 _other = Authority("another's");

    [Fact]
    public async Task Tls_WithTheRightAuthority_Serves()
    {
        await using ServedObserver served = await ServedObserver.StartAsync(tls: new(Issue(_authority, "localhost", "1.3.6.1.5.5.7.3.1"), null));

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, "{}", "--ca", Write("ca.pem", _authority.ExportCertificatePem()));

        answer.Status.Should().Be("OK");
    }

    [Fact]
    public async Task Tls_WithAnotherAuthority_IsRefusedByTheClient()
    {
        await using ServedObserver served = await ServedObserver.StartAsync(tls: new(Issue(_authority, "localhost", "1.3.6.1.5.5.7.3.1"), null));

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, "{}", "--raw", "", "--ca", Write("ca.pem", _other.ExportCertificatePem()));

        answer.Status.Should().Be("UNAVAILABLE");
    }

    [Theory]
    [InlineData("none", "UNAVAILABLE")]
    [InlineData("other", "UNAVAILABLE")]
    [InlineData("server's use", "UNAVAILABLE")]
    [InlineData("right", "OK")]
    public async Task MutualTls_ServesOnlyClientsOfItsAuthority(string shown, string status)
    {
        GrpcTls tls = new(Issue(_authority, "localhost", "1.3.6.1.5.5.7.3.1"), [X509CertificateLoader.LoadCertificate(_authority.RawData)]);
        await using ServedObserver served = await ServedObserver.StartAsync(tls: tls);
        string ca = Write("ca.pem", _authority.ExportCertificatePem());
        using X509Certificate2 client = Issue(shown == "other" ? _other : _authority, "client", shown == "server's use" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2");
        string[] certificate = shown == "none" ? [] :
            ["--cert", Write("client.pem", client.ExportCertificatePem()), "--key", Write("client.key", client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem())];

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, "{}", ["--raw", "", "--ca", ca, .. certificate]);

        answer.Status.Should().Be(status);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static X509Certificate2 Authority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, string use)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: true));
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        using X509Certificate2 issued = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(50), serial);
        return issued.CopyWithPrivateKey(key);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
