using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Egress.Agent.Settings;
using Egress.Observe.Service;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Egress.Agent.Web;

/// <summary>What the agent serves over TCP: metrics, probes, and the page that shows flows. Nothing can be changed through it.</summary>
public sealed class WebServer : IAsyncDisposable
{
    private const int MaxConnections = 256;
    private static readonly Dictionary<string, (string Resource, string Type)> Files = new(StringComparer.Ordinal)
    {
        ["/"] = ("index.html", "text/html; charset=utf-8"),
        ["/style.css"] = ("style.css", "text/css; charset=utf-8"),
        ["/flows.js"] = ("flows.js", "text/javascript; charset=utf-8"),
        ["/app.js"] = ("app.js", "text/javascript; charset=utf-8"),
        ["/map.js"] = ("map.js", "text/javascript; charset=utf-8"),
    };

    private readonly WebApplication _application;

    private WebServer(WebApplication application) => _application = application;

    /// <summary>Starts to listen; null where the settings say nowhere.</summary>
    /// <param name="settings">Where, and who gets the page.</param>
    /// <param name="node">This node's name.</param>
    /// <param name="metrics">Writes the metrics.</param>
    /// <param name="ready">Why the agent is not ready; null where it is.</param>
    /// <param name="observer">Has the flows.</param>
    /// <exception cref="AgentException">The address can't be had.</exception>
    public static async Task<WebServer?> StartAsync(HttpSettings settings, string node, Func<string> metrics, Func<string?> ready, ObserverService observer)
    {
        if (settings.Listen.Length == 0)
        {
            return null;
        }

        IPEndPoint listen = IPEndPoint.Parse(settings.Listen);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = MaxConnections;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MinResponseDataRate = null; // the page follows flows, and there may be none for long
            options.Listen(listen, socket => socket.Protocols = HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        bool page = settings.Page == PageSetting.Everyone || (settings.Page == PageSetting.Loopback && IPAddress.IsLoopback(listen.Address));
        WebFlows flows = new(observer);
        application.Run(context => HandleAsync(context, node, metrics, ready, page ? flows : null));
        try
        {
            await application.StartAsync().ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new AgentException($"http.listen: {exception.Message}", exception);
        }

        return new(application);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(1));
        await _application.StopAsync(soon.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private static Task HandleAsync(HttpContext context, string node, Func<string> metrics, Func<string?> ready, WebFlows? flows)
    {
        HttpResponse response = context.Response;
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return TextAsync(response, StatusCodes.Status405MethodNotAllowed, "only GET\n");
        }

        switch (context.Request.Path.Value)
        {
            case "/metrics":
                response.ContentType = Metrics.PrometheusText.ContentType;
                return response.WriteAsync(metrics());
            case "/healthz":
                return TextAsync(response, StatusCodes.Status200OK, "ok\n");
            case "/readyz":
                string? why = ready();
                return TextAsync(response, why is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, (why ?? "ok") + "\n");
        }

        if (flows is null || !IsMeant(context.Request.Host.Host, node))
        {
            return TextAsync(response, StatusCodes.Status404NotFound, "not here\n");
        }

        return context.Request.Path.Value switch
        {
            "/api/flows" => flows.StreamAsync(context),
            "/api/why" => flows.WhyAsync(context),
            { } path when Files.TryGetValue(path, out (string Resource, string Type) file) => FileAsync(response, file.Resource, file.Type),
            _ => TextAsync(response, StatusCodes.Status404NotFound, "not here\n"),
        };
    }

    // A page elsewhere may have its name lead to this address (DNS rebinding): requests for names that are not this host's are not answered.
    private static bool IsMeant(string host, string node) => host == "localhost" || host == node || IPAddress.TryParse(host.Trim('[', ']'), out _);

    private static Task FileAsync(HttpResponse response, string resource, string type)
    {
        response.ContentType = type;
        response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-cache";
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("page/" + resource)!;
        using MemoryStream whole = new();
        stream.CopyTo(whole);
        return response.Body.WriteAsync(whole.ToArray()).AsTask();
    }

    private static Task TextAsync(HttpResponse response, int status, string text)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(text);
    }
}
