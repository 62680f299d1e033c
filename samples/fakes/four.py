#!/usr/bin/env python3
"""Allocates four buffers from /dev/dma_heap/system and says how each went. It knows nothing of dmaheap, and less of fakes."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import alloc  # noqa: E402

buffers = []
for number in range(1, 5):
    try:
        buffers.append(alloc.allocate("system", 8192))
        print(f"buffer {number}: here")
    except OSError as error:
        print(f"buffer {number}: {error.strerror}")
