/*
 * The ways an owner holds on to memory, and how it looks what is in there. A look never goes by what the host says:
 * only by what the kernel shows.
 */
#ifndef OWNERS_HOLDING_H
#define OWNERS_HOLDING_H

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "client.h"
#include "owner_id.h"

enum {
    HOLDINGS = 96,            /* of one worker */
    MOST_HELD = 48 << 20,     /* bytes of one worker */
    CHUNK = 256 << 10,        /* read at a time */
    LARGEST_PIPE = 256 << 10, /* bytes spliced of one buffer */
    TO_DEVICE = 1             /* the importer only reads: some descriptors allow no more */
};

enum way {
    NOTHING,
    DESCRIPTOR,
    MAPPING, /* and no descriptor */
    PIPE,    /* pages spliced into a pipe, and nothing else */
    PATH,    /* an O_PATH descriptor, and no other */
    QUEUE,   /* a message in a socket, not taken yet */
    ATTACHED /* to the host as an importer, which has the only descriptor */
};

struct holding {
    enum way way;
    int fd, writing_end; /* of a pipe or socket as well */
    void *map;
    uint64_t length, base; /* base: where in the buffer the pipe's bytes begin */
    uint64_t attachment;
    struct content content;
};

static struct holding holdings[HOLDINGS];
static uint64_t held_bytes;

static void unmap_or_detach(uint16_t kind, uint64_t attachment)
{
    struct wire_map request = {.header = {offsetof(struct wire_map, direction), kind, 0, attachment}, .attachment = attachment};
    if (ask(host, &request, request.header.size, NULL, 0) && reply.header.kind != (kind | WIRE_REPLY))
        judge_refusal(kind == WIRE_UNMAP ? "an unmap" : "a detach");
}

static void forget(struct holding *h)
{
    if (h->way == NOTHING)
        return;
    if (h->way == ATTACHED && host >= 0)
        unmap_or_detach(WIRE_DETACH, h->attachment);
    if (h->map)
        munmap(h->map, h->length);
    if (h->fd >= 0)
        close(h->fd);
    if (h->writing_end >= 0)
        close(h->writing_end);
    held_bytes -= h->length;
    *h = (struct holding){.fd = -1, .writing_end = -1};
}

/* Attachments end with the connection. */
static void forget_attached(void)
{
    for (int i = 0; i < HOLDINGS; i++)
        if (holdings[i].way == ATTACHED)
            forget(&holdings[i]);
}

/* A place for one more; somebody has to go where there is none. */
static struct holding *place_for(uint64_t length)
{
    while (held_bytes + length > MOST_HELD) {
        struct holding *victim = &holdings[draw(HOLDINGS)];
        if (held_bytes == 0)
            break;
        forget(victim);
    }
    struct holding *h = &holdings[draw(HOLDINGS)];
    for (int i = 0; i < HOLDINGS && h->way != NOTHING; i++)
        h = &holdings[(h - holdings + 1) % HOLDINGS];
    forget(h);
    held_bytes += length;
    *h = (struct holding){.fd = -1, .writing_end = -1, .length = length};
    return h;
}

static struct holding *keep(int fd, uint64_t length, struct content content)
{
    struct holding *h = place_for(length);
    h->way = DESCRIPTOR;
    h->fd = fd;
    h->content = content;
    return h;
}

/* ---- looking ----------------------------------------------------------------------------------------- */

static void *map_of(int fd, uint64_t length, int protection)
{
    void *map = mmap(NULL, length, protection, MAP_SHARED | (draw(2) ? MAP_POPULATE : 0), fd, 0);
    if (map != MAP_FAILED)
        return map;
    trouble("mmap of %llu bytes: %s", (unsigned long long)length, strerror(errno));
    return NULL;
}

static void look_by_mapping(const struct content *content, const char *how, int fd, uint64_t length)
{
    void *map = map_of(fd, length, PROT_READ);
    if (!map)
        return;
    look(content, how, map, length, 0);
    munmap(map, length);
}

/* A word that somebody writes meanwhile may come in halves: what is still foreign when it is read once more, is. */
static bool is_settled(const struct content *content, int fd, uint64_t offset)
{
    uint64_t word;
    for (int i = 0; i < 5; i++)
        if (pread(fd, &word, sizeof word, (off_t)offset) == sizeof word && is_allowed(content, word))
            return false;
    return true;
}

static void look_by_reading(const struct content *content, const char *how, int fd, uint64_t length)
{
    static uint64_t chunk[CHUNK / 8];
    for (uint64_t offset = 0; offset < length;) {
        ssize_t n = pread(fd, chunk, length - offset < CHUNK ? length - offset : CHUNK, (off_t)offset);
        if (n <= 0 || n % 8) {
            trouble("pread of %llu at %llu: %zd %s", (unsigned long long)length, (unsigned long long)offset, n, strerror(errno));
            return;
        }
        int64_t at;
        while (content->loose && (at = find_foreign(content, chunk, (size_t)n)) >= 0 && !is_settled(content, fd, offset + (uint64_t)at))
            chunk[at / 8] = content->expected;
        if (!look(content, how, chunk, (size_t)n, offset))
            return;
        offset += (uint64_t)n;
    }
}

static void look_through_path(const struct holding *h)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", h->fd);
    count(COUNT_path_looks, 1);
    int fd = open(link, O_RDONLY | O_CLOEXEC);
    if (fd < 0) { /* the file's mode keeps everybody out but the host's user */
        if (errno == EACCES)
            count(COUNT_path_refusals, 1);
        else
            trouble("an O_PATH descriptor: %s", strerror(errno));
        return;
    }
    look_by_reading(&h->content, "through an O_PATH descriptor", fd, h->length);
    close(fd);
}

static void look_into_pipe(struct holding *h)
{
    static uint64_t chunk[CHUNK / 8];
    for (uint64_t done = 0; done < h->length;) {
        ssize_t n = read(h->fd, chunk, h->length - done < CHUNK ? h->length - done : CHUNK);
        if (n <= 0 || n % 8) {
            trouble("read of a pipe: %zd %s", n, strerror(errno));
            break;
        }
        if (!look(&h->content, "in a spliced pipe", chunk, (size_t)n, h->base + done))
            break;
        done += (uint64_t)n;
    }
    count(COUNT_pipe_looks, 1);
    forget(h);
}

static void take_from_queue(struct holding *h)
{
    char byte;
    if (take(h->fd, &byte, 1, MSG_DONTWAIT) != 1 || received_count != 1) {
        trouble("a descriptor was lost in a socket: %d came", received_count);
        close_received();
        forget(h);
        return;
    }
    close(h->fd);
    close(h->writing_end);
    h->fd = received[0];
    h->writing_end = -1;
    h->way = DESCRIPTOR;
    count(COUNT_queue_looks, 1);
}

static void look_through_attachment(const struct holding *h)
{
    struct wire_map request = {.header = {sizeof request, WIRE_MAP, 0, h->attachment}, .attachment = h->attachment, .direction = TO_DEVICE};
    if (!ask(host, &request, sizeof request, NULL, 0))
        return;
    if (reply.header.kind != (WIRE_MAP | WIRE_REPLY) || received_count != 1) {
        judge_refusal("a mapping for an importer");
        close_received();
        return;
    }
    int fd = received[0];
    bool early = draw(2); /* what was given to an importer stays readable */
    if (early)
        unmap_or_detach(WIRE_UNMAP, h->attachment);
    look_by_reading(&h->content, "through an attachment", fd, h->length);
    close(fd);
    if (!early)
        unmap_or_detach(WIRE_UNMAP, h->attachment);
    count(COUNT_attachment_looks, 1);
}

static void look_at(struct holding *h)
{
    if (h->way == QUEUE)
        take_from_queue(h);
    switch (h->way) {
    case DESCRIPTOR:
        if (draw(2))
            look_by_mapping(&h->content, "in a mapping", h->fd, h->length);
        else
            look_by_reading(&h->content, "by reading", h->fd, h->length);
        count(COUNT_looks, 1);
        break;
    case MAPPING:
        look(&h->content, "in a mapping whose descriptor is closed", h->map, h->length, 0);
        count(COUNT_mapping_looks, 1);
        break;
    case PIPE:
        look_into_pipe(h);
        break;
    case PATH:
        look_through_path(h);
        break;
    case ATTACHED:
        look_through_attachment(h);
        break;
    default:
        break;
    }
}

/* ---- ways -------------------------------------------------------------------------------------------- */

/* Pages go into a pipe by splice, or by vmsplice where the file cannot be spliced (huge pages) and now and then. */
static uint64_t put_into_pipe(const struct holding *h, int writing_end, uint64_t base, uint64_t wanted)
{
    uint64_t done = 0;
    if (draw(3)) {
        loff_t offset = (loff_t)base;
        while (done < wanted) {
            ssize_t n = splice(h->fd, &offset, writing_end, NULL, wanted - done, SPLICE_F_NONBLOCK);
            if (n <= 0)
                break;
            done += (uint64_t)n;
        }
        if (done > 0 || errno == EAGAIN)
            return done;
    }
    char *map = map_of(h->fd, h->length, PROT_READ);
    if (!map)
        return 0;
    while (done < wanted) {
        struct iovec part = {map + base + done, wanted - done};
        ssize_t n = vmsplice(writing_end, &part, 1, SPLICE_F_NONBLOCK);
        if (n <= 0)
            break;
        done += (uint64_t)n;
    }
    munmap(map, h->length);
    return done;
}

/* Some pages of it, kept by a pipe beyond the buffer's end. */
static void splice_some(const struct holding *h)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
        trouble("pipe: %s", strerror(errno));
        return;
    }
    uint64_t pages = h->length / 4096, base = draw((uint32_t)pages) * 4096ULL, wanted = h->length - base < LARGEST_PIPE ? h->length - base : LARGEST_PIPE;
    (void)!fcntl(ends[1], F_SETPIPE_SZ, LARGEST_PIPE); /* a user has only so much of them; less will do */
    uint64_t done = put_into_pipe(h, ends[1], base, wanted);
    if (done == 0) { /* this user has no pipe pages left */
        close(ends[0]);
        close(ends[1]);
        return;
    }
    struct content content = h->content;
    content.loose = false; /* whatever becomes of the file, these pages stay ours */
    struct holding *pipe = place_for(done);
    pipe->way = PIPE;
    pipe->fd = ends[0];
    pipe->writing_end = ends[1];
    pipe->base = base;
    pipe->content = content;
}

static void become_mapping(struct holding *h)
{
    if (!(h->map = map_of(h->fd, h->length, PROT_READ)))
        return;
    close(h->fd);
    h->fd = -1;
    h->way = MAPPING;
}

/* From here on others of the domain may have the file again where the heap recycles: nobody sees an O_PATH descriptor. */
static void become_path(struct holding *h)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", h->fd);
    int fd = open(link, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        trouble("O_PATH: %s", strerror(errno));
        return;
    }
    close(h->fd);
    h->fd = fd;
    h->way = PATH;
    h->content.loose = heaps[h->content.heap].recycles;
}

static void become_attached(struct holding *h)
{
    static uint64_t last;
    struct wire_attach request = {.header = {sizeof request, WIRE_ATTACH, 0, ++last}, .attachment = last, .direction = TO_DEVICE};
    if (!ask(host, &request, sizeof request, &h->fd, 1))
        return;
    if (reply.header.kind != (WIRE_ATTACH | WIRE_REPLY)) {
        judge_refusal("an attach");
        return;
    }
    close(h->fd);
    h->fd = -1;
    h->attachment = last;
    h->way = ATTACHED;
}

static void become_queued(struct holding *h)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
        trouble("socketpair: %s", strerror(errno));
        return;
    }
    if (!put(ends[1], "D", 1, &h->fd, 1)) { /* too many in flight */
        close(ends[0]);
        close(ends[1]);
        return;
    }
    close(h->fd);
    h->fd = ends[0];
    h->writing_end = ends[1];
    h->way = QUEUE;
}

#endif
