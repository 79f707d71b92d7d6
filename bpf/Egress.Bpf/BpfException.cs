using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>bpf(2) or libbpf refused something. The message says what, of which map or program, why, and, for a program that
/// was not accepted, how the verifier's log ends.</summary>
public sealed class BpfException : Exception
{
    private BpfException(string message, int error)
        : base(message) => Error = error;

    /// <summary>errno.</summary>
    public int Error { get; }

    /// <summary>errno ENOENT.</summary>
    public const int NoEntry = 2;

    /// <summary>errno E2BIG: a hash map is full.</summary>
    public const int Full = 7;

    /// <summary>errno ENOSPC: a trie is full; in a batch, there is no room for what is read.</summary>
    public const int NoSpace = 28;

    /// <summary>errno EEXIST.</summary>
    public const int Exists = 17;

    /// <summary>errno EINVAL.</summary>
    public const int Invalid = 22;

    internal static BpfException Last(string operation, string log = "") => From(operation, Marshal.GetLastPInvokeError(), log);

    internal static BpfException From(string operation, int error, string log = "")
    {
        string why = error switch
        {
            Full or NoSpace => "the map is full",
            1 or 13 => new Win32Exception(error).Message + " (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed)",
            _ => new Win32Exception(error).Message,
        };
        return new($"{operation}: {why} (errno {error}){(log.Length > 0 ? "\n" + log : string.Empty)}", error);
    }
}
