using System.IO.MemoryMappedFiles;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Testing;

namespace DmaHeap.Tests.Testing;

/// <summary>The device and its programs within one process.</summary>
public sealed class UncachedDeviceTests : IDisposable
{
    private const int Length = 4 * 4096;
    private static readonly byte[] s_frame = [.. Enumerable.Range(0, Length).Select(i => (byte)((i % 251) + 1))];
    private static readonly byte[] s_nextFrame = [.. Enumerable.Reverse(s_frame)];

    private readonly UncachedDevice _device = new();
    private readonly DmaHeapTestHost _host;
    private readonly ExportedBuffer _exported;
    private readonly DmaBuffer _buffer;
    private readonly UncachedAttachment _attached;

    public UncachedDeviceTests()
    {
        _host = DmaHeapTestHost.Start("camera", _device.CreateHeap);
        _exported = _host.Allocate("camera", Length, "frame");
        _buffer = DmaBuffer.FromHandle(_exported.Handle);
        _attached = _device.Attach(_exported.Handle);
    }

    public void Dispose()
    {
        _attached.Dispose();
        _buffer.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Who_begins_and_ends_sees_what_the_device_wrote_and_is_seen_by_it()
    {
        _attached.Write(0, s_frame);
        using var mapping = _buffer.Map();
        Begin(DataDirection.FromDevice);
        Assert.Equal(s_frame, mapping.ReadOnlySpan);
        End(DataDirection.FromDevice);

        Begin(DataDirection.ToDevice);
        mapping.Span[5000..5004].Fill(0xEE);
        End(DataDirection.ToDevice);

        Assert.Equal([0xEE, 0xEE, 0xEE, 0xEE, s_frame[5004]], _attached.Read(5000, 5));
        Assert.Equal(s_frame[..5000], _attached.Read(0, 5000));
        _device.ThrowIfFaulty();
    }

    [Fact]
    public void Who_reads_without_begin_sees_nothing_of_the_frame_and_is_named()
    {
        _attached.Write(0, s_frame);
        using var mapping = _buffer.Map();
        Assert.Equal(0, mapping.ReadOnlySpan[5000]);

        Assert.Equal(s_frame[0], _attached.Read(0, 1)[0]);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal((SyncFaultKind.ReadWithoutBegin, "\"frame\""), (fault.Kind, fault.Buffer));
        Assert.InRange(fault.Offset, 0, 5000);
        Assert.Equal(Environment.ProcessId, Assert.Single(fault.Processes).Id);
        Assert.EndsWith($"({Environment.ProcessId}) read \"frame\" (from page {fault.Offset} on) without beginning CPU access: what it saw is not what the device wrote", fault.ToString());
    }

    [Fact]
    public void Who_goes_on_reading_after_the_end_sees_the_old_frame_and_is_named()
    {
        _attached.Write(0, s_frame);
        using var mapping = _buffer.Map();
        See(s_frame, mapping);
        _attached.Write(0, s_nextFrame);
        Assert.Empty(_device.Faults);

        Assert.Equal(s_frame, mapping.ReadOnlySpan);

        See(s_nextFrame, mapping);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal((SyncFaultKind.ReadWithoutBegin, 0), (fault.Kind, fault.Offset));
        See(s_nextFrame, mapping);
        Assert.Single(_device.Faults);
    }

    [Fact]
    public void Zeros_stored_without_begin_are_a_write()
    {
        _attached.Write(0, s_frame);
        using var mapping = _buffer.Map();
        See(s_frame, mapping);
        mapping.Span[5000] = 0;

        Assert.Equal(s_frame[5000], _attached.Read(5000, 1)[0]);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal((SyncFaultKind.WroteWithoutBegin, 5000), (fault.Kind, fault.Offset));
        See(s_frame, mapping);
    }

    [Fact]
    public void What_is_written_by_write_without_begin_names_who_could()
    {
        RandomAccess.Write(_exported.Handle, [7], 5000);
        _attached.Read(0, 1);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal((SyncFaultKind.WroteWithoutBegin, 5000), (fault.Kind, fault.Offset));
        Assert.Contains(Environment.ProcessId, fault.Processes.Select(process => process.Id));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void To_map_it_is_no_read_unless_its_pages_are_brought_in(bool populate, int faults)
    {
        _attached.Write(0, s_frame);
        using var mapping = _buffer.Map(populate: populate);

        _attached.Read(0, 1);
        Assert.Equal(faults, _device.Faults.Count);
        Assert.All(_device.Faults, fault => Assert.Equal(SyncFaultKind.ReadWithoutBegin, fault.Kind));
    }

    [Fact]
    public void A_private_copy_of_a_page_made_in_access_is_no_read_after_it()
    {
        _attached.Write(0, s_frame);
        Begin(DataDirection.FromDevice);
        using var file = MemoryMappedFile.CreateFromFile(_exported.Handle, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
        using var copy = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.CopyOnWrite);
        copy.Write(5000, (byte)0);
        End(DataDirection.FromDevice);

        Assert.Equal(0, copy.ReadByte(5000));
        _attached.Write(0, s_nextFrame);
        _device.ThrowIfFaulty();
    }

    [Theory]
    [InlineData(OutsideAccess.StaleData, 0)]
    [InlineData(OutsideAccess.Nothing, 1)]
    public void Who_has_unmapped_it_since_is_seen_by_the_page_it_left_where_there_was_nothing(OutsideAccess outside, int faults)
    {
        var device = new UncachedDevice { Outside = outside };
        using var host = DmaHeapTestHost.Start("camera", device.CreateHeap);
        using var exported = host.Allocate("camera", Length, "frame");
        using var buffer = DmaBuffer.FromHandle(exported.Handle);
        using var attached = device.Attach(exported.Handle);
        attached.Write(0, s_frame);
        host.Host.BeginCpuAccess(exported.Handle, DataDirection.FromDevice, Self);
        host.Host.EndCpuAccess(exported.Handle, DataDirection.FromDevice, Self);
        using (var mapping = buffer.Map()) Assert.Equal(outside == OutsideAccess.Nothing ? 0 : s_frame[5000], mapping.ReadOnlySpan[5000]);

        attached.Read(0, 1);
        Assert.Equal(faults, device.Faults.Count);
        Assert.All(device.Faults, fault => Assert.Equal((SyncFaultKind.ReadWithoutBegin, 4096), (fault.Kind, fault.Offset)));
    }

    [Fact]
    public void What_is_written_without_begin_never_reaches_the_device()
    {
        using var mapping = _buffer.Map();
        mapping.Span[5000] = 7;

        Assert.Equal(0, _attached.Read(5000, 1)[0]);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal((SyncFaultKind.WroteWithoutBegin, 5000), (fault.Kind, fault.Offset));
    }

    [Fact]
    public void What_is_written_in_access_for_reading_never_reaches_the_device()
    {
        using var mapping = _buffer.Map();
        Begin(DataDirection.FromDevice);
        mapping.Span[9000] = 7;
        End(DataDirection.FromDevice);

        Assert.Equal(0, _attached.Read(9000, 1)[0]);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal((SyncFaultKind.WroteWhileReading, 9000), (fault.Kind, fault.Offset));
    }

    [Fact]
    public void Who_does_not_end_before_the_device_comes_is_told_once()
    {
        using var mapping = _buffer.Map();
        Begin(DataDirection.ToDevice);
        mapping.Span[0] = 7;

        Assert.Equal(0, _attached.Read(0, 1)[0]);
        Assert.Equal(0, _attached.Read(0, 1)[0]);
        var fault = Assert.Single(_device.Faults);
        Assert.Equal(SyncFaultKind.NotEnded, fault.Kind);
        Assert.Equal(Environment.ProcessId, Assert.Single(fault.Processes).Id);

        End(DataDirection.ToDevice);
        Assert.Equal(7, _attached.Read(0, 1)[0]);
        Assert.Contains(fault.ToString(), Assert.Throws<SyncFaultsException>(_device.ThrowIfFaulty).Message);
    }

    [Fact]
    public void What_the_device_wrote_beside_it_stays_when_a_writer_ends()
    {
        using var mapping = _buffer.Map();
        Begin(DataDirection.Bidirectional);
        mapping.Span[0] = 7;
        _attached.Write(Length - 1, [9]);
        End(DataDirection.Bidirectional);

        Assert.Equal((7, 9), (_attached.Read(0, 1)[0], _attached.Read(Length - 1, 1)[0]));
    }

    [Fact]
    public void An_importer_is_the_device_and_maps_its_copy()
    {
        using var attachment = _host.Host.Attach(_exported.Handle, AttachConstraints.None, DataDirection.Bidirectional, Caller.Unknown);
        using var mapped = attachment.Map(DataDirection.Bidirectional);
        RandomAccess.Write(mapped.Segments[0].Handle, s_frame, 0);

        using var mapping = _buffer.Map();
        Assert.Equal(0, mapping.ReadOnlySpan[0]);
        mapped.Unmap();
        Assert.Equal(SyncFaultKind.ReadWithoutBegin, Assert.Single(_device.Faults).Kind);
        Begin(DataDirection.FromDevice);
        Assert.Equal(s_frame, mapping.ReadOnlySpan);
        End(DataDirection.FromDevice);
    }

    [Fact]
    public void A_descriptor_of_something_else_is_refused()
    {
        using var other = File.OpenHandle("/proc/self/exe");
        Assert.Throws<ArgumentException>(() => _device.Attach(other));
        Assert.Throws<ArgumentOutOfRangeException>(() => _attached.Read(Length, 1));
    }

    private void See(byte[] frame, DmaMapping mapping)
    {
        Begin(DataDirection.FromDevice);
        Assert.Equal(frame, mapping.ReadOnlySpan);
        End(DataDirection.FromDevice);
    }

    private void Begin(DataDirection direction) => _host.Host.BeginCpuAccess(_exported.Handle, direction, Self);

    private void End(DataDirection direction) => Assert.True(_host.Host.EndCpuAccess(_exported.Handle, direction, Self));

    private static Caller Self => Caller.Unknown with { ProcessId = Environment.ProcessId };
}
