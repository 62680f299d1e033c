/*
 * Measures sequential round trips of one allocation: send the request, receive the reply with its descriptor, close
 * it. Speaks to c_broker, or with --hello to a dmaheap host, so that both servers can be measured by one client.
 *
 *     c_client SOCKETPATH TRIPS [--hello] [--warmup N] [--length BYTES] [--heap NAME] [--hold]
 *
 * --hold keeps the descriptors, up to its hard limit, until standard input ends: so another client can measure what
 * a trip costs while many buffers live.
 * Prints one line of JSON, times in nanoseconds. Exit status 0, or 1 with the reason on stderr.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "c_wire.h"

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("c_client: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* One message there and one back. The descriptor that came with it, or -1. */
static int exchange(int socket, const void *request, size_t size, uint16_t kind)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    union {
        struct wire_header header;
        char bytes[WIRE_MAX];
    } reply;
    struct iovec iov = {&reply, sizeof reply};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int fd = -1;
    if (send(socket, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail("send: %s", strerror(errno));
    ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
    if (n < (ssize_t)sizeof reply.header)
        fail("recvmsg: %s", n < 0 ? strerror(errno) : "the server hung up");
    if (reply.header.kind != (kind | WIRE_REPLY))
        fail("a reply of kind 0x%x instead of 0x%x", reply.header.kind, kind | WIRE_REPLY);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t number(const char *text)
{
    char *end = NULL;
    unsigned long long value = text ? strtoull(text, &end, 10) : 0;
    if (!text || end == text || *end)
        fail("\"%s\" is not a number", text ? text : "");
    return value;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct wire_hello hello = {.header = {sizeof hello, WIRE_HELLO, 0, 1}, .magic = WIRE_MAGIC, .major = 1};
    struct wire_allocate request = {
        .header = {sizeof request, WIRE_ALLOCATE, 0, 1},
        .length = 4096,
        .file_flags = O_RDWR | O_CLOEXEC,
        .count = 1,
        .heap = "system",
    };
    uint64_t warmup = 1000;
    bool greet = false, hold = false;
    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
        fail("usage: c_client SOCKETPATH TRIPS [--hello] [--warmup N] [--length BYTES] [--heap NAME] [--hold]");
    uint64_t trips = number(argv[2]);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--hello") == 0)
            greet = true;
        else if (strcmp(argv[i], "--hold") == 0)
            hold = true;
        else if (strcmp(argv[i], "--warmup") == 0)
            warmup = number(argv[++i]);
        else if (strcmp(argv[i], "--length") == 0)
            request.length = number(argv[++i]);
        else if (strcmp(argv[i], "--heap") == 0 && argv[i + 1])
            strncpy(request.heap, argv[++i], sizeof request.heap - 1); /* which pads with zeros, as it must be */
        else
            fail("what is \"%s\"?", argv[i]);
    }
    strcpy(address.sun_path, argv[1]);

    int64_t *times = trips && trips <= SIZE_MAX / sizeof *times ? calloc(trips, sizeof *times) : NULL;
    if (!times)
        fail("cannot keep the times of %llu trips", (unsigned long long)trips);
    int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) < 0)
        fail("%s: %s", argv[1], strerror(errno));
    struct rlimit room;
    getrlimit(RLIMIT_NOFILE, &room);
    room.rlim_cur = room.rlim_max;
    if (hold && (setrlimit(RLIMIT_NOFILE, &room) < 0 || room.rlim_max < warmup + trips + 64))
        fail("the limit of %llu descriptors is too low: use several clients", (unsigned long long)room.rlim_max);
    if (greet)
        exchange(s, &hello, sizeof hello, WIRE_HELLO);

    int64_t total = 0;
    for (uint64_t i = 0; i < warmup + trips; i++) {
        request.header.request_id = i + 2;
        int64_t begin = now_ns();
        int fd = exchange(s, &request, sizeof request, WIRE_ALLOCATE);
        if (fd < 0)
            fail("a reply without a descriptor");
        if (!hold)
            close(fd);
        int64_t took = now_ns() - begin;
        if (i >= warmup) {
            times[i - warmup] = took;
            total += took;
        }
    }
    qsort(times, trips, sizeof *times, by_value);
    printf("{\"trips\":%llu,\"length\":%llu,\"total_ns\":%lld,\"min_ns\":%lld,\"p50_ns\":%lld,\"p99_ns\":%lld,\"max_ns\":%lld}\n",
           (unsigned long long)trips, (unsigned long long)request.length, (long long)total, (long long)times[0],
           (long long)times[trips / 2], (long long)times[trips - 1 - trips / 100], (long long)times[trips - 1]);
    fflush(stdout);
    char input[256];
    while (hold && read(STDIN_FILENO, input, sizeof input) > 0)
        ;
    return 0;
}
