using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Egress.Agent.Engine;
using Egress.Agent.Settings;
using Egress.Engine.Rules;
using Egress.Policies;

namespace Egress.Agent.Policies;

/// <summary>
/// The policies of a directory, followed as its files change. An invalid new object is not enforced; an invalid edit leaves the
/// last good one in force, also over a restart. The same holds for a file that can't be read, or not as YAML: only what is
/// seen to be gone ends. Thread-safe.
/// </summary>
public sealed class PolicyDirectory : IDisposable
{
    private const long MaxFile = 4 * 1024 * 1024;
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Rescan = TimeSpan.FromSeconds(5);

    private readonly string _directory;
    private readonly EngineHost _host;
    private readonly bool _failClosed;
    private readonly Action<string> _log;
    private readonly object _gate = new();
    private readonly GoodPolicies _good;
    private readonly FileSystemWatcher _watcher;
    private readonly Timer _timer;
    private Dictionary<string, PolicyState> _objects = new(StringComparer.Ordinal);
    private string? _fingerprint;
    private string _trouble = string.Empty;

    /// <summary>Watches a directory, which is made if it is not there.</summary>
    public PolicyDirectory(AgentSettings settings, EngineHost host, Action<string> log)
    {
        _directory = settings.PolicyDirectory;
        _host = host;
        _failClosed = settings.InvalidPolicy == InvalidPolicy.FailClosed;
        _log = log;
        Directory.CreateDirectory(_directory);
        _good = new GoodPolicies(Path.Combine(settings.StateDirectory, "policies"), log);
        _timer = new Timer(_ => Scan());
        _watcher = new FileSystemWatcher(_directory);
        _watcher.Changed += (_, _) => Soon();
        _watcher.Created += (_, _) => Soon();
        _watcher.Deleted += (_, _) => Soon();
        _watcher.Renamed += (_, _) => Soon();
    }

    /// <summary>The objects, by name.</summary>
    public IReadOnlyList<PolicyState> List()
    {
        lock (_gate)
        {
            return [.. _objects.Values.OrderBy(state => state.Object.FullName, StringComparer.Ordinal)];
        }
    }

    /// <summary>Reads what is there, and begins to follow it. (Events of the watcher may be lost; a slow rescan finds what they missed.)</summary>
    public void Start()
    {
        _watcher.EnableRaisingEvents = true;
        Scan();
        _timer.Change(Rescan, Rescan);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher.Dispose();
        _timer.Dispose();
    }

    private void Soon()
    {
        try
        {
            _timer.Change(Settle, Rescan);
        }
        catch (ObjectDisposedException)
        {
            // The last event came while stopping.
        }
    }

    private void Scan()
    {
        lock (_gate)
        {
            PolicyFile[] files;
            string trouble = string.Empty;
            try
            {
                files = [.. ReadFiles()];
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // As if each file that was ever good were there and could not be read.
                trouble = $"{_directory} can't be read: {exception.Message}; the policies stay as they are";
                files = [.. _good.All.Select(good => good.File).Distinct().Select(name => new PolicyFile(name, string.Empty, "its directory can't be read"))];
            }

            Tell(trouble);
            string fingerprint = string.Join('\0', files.Select(file => $"{file.Name}\0{file.Text}\0{file.Fault}"));
            if (fingerprint != _fingerprint)
            {
                Take(files);
                _fingerprint = fingerprint;
            }
        }
    }

    private void Tell(string trouble)
    {
        if (trouble.Length > 0 && trouble != _trouble)
        {
            _log(trouble);
        }

        _trouble = trouble;
    }

    private IEnumerable<PolicyFile> ReadFiles()
    {
        foreach (string file in Directory.EnumerateFiles(_directory).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(file)[0] != '.' && Path.GetExtension(file) is ".yaml" or ".yml" or ".json" && ReadFile(file) is { } read)
            {
                yield return read;
            }
        }
    }

    private static PolicyFile? ReadFile(string file)
    {
        try
        {
            return new FileInfo(file).Length > MaxFile
                ? new(file, string.Empty, $"it has more than {MaxFile} bytes")
                : new(file, File.ReadAllText(file), null);
        }
        catch (FileNotFoundException)
        {
            return null; // removed a moment ago
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new(file, string.Empty, exception.Message);
        }
    }

    private void Take(PolicyFile[] files)
    {
        Dictionary<string, PolicyState> objects = new(StringComparer.Ordinal);
        Dictionary<string, string> damaged = new(StringComparer.Ordinal);
        foreach (PolicyFile file in files)
        {
            PolicyDocuments documents = PolicyReader.Read(file.Text, file.Name);
            foreach (Diagnostic diagnostic in documents.Diagnostics)
            {
                _log(diagnostic.ToString());
            }

            if (FaultOf(file, documents) is { } fault)
            {
                damaged[file.Name] = fault;
            }

            foreach (PolicyObject item in documents.Objects.Where(item => item.Supported))
            {
                Take(objects, item, file);
            }
        }

        // What a damaged file does not show may be in the part that can't be read: it is not seen to be gone.
        foreach ((string key, PolicyObject item, string file) in _good.All)
        {
            if (damaged.TryGetValue(file, out string? fault) && !objects.ContainsKey(key))
            {
                _log($"{file}: {fault}; {item.Kind} {item.FullName} stays as it was");
                objects[key] = new(item, file, item.Rules, $"{fault}; what was read last is in force");
            }
        }

        _good.KeepOnly(objects.ContainsKey);
        Rule[] rules = [.. objects.Values.SelectMany(state => state.Enforced)];
        _host.Update(engine => engine.SetRules(rules));
        _objects = objects;
    }

    private void Take(Dictionary<string, PolicyState> objects, PolicyObject item, PolicyFile file)
    {
        string key = GoodPolicies.KeyOf(item);
        if (objects.TryGetValue(key, out PolicyState? first))
        {
            _log($"{file.Name}:{item.Line}: {item.Kind} {item.FullName} is in {first.File} already, which counts");
            return;
        }

        if (item.Valid)
        {
            objects[key] = new(item, file.Name, item.Rules, string.Empty);
            _good.Keep(item, file.Name, file.Text);
            return;
        }

        string message = string.Join("; ", item.Diagnostics.Where(diagnostic => diagnostic.Severity == Severity.Error).Select(diagnostic => $"{diagnostic.Path}: {diagnostic.Message}"));
        objects[key] = new(item, file.Name, _failClosed ? item.FailClosedRules : _good.Find(key)?.Rules ?? [], message);
    }

    /// <summary>Why a file may hold more than what was read of it; null where it does not.</summary>
    private static string? FaultOf(PolicyFile file, PolicyDocuments documents) => file.Fault ?? documents.FileDiagnostics
        .Concat(documents.Objects.Where(item => !item.Supported).SelectMany(item => item.Diagnostics))
        .FirstOrDefault(diagnostic => diagnostic.Severity == Severity.Error)?.Message;

    /// <summary>A file as it was found; with a fault, there is no text.</summary>
    private sealed record PolicyFile(string Name, string Text, string? Fault);
}
