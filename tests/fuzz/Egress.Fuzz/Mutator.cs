using System;

namespace Egress.Fuzz;

/// <summary>Spoils messages: bits, lengths, pointers, splices, cuts. Works in a buffer of its own; the result is valid until the next call.</summary>
internal sealed class Mutator
{
    private const int MaxMessage = 65535;
    private static readonly byte[] Telling = [0, 1, 4, 5, 16, 28, 41, 63, 64, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

    private readonly Random _random;
    private readonly byte[] _buffer = new byte[MaxMessage];
    private int _length;

    internal Mutator(Random random) => _random = random;

    /// <summary>Up to four changes to a message; one in six goes through as it is.</summary>
    internal Span<byte> Mutate(ReadOnlySpan<byte> message, ReadOnlySpan<byte> other)
    {
        message.CopyTo(_buffer);
        _length = message.Length;
        for (int changes = _random.Next(6) == 0 ? 0 : _random.Next(1, _random.Next(2, 6)); changes > 0 && _length > 0; changes--)
        {
            Change(other);
        }

        return _buffer.AsSpan(0, _length);
    }

    private void Change(ReadOnlySpan<byte> other)
    {
        switch (_random.Next(12))
        {
            case 0 or 1:
                _buffer[Place()] ^= (byte)(1 << _random.Next(8));
                break;
            case 2:
                _buffer[Place()] = Telling[_random.Next(Telling.Length)];
                break;
            case 3:
                _buffer[Place()] += (byte)(_random.Next(2) == 0 ? 1 : 255);
                break;
            case 4 or 5:
                WritePointer();
                break;
            case 6:
                MovePointer();
                break;
            case 7:
                CopyWithin();
                break;
            case 8:
                Splice(other);
                break;
            case 9:
                _length = _random.Next(2) == 0 ? Math.Max(0, _length - _random.Next(1, 16)) : _random.Next(_length);
                break;
            case 10:
                Insert();
                break;
            default:
                Count();
                break;
        }
    }

    /// <summary>Mostly in the records: what spoils header or question is found at once and teaches little.</summary>
    private int Place() => _length > 24 && _random.Next(5) != 0 ? _random.Next(24, _length) : _random.Next(_length);

    private void WritePointer()
    {
        int at = Place();
        if (at + 1 < _length)
        {
            int target = _random.Next(4) == 0 ? _random.Next(0x4000) : _random.Next(Math.Min(_length, 0x4000));
            (_buffer[at], _buffer[at + 1]) = ((byte)(0xc0 | (target >> 8)), (byte)target);
        }
    }

    /// <summary>Bends a pointer that is there, so that the message often stays whole and says something else.</summary>
    private void MovePointer()
    {
        int start = Place();
        int at = _buffer.AsSpan(start, _length - start).IndexOfAnyInRange((byte)0xc0, (byte)0xff);
        if (at >= 0 && start + at + 1 < _length)
        {
            _buffer[start + at + 1] = (byte)_random.Next(12, Math.Clamp(_length, 13, 256));
        }
    }

    private void CopyWithin()
    {
        int size = _random.Next(1, Math.Min(_length, 40) + 1);
        int from = _random.Next(_length - size + 1);
        int to = _random.Next(_length - size + 1);
        _buffer.AsSpan(from, size).CopyTo(_buffer.AsSpan(to));
    }

    private void Splice(ReadOnlySpan<byte> other)
    {
        int at = Place();
        int from = _random.Next(other.Length);
        int size = Math.Min(other.Length - from, MaxMessage - at);
        other.Slice(from, size).CopyTo(_buffer.AsSpan(at));
        _length = at + size;
    }

    private void Insert()
    {
        int at = Place();
        int size = Math.Min(_random.Next(1, 12), MaxMessage - _length);
        _buffer.AsSpan(at, _length - at).CopyTo(_buffer.AsSpan(at + size));
        _random.NextBytes(_buffer.AsSpan(at, size));
        _length += size;
    }

    private void Count()
    {
        int field = 4 + (2 * _random.Next(4)) + 1;
        if (field < _length)
        {
            _buffer[field] += (byte)(_random.Next(2) == 0 ? 1 : 255);
        }
    }
}
