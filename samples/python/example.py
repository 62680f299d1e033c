#!/usr/bin/env python3
"""Allocates from a dmaheap host, maps, names and describes a buffer. Try it beside ./dmaheap serve:

    python3 samples/python/example.py [HEAP]
"""

import sys

import dmaheap


def main() -> int:
    heap = sys.argv[1] if len(sys.argv) > 1 else "system"
    try:
        with dmaheap.Client() as client:
            for entry in client.list_heaps():
                print(f"{entry.name:24} {'alias of ' + entry.alias_of if entry.alias_of else entry.plugin:24} "
                      f"{'active' if entry.active else 'unavailable: ' + entry.reason}")

            with client.allocate(heap, 1 << 20, name="example") as buffer:
                if not buffer.flags & dmaheap.BufferFlags.OPAQUE:
                    with buffer.map() as memory:
                        memory[:5] = b"hello"
                        print("mapped, holds", memory[:5])
                client.set_name(buffer, "renamed")
                print(client.describe(buffer))
            print(client.statistics(heap))
    except OSError as error:
        print(f"example: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
