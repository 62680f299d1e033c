/*
 * The messages of docs/protocol.md for programs in C, as far as any here speaks them. What follows a struct in a message (ids, entries) is not part of it. Little-endian machines only.
 */
#ifndef DMAHEAP_WIRE_H
#define DMAHEAP_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC 0x48414d44u /* "DMAH" */

enum {
    WIRE_HELLO = 1,
    WIRE_ALLOCATE = 3,
    WIRE_DESCRIBE = 4, /* a header alone */
    WIRE_STATISTICS = 6,
    WIRE_ATTACH = 20,
    WIRE_MAP = 21,
    WIRE_UNMAP = 22,
    WIRE_DETACH = 23,
    WIRE_ALLOCATE_BATCH = 60,
    WIRE_GIVE_BACK = 61, /* a header alone */
    WIRE_SHRINK = 62,
    WIRE_REPLY = 0x8000,
    WIRE_ERROR = 0xffff,
    WIRE_BYTES = 32768,    /* of the longest message */
    WIRE_DESCRIPTORS = 253 /* most in one message */
};

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
    uint64_t length;
    uint32_t file_flags, count;
    uint64_t heap_flags;
    uint32_t options, expected_importers;
    char heap[64], name[32];
};

struct wire_allocated { /* followed by an id of 16 bytes for each buffer */
    struct wire_header header;
    uint32_t count;
    int32_t stopped_by;
    uint64_t length;
    uint32_t flags, page_size;
};

struct wire_batch {
    struct wire_header header;
    uint32_t file_flags, sizes;
    uint64_t heap_flags;
    uint32_t options, expected_importers;
    char heap[64], name[32];
    uint64_t alignment;
    uint32_t max_segments, reserved;
};

struct wire_batch_size {
    uint64_t length;
    uint32_t count, reserved;
};

struct wire_batch_reply {
    struct wire_header header;
    uint32_t count, entry_size;
    int32_t stopped_by;
    uint32_t reserved;
};

struct wire_batch_buffer {
    uint64_t id[2], length;
    uint32_t flags, page_size;
};

struct wire_given_back {
    struct wire_header header;
    uint32_t taken, reserved;
};

struct wire_shrink {
    struct wire_header header;
    uint64_t bytes;
    char heap[64];
};

struct wire_list {
    struct wire_header header;
    uint32_t count, entry_size, more, reserved;
};

struct wire_shrink_entry {
    uint64_t count, wanted, given, microseconds;
    uint32_t result, reserved; /* 0 done, 2 busy; others are faults */
    char source[64];
};

struct wire_described {
    struct wire_header header;
    uint64_t id[2], length, age;
    uint32_t flags, page_size, user;
    int32_t process;
    uint32_t attachments, reserved;
    char heap[64], name[32];
};

struct wire_statistics {
    struct wire_header header;
    char heap[64]; /* empty: all */
};

struct wire_counted {
    struct wire_header header;
    uint64_t buffers, bytes, peak, allocations, releases, failures, limit;
    uint32_t has_gauges, causes;
    uint64_t capacity, free, largest_run, pool_bytes, pool_buffers, pool_hits;
};

struct wire_attach {
    struct wire_header header;
    uint64_t attachment, alignment, max_segment_bytes;
    uint32_t max_segments, flags, caching, direction;
};

struct wire_map { /* unmap and detach, too, without what follows the number */
    struct wire_header header;
    uint64_t attachment;
    uint32_t direction, reserved;
};

struct wire_mapped {
    struct wire_header header;
    uint32_t count, descriptors;
};

struct wire_error {
    struct wire_header header;
    int32_t error;
    uint32_t flags; /* 1: the connection is over */
    char cause[32], message[448];
};

_Static_assert(sizeof(struct wire_hello) == 32, "hello");
_Static_assert(sizeof(struct wire_allocate) == 144, "allocate");
_Static_assert(sizeof(struct wire_allocated) == 40, "allocated");
_Static_assert(sizeof(struct wire_batch) == 152, "batch");
_Static_assert(sizeof(struct wire_batch_size) == 16, "size of a batch");
_Static_assert(sizeof(struct wire_batch_reply) == 32, "reply to a batch");
_Static_assert(sizeof(struct wire_batch_buffer) == 32, "buffer of a batch");
_Static_assert(sizeof(struct wire_shrink) == 88, "shrink");
_Static_assert(sizeof(struct wire_list) == 32, "list");
_Static_assert(sizeof(struct wire_shrink_entry) == 104, "source of memory");
_Static_assert(sizeof(struct wire_described) == 168, "described");
_Static_assert(sizeof(struct wire_statistics) == 80, "statistics");
_Static_assert(offsetof(struct wire_counted, pool_hits) == 120, "counted");
_Static_assert(sizeof(struct wire_attach) == 56, "attach");
_Static_assert(sizeof(struct wire_map) == 32, "map");
_Static_assert(sizeof(struct wire_mapped) == 24, "mapped");
_Static_assert(sizeof(struct wire_given_back) == 24, "given back");
_Static_assert(sizeof(struct wire_error) == 504, "error");

#endif
