using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Importers;

/// <summary>Random sequences of legal and illegal ops, of two clients and two buffers, against a model of the rules: the same answers, the heap's ops paired, and nothing left.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class RandomOpsTests
{
    private const int Sequences = 10_000;
    private const int Clients = 2, Buffers = 2, Numbers = 3;

    public enum Op
    {
        Attach,
        Map,
        Unmap,
        Detach,
        Vmap,
        Vunmap,
        Begin,
        End,
        Leave,
    }

    public sealed record Step(Op Op, int Client, int Buffer, int Number, int Direction);

    [Fact]
    public void Ten_thousand_random_sequences_are_answered_by_the_rules_and_leave_nothing()
    {
        using var host = new TestHost();
        host.Heap.OnAllocate = (request, _) => new ScriptedBuffer(host.Heap.Pages(request.Length));
        using var world = new World(host);
        var files = Descriptors.Count("/memfd:");
        var steps = Gen.ArrayOf(
            from op in Gen.Frequency((30, Gen.Elements(Op.Attach, Op.Map, Op.Unmap, Op.Detach)), (15, Gen.Elements(Op.Vmap, Op.Vunmap, Op.Begin, Op.End)), (1, Gen.Constant(Op.Leave)))
            from client in Gen.Choose(0, Clients - 1)
            from buffer in Gen.Choose(0, Buffers - 1)
            from number in Gen.Choose(0, Numbers - 1)
            from direction in Gen.Choose(0, 3)
            select new Step(op, client, buffer, number, direction));
        var seen = new HashSet<(Op, string)>();
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Sequences).WithEndSize(24),
            Prop.ForAll(steps.ToArbitrary(), sequence => world.Play(sequence, seen)));

        foreach (var op in Enum.GetValues<Op>()) Assert.Contains((op, ""), seen); // each was carried out, and not only refused
        foreach (var cause in new[] { HeapCause.NotAttached, HeapCause.BadOrder, HeapCause.AlreadyMapped, HeapCause.BadRequest }) Assert.Contains(seen, entry => entry.Item2 == cause);
        world.LeaveAll();
        Assert.Equal(0, host.Host.Core.ImportLimits.Held);
        Eventually.True(() => Descriptors.Count("/memfd:") == files, "descriptors are left");
        Assert.All(host.Heap.Allocated, buffer => AssertPaired([.. ((ScriptedBuffer)buffer).Calls]));
    }

    private static void AssertPaired(string[] calls)
    {
        foreach (var (begin, end) in new[] { ("Attach", "Detach"), ("Map", "Unmap"), ("Vmap", "Vunmap"), ("BeginCpuAccess", "EndCpuAccess") })
        {
            Assert.Equal(calls.Count(call => call == begin), calls.Count(call => call == end));
        }
    }

    /// <summary>The host, and beside it what the rules say it knows.</summary>
    private sealed class World : IDisposable
    {
        private readonly TestHost _host;
        private readonly RawClient _owner;
        private readonly SafeFileHandle[] _buffers;
        private readonly RawClient[] _clients;
        private readonly Model[] _models;

        public World(TestHost host)
        {
            _host = host;
            _owner = host.Connect();
            _buffers = [.. Enumerable.Range(0, Buffers).Select(_ => _owner.Allocate())];
            _clients = [.. Enumerable.Range(0, Clients).Select(_ => host.Connect())];
            _models = [.. Enumerable.Range(0, Clients).Select(_ => new Model())];
        }

        public bool Play(Step[] sequence, HashSet<(Op, string)> seen)
        {
            foreach (var step in sequence)
            {
                var expected = _models[step.Client].Apply(step);
                if (step.Op == Op.Leave) Leave(step.Client);
                else if (Ask(_clients[step.Client], step) is var answer && answer != expected) throw new InvalidOperationException($"{step}: \"{answer}\" where the rules say \"{expected}\"");
                seen.Add((step.Op, expected));
            }

            var attached = _buffers.Select(buffer => OrderTests.Describe(_owner, buffer).Attachments);
            var rules = Enumerable.Range(0, Buffers).Select(buffer => (uint)_models.Sum(model => model.AttachmentsOf(buffer)));
            var same = attached.SequenceEqual(rules);
            for (var client = 0; client < Clients; client++) Settle(client);
            return same;
        }

        // Each sequence begins with nothing, so that one that failed can be shortened.
        private void Settle(int client)
        {
            foreach (var step in _models[client].ToUndo(client))
            {
                if (_models[client].Apply(step) != "" || Ask(_clients[client], step) != "") throw new InvalidOperationException($"{step} was refused at the end");
            }
        }

        public void LeaveAll()
        {
            for (var client = 0; client < Clients; client++)
            {
                _models[client].Apply(new Step(Op.Leave, client, 0, 0, 0));
                Leave(client);
            }
        }

        public void Dispose()
        {
            foreach (var client in _clients) client.Dispose();
            foreach (var buffer in _buffers) buffer.Dispose();
            _owner.Dispose();
        }

        // The connection ends, and the host has undone all before the next step is asked.
        private void Leave(int client)
        {
            _clients[client].Dispose();
            Eventually.True(() => _host.Host.Connections == Clients, "the host did not see the client go");
            var held = _models.Sum(model => model.Held);
            Eventually.True(() => _host.Host.Core.ImportLimits.Held == held, "what the client had is not undone");
            _clients[client] = _host.Connect();
        }

        // The cause of the refusal; empty when it was carried out.
        private string Ask(RawClient client, Step step)
        {
            var (id, number, buffer) = (client.NextId(), (ulong)step.Number, _buffers[step.Buffer]);
            using var reply = step.Op switch
            {
                Op.Attach => client.Ask(Messages.Attach(id, number, (uint)step.Direction), buffer),
                Op.Map => client.Ask(Messages.Map(id, number, (uint)step.Direction)),
                Op.Unmap => client.Ask(Messages.Unmap(id, number)),
                Op.Detach => client.Ask(Messages.Detach(id, number)),
                Op.Vmap => client.Ask(Messages.Vmap(id, number), buffer),
                Op.Vunmap => client.Ask(Messages.Vunmap(id, number)),
                Op.Begin => client.Ask(Messages.CpuAccess(id, (ulong)step.Direction), buffer),
                _ => client.Ask(Messages.CpuAccess(id, 4 | (ulong)step.Direction), buffer),
            };
            return reply.Header.Kind == MessageKind.Error ? reply.Error().Cause : "";
        }
    }

    /// <summary>The rules, for one client.</summary>
    private sealed class Model
    {
        private readonly Dictionary<int, (int Buffer, int Direction, bool Mapped)> _attachments = [];
        private readonly HashSet<int> _vmaps = [];
        private readonly List<(int Buffer, int Direction)> _access = [];

        public int Held => _attachments.Count + _vmaps.Count;

        public int AttachmentsOf(int buffer) => _attachments.Values.Count(attachment => attachment.Buffer == buffer);

        public Step[] ToUndo(int client) =>
        [
            .. _access.Select(access => new Step(Op.End, client, access.Buffer, 0, access.Direction)),
            .. _vmaps.Select(number => new Step(Op.Vunmap, client, 0, number, 0)),
            .. _attachments.Keys.Select(number => new Step(Op.Detach, client, 0, number, 0)),
        ];

        public string Apply(Step step)
        {
            var isAttached = _attachments.TryGetValue(step.Number, out var attachment);
            switch (step.Op)
            {
                case Op.Attach when step.Direction > 2: return HeapCause.BadRequest;
                case Op.Attach when isAttached: return HeapCause.BadRequest;
                case Op.Attach: _attachments[step.Number] = (step.Buffer, step.Direction, false); return "";
                case Op.Map when step.Direction > 2: return HeapCause.BadRequest;
                case Op.Map when !isAttached: return HeapCause.NotAttached;
                case Op.Map when attachment.Mapped: return HeapCause.AlreadyMapped;
                case Op.Map when attachment.Direction != 0 && attachment.Direction != step.Direction: return HeapCause.BadRequest;
                case Op.Map: _attachments[step.Number] = attachment with { Mapped = true }; return "";
                case Op.Unmap when !isAttached: return HeapCause.NotAttached;
                case Op.Unmap when !attachment.Mapped: return HeapCause.BadOrder;
                case Op.Unmap: _attachments[step.Number] = attachment with { Mapped = false }; return "";
                case Op.Detach: return _attachments.Remove(step.Number) ? "" : HeapCause.NotAttached;
                case Op.Vmap: return _vmaps.Add(step.Number) ? "" : HeapCause.BadRequest;
                case Op.Vunmap: return _vmaps.Remove(step.Number) ? "" : HeapCause.NotAttached;
                case Op.Begin or Op.End when step.Direction == 0: return HeapCause.BadFlags;
                case Op.Begin: _access.Add((step.Buffer, step.Direction)); return "";
                case Op.End: return _access.Remove((step.Buffer, step.Direction)) ? "" : HeapCause.BadOrder;
                default:
                    _attachments.Clear();
                    _vmaps.Clear();
                    _access.Clear();
                    return "";
            }
        }
    }
}
