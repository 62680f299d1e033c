"""A dmaheap client: Python 3.9+, standard library only. See docs/protocol.md for what the bytes mean.

    with dmaheap.Client() as client:
        with client.allocate("system", 1 << 20, name="frame") as buffer, buffer.map() as memory:
            memory[:5] = b"hello"

One request is outstanding at a time; a Client is not to be shared by threads.
"""

import array
import enum
import errno
import mmap
import os
import socket
import struct
from typing import List, NamedTuple, Optional, Tuple

MAGIC = 0x48414D44
MAJOR, MINOR = 1, 0
MAX_MESSAGE = 32 * 1024
MAX_DESCRIPTORS = 253

(HELLO, LIST_HEAPS, ALLOCATE, DESCRIBE, SET_NAME, STATISTICS, CANCEL, CPU_ACCESS, LIST_BUFFERS) = range(1, 10)
ATTACH, MAP, UNMAP, DETACH, VMAP, VUNMAP = range(20, 26)
ADOPT = 50
ALLOCATE_BATCH, GIVE_BACK = 60, 61
BIDIRECTIONAL, TO_DEVICE, FROM_DEVICE = range(3)
FIRST_EVENT, REPLY_BIT, ERROR = 0x4000, 0x8000, 0xFFFF
ERROR_FATAL = 1
AS_MANY_AS_FIT = 1

# Every struct of the protocol, by its name in docs/protocol.md; messages include the header ("IHHQ"). "<": little-endian, no padding.
STRUCTS = {name: struct.Struct("<" + layout) for name, layout in {
    "MessageHeader": "IHHQ",
    "HelloRequest": "IHHQ IHHQ",
    "HelloReply": "IHHQ IHHQQ IIIi",
    "NumberedHelloReply": "IHHQ IHHQQ IIIi Q",
    "ErrorReply": "IHHQ iI32s448s",
    "DoneReply": "IHHQ",
    "ListHeapsRequest": "IHHQ II",
    "ListBuffersRequest": "IHHQ Q64s",
    "ListReply": "IHHQ IIII",
    "HeapEntry": "64s64s64sII256s",
    "BufferEntry": "QQQQIIIiII64s32s",
    "BufferId": "QQ",
    "AllocateRequest": "IHHQ QIIQII64s32sQII",
    "AllocateReply": "IHHQ IiQII",
    "AllocateBatchRequest": "IHHQ IIQII64s32sQII",
    "BatchSize": "QII",
    "AllocateBatchReply": "IHHQ IIiI",
    "BatchBuffer": "QQQII",
    "DescribeRequest": "IHHQ",
    "DescribeReply": "IHHQ QQQQIIIiII64s32s",
    "AdoptRequest": "IHHQ QQ32s",
    "AdoptReply": "IHHQ QQQQIIIiII64s32s",
    "SetNameRequest": "IHHQ 32s",
    "CpuAccessRequest": "IHHQ Q",
    "StatisticsRequest": "IHHQ 64s",
    "StatisticsReply": "IHHQ QQQQQQQIIQQQ QQQQQQQQQ",
    "CauseEntry": "32sQ",
    "CancelRequest": "IHHQ Q",
    "SwapRequest": "IHHQ 64s1024s256s",
    "RestoreRequest": "IHHQ 64s",
    "RestartRequest": "IHHQ 64s",
    "ReloadRequest": "IHHQ",
    "ReloadReply": "IHHQ IIIIII",
    "GiveBackRequest": "IHHQ",
    "GiveBackReply": "IHHQ II",
    "ShrinkRequest": "IHHQ Q64s",
    "ShrinkEntry": "QQQQII64s",
    "StatusRequest": "IHHQ II",
    "StatusReply": "IHHQ Q",
    "JournalRequest": "IHHQ Q64s",
    "JournalReply": "IHHQ QQII",
    "AttachBufferRequest": "IHHQ QQQIIII",
    "MapRequest": "IHHQ QII",
    "MapReply": "IHHQ II",
    "SegmentEntry": "QQII",
    "UnmapRequest": "IHHQ Q",
    "DetachRequest": "IHHQ Q",
    "VmapRequest": "IHHQ Q",
    "VunmapRequest": "IHHQ Q",
}.items()}
HEADER = STRUCTS["MessageHeader"]


class BufferFlags(enum.IntFlag):
    OPAQUE = 1
    CPU_ACCESS_HOOKS = 2
    CONTIGUOUS = 4
    SECRET = 8
    ADOPTED = 16
    RESIDENT = 32


class HostError(OSError):
    """What the host answered: errno, a stable cause code, and a sentence in strerror."""

    def __init__(self, number: int, cause: str, message: str):
        super().__init__(number, message)
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.strerror} ({errno.errorcode.get(self.errno, self.errno)}, {self.cause})"


class ProtocolError(ConnectionError):
    """The host sent something that makes no sense: close the client."""


class Heap(NamedTuple):
    name: str
    alias_of: str
    plugin: str
    active: bool
    capabilities: int
    reason: str


class BufferInfo(NamedTuple):
    id: str
    length: int
    age_ns: int
    flags: BufferFlags
    page_size: int
    uid: int
    pid: int
    attachments: int
    heap: str
    name: str


class Statistics(NamedTuple):
    buffers: int
    bytes: int
    peak_bytes: int
    allocations: int
    releases: int
    failures: int
    limit_bytes: int
    capacity: Optional[int]
    free: Optional[int]
    largest_run: Optional[int]
    causes: dict
    pool_bytes: int
    pool_buffers: int
    pool_hits: int
    pool_misses: int
    pool_filled_bytes: int
    pool_given_back_bytes: int
    host_paid_bytes: int
    toucher_paid_bytes: int
    recycled: int


class Buffer:
    """A buffer's descriptor. Closing it does not end a mapping made before; the memory lives while either does."""

    def __init__(self, fd: int, length: int, flags: BufferFlags, page_size: int, buffer_id: str):
        self.fd, self.length, self.flags, self.page_size, self.id = fd, length, flags, page_size, buffer_id

    def map(self, access: int = mmap.ACCESS_WRITE) -> mmap.mmap:
        return mmap.mmap(self.fd, self.length, access=access)

    def fileno(self) -> int:
        return self.fd

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> "Buffer":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def socket_paths(environ=os.environ, uid: Optional[int] = None) -> List[str]:
    """Where a client looks, in order; the first that exists is taken."""
    if environ.get("DMAHEAP_SOCKET"):
        return [environ["DMAHEAP_SOCKET"]]
    uid = os.geteuid() if uid is None else uid
    if uid == 0:
        return ["/run/dmaheap/socket"]
    runtime = environ.get("XDG_RUNTIME_DIR")
    own = os.path.join(runtime, "dmaheap", "socket") if runtime else f"/tmp/dmaheap-{uid}/socket"
    return [own, "/run/dmaheap/socket"]


class Client:
    def __init__(self, path: Optional[str] = None):
        self._next_id = 0
        self._socket = _dial([path] if path else socket_paths())
        try:
            body, _ = self._call(HELLO, _pack("HelloRequest", MAGIC, MAJOR, MINOR, 0))
            fields = _unpack("HelloReply", body)
            if fields[0] != MAGIC or fields[1] != MAJOR:
                raise ProtocolError(f"this is no dmaheap host of version {MAJOR}")
            self.minor, self.epoch, self.page_size, self.host_pid = fields[2], fields[4], fields[7], fields[8]
        except BaseException:
            self.close()
            raise

    def list_heaps(self) -> List[Heap]:
        heaps: List[Heap] = []
        more = True
        while more:
            body, _ = self._call(LIST_HEAPS, _pack("ListHeapsRequest", len(heaps), 0))
            entries, more = self._entries(body, "HeapEntry")
            for name, alias, plugin, state, capabilities, reason in entries:
                heaps.append(Heap(_text(name), _text(alias), _text(plugin), state == 1, capabilities, _text(reason)))
        return heaps

    def allocate(self, heap: str, length: int, name: str = "", access: int = os.O_RDWR, cloexec: bool = True) -> Buffer:
        return self.allocate_many(heap, length, 1, name, access, cloexec)[0]

    def allocate_many(self, heap: str, length: int, count: int, name: str = "", access: int = os.O_RDWR,
                      cloexec: bool = True, as_many_as_fit: bool = False) -> List[Buffer]:
        file_flags = access | (os.O_CLOEXEC if cloexec else 0)
        request = _pack("AllocateRequest", length, file_flags, count, 0, AS_MANY_AS_FIT if as_many_as_fit else 0, 0,
                        _field(heap, 64), _field(name, 32), 0, 0, 0)
        body, fds = self._call(ALLOCATE, request, takes_descriptors=True)
        try:
            granted, _, length, flags, page_size = _unpack("AllocateReply", body, tail=False)
            if granted != len(fds) or not 1 <= granted <= count:
                raise self._broken(f"{granted} buffers stated, {len(fds)} descriptors came")
            ids = self._following(body, "AllocateReply", "BufferId", granted)
            buffers = [Buffer(fd, length, BufferFlags(flags), page_size, _id(*i)) for fd, i in zip(fds, ids)]
        except BaseException:
            _close_all(fds)
            raise
        if not cloexec:
            for fd in fds:
                os.set_inheritable(fd, True)
        return buffers

    def allocate_batch(self, heap: str, lengths: List[int], name: str = "", as_many_as_fit: bool = False) -> List[Buffer]:
        """Buffers of several sizes with one request, in the order of their lengths; each says its own page size and flags."""
        sizes = b"".join(STRUCTS["BatchSize"].pack(length, 1, 0) for length in lengths)
        request = _pack("AllocateBatchRequest", os.O_RDWR | os.O_CLOEXEC, len(lengths), 0, AS_MANY_AS_FIT if as_many_as_fit else 0, 0,
                        _field(heap, 64), _field(name, 32), 0, 0, 0)
        body, fds = self._call(ALLOCATE_BATCH, request + sizes, takes_descriptors=True)
        try:
            granted, step, _, _ = _unpack("AllocateBatchReply", body, tail=False)
            head, entry = STRUCTS["AllocateBatchReply"].size, STRUCTS["BatchBuffer"]
            if granted != len(fds) or not 1 <= granted <= len(lengths):
                raise self._broken(f"{granted} buffers stated, {len(fds)} descriptors came")
            if step < entry.size or head + granted * step > len(body):
                raise self._broken("buffers that do not fit their message")
            entries = [entry.unpack_from(body, head + i * step) for i in range(granted)]
            return [Buffer(fd, length, BufferFlags(flags), page_size, _id(epoch, sequence))
                    for fd, (epoch, sequence, length, flags, page_size) in zip(fds, entries)]
        except BaseException:
            _close_all(fds)
            raise

    def describe(self, buffer) -> BufferInfo:
        body, _ = self._call(DESCRIBE, b"", shown=buffer)
        return _buffer_info(_unpack("DescribeReply", body))

    def adopt(self, buffer, name: str = "") -> BufferInfo:
        """Shows a buffer of a host that has ended to the one that followed, which counts and releases it from then on."""
        body, _ = self._call(ADOPT, _pack("AdoptRequest", 0, 0, _field(name, 32)), shown=buffer)
        return _buffer_info(_unpack("AdoptReply", body))

    def give_back(self, buffer: Buffer) -> bool:
        """Closes a buffer whose file may be another one of the same user, user namespace and control group then; unmap it before.

        True: the host accepted it, and it is not decided yet: it looks for up to a quarter of a second whether nobody else has the buffer, which otherwise lives on until they let go.
        What became of it is in statistics(heap): "buffers" without it when it has ended, and "recycled", which counts buffers made of such files. False: it cannot be recycled."""
        try:
            body, _ = self._call(GIVE_BACK, b"", shown=buffer)
            return _unpack("GiveBackReply", body)[0] == 1
        finally:
            buffer.close()

    def set_name(self, buffer, name: str) -> None:
        self._call(SET_NAME, _pack("SetNameRequest", _field(name, 32)), shown=buffer)

    def cpu_access(self, buffer, read: bool = True, write: bool = True, end: bool = False) -> None:
        """Needed only for buffers with BufferFlags.CPU_ACCESS_HOOKS."""
        self._call(CPU_ACCESS, _pack("CpuAccessRequest", (1 if read else 0) | (2 if write else 0) | (4 if end else 0)), shown=buffer)

    def attach(self, buffer, number: int, alignment: int = 0, max_segment_bytes: int = 0, max_segments: int = 0,
               contiguous: bool = False, direction: int = BIDIRECTIONAL) -> None:
        """Attaches this process as an importer, under a number of the caller's own."""
        self._call(ATTACH, _pack("AttachBufferRequest", number, alignment, max_segment_bytes, max_segments, 1 if contiguous else 0, 0, direction), shown=buffer)

    def map(self, number: int, direction: int = BIDIRECTIONAL) -> List[Tuple[int, int, int]]:
        """The memory as (descriptor, offset, length); the caller closes each descriptor once."""
        body, fds = self._call(MAP, _pack("MapRequest", number, direction, 0), takes_descriptors=True)
        try:
            count, descriptors = _unpack("MapReply", body, tail=False)
            if descriptors != len(fds):
                raise self._broken(f"{descriptors} descriptors stated, {len(fds)} came")
            return [(fds[index], offset, length) for offset, length, index, _ in self._following(body, "MapReply", "SegmentEntry", count)]
        except BaseException:
            _close_all(fds)
            raise

    def unmap(self, number: int) -> None:
        self._call(UNMAP, _pack("UnmapRequest", number))

    def detach(self, number: int) -> None:
        self._call(DETACH, _pack("DetachRequest", number))

    def list_buffers(self, heap: str = "") -> List[BufferInfo]:
        buffers: List[BufferInfo] = []
        after, more = 0, True
        while more:
            body, _ = self._call(LIST_BUFFERS, _pack("ListBuffersRequest", after, _field(heap, 64)))
            entries, more = self._entries(body, "BufferEntry")
            buffers.extend(_buffer_info(entry) for entry in entries)
            after = entries[-1][1] if entries else after
        return buffers

    def statistics(self, heap: str = "") -> Statistics:
        body, _ = self._call(STATISTICS, _pack("StatisticsRequest", _field(heap, 64)))
        head = _unpack("StatisticsReply", body, tail=False)
        gauges = head[9:12] if head[7] else (None, None, None)
        causes = {_text(c): n for c, n in self._following(body, "StatisticsReply", "CauseEntry", head[8])}
        return Statistics(*head[:7], *gauges, causes, *head[12:21])

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _call(self, kind: int, body: bytes, shown=None, takes_descriptors: bool = False) -> Tuple[bytes, List[int]]:
        """Sends a request and waits for its reply; returns the whole packet and its descriptors, which are the caller's."""
        self._next_id += 1
        ancillary = []
        if shown is not None:
            fd = shown if isinstance(shown, int) else shown.fileno()
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        message = HEADER.pack(HEADER.size + len(body), kind, 0, self._next_id) + body
        try:
            self._socket.sendmsg([message], ancillary, socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the host may have said why before it closed: read on
        while True:
            packet, fds, complete = self._receive()
            try:
                size, got, flags, request_id = HEADER.unpack_from(packet)
                if size != len(packet) or flags:
                    raise self._broken("a malformed header")
                if request_id == 0 and FIRST_EVENT <= got < REPLY_BIT:
                    continue  # an event this client does not know
                if got == ERROR and request_id in (0, self._next_id):
                    self._raise(packet)
                if got != kind | REPLY_BIT or request_id != self._next_id:
                    raise self._broken(f"message {got:#x} for request {request_id}, which nobody sent")
                if not complete:
                    raise HostError(errno.EMFILE, "system", "this process has too few descriptors left to receive the reply's")
                if fds and not takes_descriptors:
                    raise self._broken("descriptors where none belong")
                result, fds = fds, []
                return packet, result
            finally:
                _close_all(fds)

    def _receive(self) -> Tuple[bytes, List[int], bool]:
        try:
            packet, ancillary, flags = self._recvmsg()
        except ConnectionResetError:  # the host closed with our requests unread; what it sent before is still there
            packet, ancillary, flags = self._recvmsg()
        fds = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        if not packet:
            _close_all(fds)
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, "the dmaheap host closed the connection")
        if flags & socket.MSG_TRUNC or len(packet) < HEADER.size:
            _close_all(fds)
            raise self._broken("a message of impossible length")
        return packet, list(fds), not flags & socket.MSG_CTRUNC

    def _recvmsg(self):
        packet, ancillary, flags, _ = self._socket.recvmsg(
            MAX_MESSAGE, socket.CMSG_SPACE(MAX_DESCRIPTORS * 4), socket.MSG_CMSG_CLOEXEC)
        return packet, ancillary, flags

    def _raise(self, packet: bytes) -> None:
        number, flags, cause, message = _unpack("ErrorReply", packet)
        if flags & ERROR_FATAL:
            self.close()
        raise HostError(number, _text(cause), _text(message))

    def _broken(self, what: str) -> ProtocolError:
        self.close()
        return ProtocolError(f"the dmaheap host sent {what}")

    def _entries(self, body: bytes, name: str) -> Tuple[list, bool]:
        head, entry = STRUCTS["ListReply"].size, STRUCTS[name]
        count, step, more, _ = _unpack("ListReply", body, tail=False)
        if count and step < entry.size or head + count * step > len(body) or (more and not count):
            raise self._broken("a list that does not fit its message")
        return [entry.unpack_from(body, head + i * step) for i in range(count)], bool(more)

    def _following(self, body: bytes, head: str, name: str, count: int) -> list:
        start, entry = STRUCTS[head].size, STRUCTS[name]
        if start + count * entry.size > len(body) or any(body[start + count * entry.size:]):
            raise self._broken("entries that do not fit their message")
        return [entry.unpack_from(body, start + i * entry.size) for i in range(count)]


def _dial(paths: List[str]) -> socket.socket:
    looked = []
    for path in paths:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(path)
            return connection
        except OSError as error:
            connection.close()
            looked.append(f"{path} ({error.strerror or error})")
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                break
        except BaseException:
            connection.close()
            raise
    raise ConnectionRefusedError(errno.ECONNREFUSED, "no dmaheap host at " + ", ".join(looked) + "; start one with ./dmaheap serve")


def _pack(name: str, *fields) -> bytes:
    """A message without its header, which goes in front when its id is known."""
    return STRUCTS[name].pack(0, 0, 0, 0, *fields)[HEADER.size:]


def _unpack(name: str, packet: bytes, tail: bool = True) -> tuple:
    """The fields after the header. openat2's rule: longer is fine when what is not known is zero. tail: nothing else follows the struct."""
    layout = STRUCTS[name]
    if len(packet) < layout.size:
        raise ProtocolError(f"the dmaheap host sent a short {name}")
    if tail and any(packet[layout.size:]):
        raise ProtocolError(f"the dmaheap host sent a {name} with fields this client does not know")
    return layout.unpack_from(packet)[4:]


def _buffer_info(f: tuple) -> BufferInfo:
    return BufferInfo(_id(f[0], f[1]), f[2], f[3], BufferFlags(f[4]), f[5], f[6], f[7], f[8], _text(f[10]), _text(f[11]))


def _id(epoch: int, sequence: int) -> str:
    return f"{epoch:016x}{sequence:016x}"


def _field(text: str, size: int) -> bytes:
    data = text.encode()
    if len(data) >= size or b"\0" in data:
        raise ValueError(f"{text!r} does not fit {size - 1} bytes of UTF-8 without NUL")
    return data


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode(errors="replace")


def _close_all(fds) -> None:
    for fd in fds:
        os.close(fd)
