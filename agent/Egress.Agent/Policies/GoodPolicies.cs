using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Egress.Policies;

namespace Egress.Agent.Policies;

/// <summary>
/// The last good text of every policy object, kept in the state directory, so that an object whose text is invalid now - or whose
/// file can't be read any more - stays enforced as it was, also over a restart. Not thread-safe.
/// </summary>
internal sealed class GoodPolicies
{
    // The first line says which file the object was read from.
    private const string Origin = "# from ";
    private readonly string _directory;
    private readonly Action<string> _log;
    private readonly Dictionary<string, (PolicyObject Object, string File)> _objects = new(StringComparer.Ordinal);

    /// <summary>Takes up what a former run kept.</summary>
    public GoodPolicies(string directory, Action<string> log)
    {
        _directory = directory;
        _log = log;
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string file in Directory.EnumerateFiles(directory, "*.yaml"))
        {
            string text = File.ReadAllText(file);
            int end = text.IndexOf('\n', StringComparison.Ordinal);
            if (end < 0 || !text.StartsWith(Origin, StringComparison.Ordinal))
            {
                continue;
            }

            string origin = text[Origin.Length..end];
            foreach (PolicyObject item in PolicyReader.Read(text, origin).Objects.Where(item => item.Valid && PathOf(KeyOf(item)) == file))
            {
                _objects[KeyOf(item)] = (item, origin);
            }
        }
    }

    /// <summary>All of them, each with the file that it was read from.</summary>
    public IEnumerable<(string Key, PolicyObject Object, string File)> All => _objects.Select(pair => (pair.Key, pair.Value.Object, pair.Value.File));

    /// <summary>What tells objects apart.</summary>
    public static string KeyOf(PolicyObject item) => $"{item.Kind}/{item.FullName}";

    /// <summary>The last good version, or null.</summary>
    public PolicyObject? Find(string key) => _objects.TryGetValue(key, out (PolicyObject Object, string File) good) ? good.Object : null;

    /// <summary>Keeps a valid object. One that can't be stored is enforced all the same; only a restart would not know it.</summary>
    public void Keep(PolicyObject item, string file, string text)
    {
        string key = KeyOf(item);
        _objects[key] = (item, file);
        try
        {
            string path = PathOf(key);
            string content = $"{Origin}{file}\n{text}";
            if (!File.Exists(path) || File.ReadAllText(path) != content)
            {
                AtomicFile.Write(path, content);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _log($"{key} is enforced, but could not be stored for a restart: {exception.Message}");
        }
    }

    /// <summary>Forgets all but these.</summary>
    public void KeepOnly(Func<string, bool> wanted)
    {
        foreach (string gone in (string[])[.. _objects.Keys.Where(key => !wanted(key))])
        {
            _objects.Remove(gone);
            File.Delete(PathOf(gone));
        }
    }

    // A name may be longer than a file's may.
    private string PathOf(string key) => Path.Combine(_directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32] + ".yaml");
}
