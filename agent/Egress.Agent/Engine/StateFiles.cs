using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Egress.Dns;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;

namespace Egress.Agent.Engine;

/// <summary>
/// What the engine must know again after a restart. Identities: a file that is replaced whole, and is on disk before the kernel
/// sees a new number. Learned names: a journal that is appended to; what its last moments lack, the kernel still holds by
/// identity. Deadlines are of the boot clock, so a journal of another boot says nothing.
/// </summary>
public sealed class StateFiles : IDisposable
{
    private const int CompactAt = 8 * 1024 * 1024;
    private const int MaxRecord = 4 + 8 + 16 + 1 + DnsName.MaxWireLength;

    private readonly string _directory;
    private readonly string _bootId;
    private readonly byte[] _pending = new byte[64 * 1024];
    private FileStream? _journal;
    private int _pendingLength;
    private long _storedGeneration = -1;

    /// <summary>Uses a directory, and makes it if need be, private to its owner.</summary>
    public StateFiles(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _bootId = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
    }

    private string IdentityFile => Path.Combine(_directory, "identities");

    private string JournalFile => Path.Combine(_directory, "names");

    /// <summary>Gives the table the numbers of the former run; a file of another boot too, since numbers may outlive one.</summary>
    public void LoadIdentities(IdentityTable identities)
    {
        if (!File.Exists(IdentityFile))
        {
            return;
        }

        List<(uint, string)> numbers = [];
        foreach (string line in File.ReadLines(IdentityFile))
        {
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab > 0 && uint.TryParse(line.AsSpan(0, tab), NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            {
                numbers.Add((number, line[(tab + 1)..]));
            }
        }

        identities.Import(numbers);
        _storedGeneration = identities.Generation;
    }

    /// <summary>Puts the numbers on disk where there are new ones; on return they are there.</summary>
    /// <exception cref="IOException">They could not be: no new number may reach the kernel then.</exception>
    public void StoreIdentities(IdentityTable identities)
    {
        if (identities.Generation != _storedGeneration)
        {
            AtomicFile.Write(IdentityFile, string.Concat(identities.Export().Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Number}\t{pair.Key}\n"))));
            _storedGeneration = identities.Generation;
        }
    }

    /// <summary>The names of the journal, where it is of this boot. A torn last record is passed over.</summary>
    public IReadOnlyList<LearnedName> LoadNames()
    {
        List<LearnedName> names = [];
        if (!File.Exists(JournalFile))
        {
            return names;
        }

        ReadOnlySpan<byte> bytes = File.ReadAllBytes(JournalFile);
        byte[] header = Header();
        if (!bytes.StartsWith(header))
        {
            return names;
        }

        for (bytes = bytes[header.Length..]; bytes.Length >= 29;)
        {
            int length = bytes[28];
            if (bytes.Length < 29 + length || length == 0)
            {
                break;
            }

            names.Add(new LearnedName(
                BinaryPrimitives.ReadUInt32LittleEndian(bytes),
                new(DnsName.ToText(bytes.Slice(29, length))),
                Address.FromBytes(bytes.Slice(12, 16)),
                new(BinaryPrimitives.ReadUInt64LittleEndian(bytes[4..]))));
            bytes = bytes[(29 + length)..];
        }

        return names;
    }

    /// <summary>Starts the journal anew with these names.</summary>
    public void StartJournal(IEnumerable<LearnedName> names)
    {
        _journal?.Dispose();
        string fresh = JournalFile + ".new";
        _journal = new FileStream(fresh, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        _journal.Write(Header());
        _pendingLength = 0;
        foreach (LearnedName learned in names)
        {
            if (DnsName.TryParse(learned.Name.Text, out DnsName? name))
            {
                Append(learned.Endpoint, name.Wire, learned.Address, learned.Deadline);
            }
        }

        Flush();
        File.Move(fresh, JournalFile, overwrite: true);
    }

    /// <summary>Notes a name; it is written at the next <see cref="Flush"/>. Allocates nothing.</summary>
    public void Append(uint endpoint, ReadOnlySpan<byte> name, Address address, Deadline deadline)
    {
        if (_pending.Length - _pendingLength < MaxRecord)
        {
            Flush();
        }

        Span<byte> record = _pending.AsSpan(_pendingLength);
        BinaryPrimitives.WriteUInt32LittleEndian(record, endpoint);
        BinaryPrimitives.WriteUInt64LittleEndian(record[4..], deadline.Nanoseconds);
        address.WriteBytes(record[12..]);
        record[28] = (byte)name.Length;
        name.CopyTo(record[29..]);
        _pendingLength += 29 + name.Length;
    }

    /// <summary>Writes what was noted; true where the journal has grown so long that it should be started anew.</summary>
    public bool Flush()
    {
        if (_pendingLength > 0 && _journal is not null)
        {
            _journal.Write(_pending, 0, _pendingLength);
        }

        _pendingLength = 0;
        return _journal?.Position > CompactAt;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Flush();
        _journal?.Dispose();
        _journal = null;
    }

    private byte[] Header() => Encoding.ASCII.GetBytes($"egress names 1 {_bootId}\n");
}
