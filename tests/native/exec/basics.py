"""What a Python program does with a heap: open, ALLOC, SYNC, SET_NAME, map, and the errors it meets. Prints ok and FAIL lines."""

import errno
import fcntl
import mmap
import os
import struct
import sys

ALLOC, SYNC, SET_NAME = 0xC0184800, 0x40086200, 0x40086201
failures = 0


def check(name, expected, got):
    global failures
    good = expected == got
    failures += not good
    print(f"ok {name}" if good else f"FAIL {name}: expected {expected} got {got}")


def errno_of(call, *arguments):
    try:
        call(*arguments)
        return 0
    except OSError as error:
        return error.errno


def alloc(heap, length, fd=0, fd_flags=os.O_RDWR | os.O_CLOEXEC, heap_flags=0):
    request = bytearray(struct.pack("=QIIQ", length, fd, fd_flags, heap_flags))
    fcntl.ioctl(heap, ALLOC, request)
    return struct.unpack("=QIIQ", request)


heap = os.open("/dev/dma_heap/" + os.environ.get("HEAP", "system"), os.O_RDONLY | os.O_CLOEXEC)
check("the heap is listed", True, os.environ.get("HEAP", "system") in os.listdir("/dev/dma_heap"))
length, buffer, fd_flags, heap_flags = alloc(heap, 5000)
check("len, fd_flags and heap_flags stay", (5000, os.O_RDWR | os.O_CLOEXEC, 0), (length, fd_flags, heap_flags))
check("size", 8192, os.lseek(buffer, 0, os.SEEK_END))
check("FD_CLOEXEC", fcntl.FD_CLOEXEC, fcntl.fcntl(buffer, fcntl.F_GETFD))
with mmap.mmap(buffer, 8192) as memory:
    check("zeroed", bytes(8192), memory[:])
    fcntl.ioctl(buffer, SYNC, struct.pack("=Q", 3))
    memory[:5] = b"hello"
    fcntl.ioctl(buffer, SYNC, struct.pack("=Q", 7))
with mmap.mmap(buffer, 8192) as memory:
    check("kept", b"hello", memory[:5])
check("SYNC without a direction", errno.EINVAL, errno_of(fcntl.ioctl, buffer, SYNC, struct.pack("=Q", 0)))
check("SET_NAME", 0, errno_of(fcntl.ioctl, buffer, SET_NAME, b"python\0"))
check("a name too long", errno.EINVAL, errno_of(fcntl.ioctl, buffer, SET_NAME, b"x" * 40 + b"\0"))
check("len 0", errno.EINVAL, errno_of(alloc, heap, 0))
check("fd 1", errno.EINVAL, errno_of(alloc, heap, 4096, 1))
check("fd_flags O_APPEND", errno.EINVAL, errno_of(alloc, heap, 4096, 0, os.O_APPEND))
check("heap_flags 1", errno.EINVAL, errno_of(alloc, heap, 4096, 0, 0, 1))
check("len 2^40", errno.ENOMEM, errno_of(alloc, heap, 1 << 40))
check("ALLOC on a buffer", errno.ENOTTY, errno_of(alloc, buffer, 4096))
check("an unknown heap", errno.ENOENT, errno_of(os.open, "/dev/dma_heap/no-such-heap", os.O_RDONLY))
os.close(buffer)
sys.exit(1 if failures else 0)
