/*
 * The two messages of one allocation, byte for byte those of the dmaheap protocol (Protocol/Requests.cs and
 * Replies.cs), so that both sides of the comparison copy the same bytes. Little-endian machines only.
 */
#ifndef C_WIRE_H
#define C_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_HELLO 1
#define WIRE_ALLOCATE 3
#define WIRE_REPLY 0x8000
#define WIRE_MAGIC 0x48414d44u /* "DMAH" */
#define WIRE_MAX 512           /* room for any message used here, errors included (504) */

struct wire_header {
    uint32_t size;
    uint16_t kind, flags;
    uint64_t request_id;
};

struct wire_hello {
    struct wire_header header;
    uint32_t magic;
    uint16_t major, minor;
    uint64_t features;
};

struct wire_allocate {
    struct wire_header header;
    uint64_t length; /* bytes of the buffer: all that the C broker reads of a request */
    uint32_t file_flags, count;
    uint64_t heap_flags;
    uint32_t options, expected_importers;
    char heap[64], name[32];
};

struct wire_allocated {
    struct wire_header header;
    uint32_t count;
    int32_t stopped_by;
    uint64_t length;
    uint32_t flags, page_size;
    uint64_t id[2];
};

_Static_assert(sizeof(struct wire_header) == 16, "header");
_Static_assert(sizeof(struct wire_hello) == 32, "hello");
_Static_assert(sizeof(struct wire_allocate) == 144 && offsetof(struct wire_allocate, length) == 16, "request");
_Static_assert(sizeof(struct wire_allocated) == 56, "reply");

#endif
