using System;
using System.Collections.Generic;
using System.Collections.Immutable;
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
/// last good one in force, also over a restart, for which the good ones are kept in the state directory. Thread-safe.
/// </summary>
public sealed class PolicyDirectory : IDisposable
{
    private const long MaxFile = 4 * 1024 * 1024;
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Rescan = TimeSpan.FromSeconds(5);

    private readonly string _directory;
    private readonly string _goodDirectory;
    private readonly EngineHost _host;
    private readonly bool _failClosed;
    private readonly Action<string> _log;
    private readonly object _gate = new();
    private readonly FileSystemWatcher _watcher;
    private readonly Timer _timer;
    private Dictionary<string, PolicyState> _objects = new(StringComparer.Ordinal);
    private string _fingerprint = string.Empty;

    /// <summary>Watches a directory, which is made if it is not there.</summary>
    public PolicyDirectory(AgentSettings settings, EngineHost host, Action<string> log)
    {
        _directory = settings.PolicyDirectory;
        _goodDirectory = Path.Combine(settings.StateDirectory, "policies");
        _host = host;
        _failClosed = settings.InvalidPolicy == InvalidPolicy.FailClosed;
        _log = log;
        Directory.CreateDirectory(_directory);
        Directory.CreateDirectory(_goodDirectory);
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
            try
            {
                (string Name, string Text)[] files = [.. ReadFiles()];
                string fingerprint = string.Join('\0', files.Select(file => file.Name + '\0' + file.Text));
                if (fingerprint != _fingerprint)
                {
                    Take(files);
                    _fingerprint = fingerprint;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _log($"{_directory} can't be read: {exception.Message}; the policies stay as they are");
            }
        }
    }

    private IEnumerable<(string Name, string Text)> ReadFiles()
    {
        foreach (string file in Directory.EnumerateFiles(_directory).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(file)[0] == '.' || Path.GetExtension(file) is not (".yaml" or ".yml" or ".json"))
            {
                continue;
            }

            if (new FileInfo(file).Length > MaxFile)
            {
                _log($"{file} is passed over: it has more than {MaxFile} bytes");
                continue;
            }

            yield return (file, File.ReadAllText(file));
        }
    }

    private void Take((string Name, string Text)[] files)
    {
        Dictionary<string, PolicyState> objects = new(StringComparer.Ordinal);
        foreach ((string name, string text) in files)
        {
            PolicyDocuments documents = PolicyReader.Read(text, name);
            foreach (Diagnostic diagnostic in documents.Diagnostics)
            {
                _log(diagnostic.ToString());
            }

            PolicyDocuments good = documents.HasErrors ? LastGood(name) : documents;
            foreach (PolicyObject item in documents.Objects.Where(item => item.Supported))
            {
                Add(objects, new(item, name, item.Valid ? item.Rules : InsteadOf(item, good), Faults(item.Diagnostics)));
            }

            if (documents.FileDiagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error))
            {
                // What can't be read at all says nothing of its objects: those that it had stay in force.
                foreach (PolicyObject item in good.Objects.Where(item => item.Valid && !objects.ContainsKey(KeyOf(item))))
                {
                    Add(objects, new(item, name, item.Rules, Faults(documents.FileDiagnostics)));
                }
            }
            else if (!documents.HasErrors)
            {
                KeepGood(name, text);
            }
        }

        RemoveGood(files);
        Rule[] rules = [.. objects.Values.SelectMany(state => state.Enforced)];
        _host.Update(engine => engine.SetRules(rules));
        _objects = objects;
    }

    private void Add(Dictionary<string, PolicyState> objects, PolicyState state)
    {
        if (!objects.TryAdd(KeyOf(state.Object), state))
        {
            _log($"{state.File}:{state.Object.Line}: {state.Object.Kind} {state.Object.FullName} is in {objects[KeyOf(state.Object)].File} already, which counts");
        }
    }

    private static string Faults(IEnumerable<Diagnostic> diagnostics) =>
        string.Join("; ", diagnostics.Where(diagnostic => diagnostic.Severity == Severity.Error).Select(diagnostic => $"{diagnostic.Path}: {diagnostic.Message}".TrimStart(':', ' ')));

    /// <summary>What is in force in place of an invalid object: all dropped, by setting; or as it was last good.</summary>
    private ImmutableArray<Rule> InsteadOf(PolicyObject item, PolicyDocuments good) => _failClosed ? item.FailClosedRules
        : good.Objects.Where(former => former.Valid && KeyOf(former) == KeyOf(item)).Select(former => former.Rules).FirstOrDefault([]);

    private PolicyDocuments LastGood(string name)
    {
        string file = GoodFile(name);
        return PolicyReader.Read(File.Exists(file) ? File.ReadAllText(file) : string.Empty, file);
    }

    private void KeepGood(string name, string text)
    {
        string file = GoodFile(name);
        if (!File.Exists(file) || File.ReadAllText(file) != text)
        {
            AtomicFile.Write(file, text);
        }
    }

    private void RemoveGood((string Name, string Text)[] files)
    {
        HashSet<string> kept = [.. files.Select(file => GoodFile(file.Name))];
        foreach (string gone in Directory.EnumerateFiles(_goodDirectory).Where(file => !kept.Contains(file)))
        {
            File.Delete(gone);
        }
    }

    private string GoodFile(string name) => Path.Combine(_goodDirectory, Path.GetFileName(name));

    private static string KeyOf(PolicyObject item) => $"{item.Kind}/{item.FullName}";
}
