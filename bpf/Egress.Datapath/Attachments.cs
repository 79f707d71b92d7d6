using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Egress.Bpf;
using Egress.Linux;

namespace Egress.Datapath;

/// <summary>
/// The two programs at the workloads' interfaces: a pair of tcx links each, pinned where there is a pin directory, or a pair of
/// clsact filters where the kernel has no tcx. Thread-safe.
/// </summary>
internal sealed class Attachments : IDisposable
{
    private readonly BpfProgram _fromWorkload;
    private readonly BpfProgram _toWorkload;
    private readonly PinnedState? _pinned;
    private readonly bool _withoutTcx;
    private readonly Dictionary<int, Pair> _pairs = [];
    private readonly object _gate = new();

    public Attachments(BpfProgram fromWorkload, BpfProgram toWorkload, PinnedState? pinned, bool withoutTcx)
    {
        _fromWorkload = fromWorkload;
        _toWorkload = toWorkload;
        _pinned = pinned;
        _withoutTcx = withoutTcx;
    }

    /// <summary>The interfaces that are served and still there.</summary>
    public (int Index, string Name)[] Served()
    {
        lock (_gate)
        {
            return [.. _pairs.Where(pair => pair.Value.IsAt(pair.Key)).Select(pair => pair.Key).Order()
                .Select(index => (index, Interfaces.NameOf(index) ?? string.Create(CultureInfo.InvariantCulture, $"#{index}")))];
        }
    }

    /// <summary>
    /// Has this process's programs serve the interfaces that are pinned, each link in one step. Where one is refused, those before it
    /// get back the programs that they had.
    /// </summary>
    public void TakeUp()
    {
        if (_pinned is null)
        {
            return;
        }

        lock (_gate)
        {
            using BpfProgram? fromWorkload = _pinned.OpenProgram(_fromWorkload.Name);
            using BpfProgram? toWorkload = _pinned.OpenProgram(_toWorkload.Name);
            foreach (int index in _pinned.Attached())
            {
                _pairs[index] = new Pair(_pinned.OpenLink(index, AttachPoint.Ingress)!, _pinned.OpenLink(index, AttachPoint.Egress)!);
            }

            try
            {
                foreach (Pair pair in _pairs.Values)
                {
                    pair.Replace(_fromWorkload, _toWorkload);
                }

                TakeUpClsact();
                _pinned.PinPrograms(_fromWorkload, _toWorkload);
            }
            catch
            {
                GiveBack(fromWorkload, toWorkload);
                throw;
            }
        }
    }

    /// <summary>Serves an interface. What else was there at its index, of an interface that is gone or of a start that was cut short, goes.</summary>
    /// <param name="index">The interface.</param>
    /// <param name="beforeFirst">Called before the programs see a packet, unless they serve the interface already.</param>
    public void Attach(int index, Action beforeFirst)
    {
        lock (_gate)
        {
            if (_pairs.TryGetValue(index, out Pair? standing) && standing.IsAt(index))
            {
                return;
            }

            beforeFirst();
            Pair pair = Create(index);
            try
            {
                // Only now, so that a half of a pair that was cut short closes its direction until both are there.
                _pinned?.Unpin(index);
                if (pair.IsClsact)
                {
                    _pinned?.MarkClsact(index);
                }
                else
                {
                    _pinned?.PinLink(pair.Egress!, index, AttachPoint.Egress);
                    _pinned?.PinLink(pair.Ingress!, index, AttachPoint.Ingress);
                }
            }
            catch
            {
                _pinned?.Unpin(index);
                pair.Detach(index);
                throw;
            }

            standing?.Dispose();
            _pairs[index] = pair;
        }
    }

    /// <summary>Ends serving an interface; one that is gone, or was not served, is no error.</summary>
    public void Detach(int index)
    {
        lock (_gate)
        {
            _pinned?.Unpin(index);
            if (_pairs.Remove(index, out Pair? pair))
            {
                pair.Detach(index);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach ((int index, Pair pair) in _pairs)
            {
                // Filters stay by themselves; without a pin directory nothing is to outlive this.
                if (_pinned is null)
                {
                    pair.Detach(index);
                }

                pair.Dispose();
            }

            _pairs.Clear();
        }
    }

    private Pair Create(int index)
    {
        // Towards the workload first: the pair is complete before anything can leave.
        BpfHandle? egress = null;
        try
        {
            if (!_withoutTcx)
            {
                egress = BpfLink.Attach(_toWorkload, index, AttachPoint.Egress);
                return new Pair(BpfLink.Attach(_fromWorkload, index, AttachPoint.Ingress), egress);
            }
        }
        catch (BpfException exception) when (egress is null && exception.Error == BpfException.Invalid)
        {
            // No tcx before Linux 6.6.
        }
        catch
        {
            egress?.Dispose();
            throw;
        }

        Pair pair = new(null, null);
        try
        {
            BpfLink.AttachClsact(_toWorkload, index, AttachPoint.Egress);
            BpfLink.AttachClsact(_fromWorkload, index, AttachPoint.Ingress);
            return pair;
        }
        catch
        {
            pair.Detach(index);
            throw;
        }
    }

    private void TakeUpClsact()
    {
        foreach (int index in _pinned!.Clsact())
        {
            if (Interfaces.NameOf(index) is null || !BpfLink.IsClsactAttached(index, AttachPoint.Ingress))
            {
                _pinned.Unpin(index);
                continue;
            }

            BpfLink.AttachClsact(_toWorkload, index, AttachPoint.Egress);
            BpfLink.AttachClsact(_fromWorkload, index, AttachPoint.Ingress);
            _pairs[index] = new Pair(null, null);
        }
    }

    private void GiveBack(BpfProgram? fromWorkload, BpfProgram? toWorkload)
    {
        foreach ((int index, Pair pair) in _pairs)
        {
            if (fromWorkload is not null && toWorkload is not null)
            {
                pair.GiveBack(index, fromWorkload, toWorkload);
            }

            pair.Dispose();
        }

        _pairs.Clear();
    }

    /// <summary>What serves one interface: two links, or, with none, two clsact filters.</summary>
    private sealed class Pair : IDisposable
    {
        public Pair(BpfHandle? ingress, BpfHandle? egress)
        {
            Ingress = ingress;
            Egress = egress;
        }

        public BpfHandle? Ingress { get; }

        public BpfHandle? Egress { get; }

        public bool IsClsact => Ingress is null;

        public bool IsAt(int index) => Ingress is null
            ? BpfLink.IsClsactAttached(index, AttachPoint.Ingress)
            : BpfLink.InterfaceOf(Ingress) == index && BpfLink.InterfaceOf(Egress!) == index;

        public void Replace(BpfProgram fromWorkload, BpfProgram toWorkload)
        {
            BpfLink.Replace(Egress!, toWorkload);
            BpfLink.Replace(Ingress!, fromWorkload);
        }

        public void GiveBack(int index, BpfProgram fromWorkload, BpfProgram toWorkload)
        {
            try
            {
                if (!IsClsact)
                {
                    Replace(fromWorkload, toWorkload);
                    return;
                }

                BpfLink.AttachClsact(toWorkload, index, AttachPoint.Egress);
                BpfLink.AttachClsact(fromWorkload, index, AttachPoint.Ingress);
            }
            catch (BpfException)
            {
                // This interface keeps the new programs, on the same maps: it is enforced either way.
            }
        }

        public void Detach(int index)
        {
            Dispose();
            if (IsClsact)
            {
                BpfLink.DetachClsact(index, AttachPoint.Ingress);
                BpfLink.DetachClsact(index, AttachPoint.Egress);
            }
        }

        public void Dispose()
        {
            Ingress?.Dispose();
            Egress?.Dispose();
        }
    }
}
