#!/usr/bin/env python3
"""Allocates a buffer from /dev/dma_heap as any program does that was written for the kernel's heaps; it knows nothing of dmaheap.

On a machine whose kernel has no heaps:  ./dmaheap exec -- python3 samples/alloc.py [HEAP] [BYTES]
"""
import fcntl
import mmap
import os
import struct
import sys

DMA_HEAP_IOCTL_ALLOC = 0xC0184800  # _IOWR('H', 0, struct dma_heap_allocation_data)
DMA_BUF_IOCTL_SYNC = 0x40086200    # _IOW('b', 0, struct dma_buf_sync)
SYNC_READ, SYNC_WRITE, SYNC_START, SYNC_END = 1, 2, 0, 4
ALLOCATION = "=QIIQ"               # len, fd, fd_flags, heap_flags


def allocate(heap: str, length: int) -> int:
    node = os.open(f"/dev/dma_heap/{heap}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        request = bytearray(struct.pack(ALLOCATION, length, 0, os.O_RDWR | os.O_CLOEXEC, 0))
        fcntl.ioctl(node, DMA_HEAP_IOCTL_ALLOC, request)
        return struct.unpack(ALLOCATION, request)[1]
    finally:
        os.close(node)


def sync(buffer: int, flags: int) -> None:
    fcntl.ioctl(buffer, DMA_BUF_IOCTL_SYNC, struct.pack("=Q", flags))


def main() -> None:
    heap = sys.argv[1] if len(sys.argv) > 1 else "system"
    length = int(sys.argv[2]) if len(sys.argv) > 2 else 1 << 20
    print("heaps:", *sorted(os.listdir("/dev/dma_heap")))
    buffer = allocate(heap, length)
    size = os.lseek(buffer, 0, os.SEEK_END)
    with mmap.mmap(buffer, size) as memory:
        sync(buffer, SYNC_WRITE | SYNC_START)
        memory[:5] = b"hello"
        sync(buffer, SYNC_WRITE | SYNC_END)
        sync(buffer, SYNC_READ | SYNC_START)
        print(f"{heap}: a buffer of {size} bytes, descriptor {buffer}, says {memory[:5].decode()!r}")
        sync(buffer, SYNC_READ | SYNC_END)
    os.close(buffer)


if __name__ == "__main__":
    main()
