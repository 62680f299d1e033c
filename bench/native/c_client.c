/*
 * Measures sequential round trips of one allocation: send the request, receive the reply with its descriptor, close
 * it. Speaks to c_broker, or with --hello to a dmaheap host, so that both servers can be measured by one client.
 *
 *     c_client SOCKETPATH TRIPS [--hello] [--warmup N] [--length BYTES] [--heap NAME] [--hold]
 *                               [--clients N] [--batch N | --group N]
 *
 * --hold keeps the descriptors, up to its hard limit, until standard input ends: so another client can measure what
 * a trip costs while many buffers live.
 * --clients makes as many processes, each with a connection, that start together; times are those of all trips, and
 * total_ns is from the first start to the last end.
 * --batch asks for so many buffers in one request; --group asks for as many one by one. Either way all are closed
 * then, and that together is one trip.
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
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../Protocol/wire.h"
#define PROGRAM "c_client"
#include "c_tool.h"

enum { MOST_FDS = 253, MOST_CLIENTS = 64 };

/* One message there and one back. How many descriptors came with it. */
static int exchange(int socket, const void *request, size_t size, uint16_t kind, int *fds)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MOST_FDS * sizeof(int))];
    } control;
    union {
        struct wire_header header;
        char bytes[WIRE_BYTES];
    } reply;
    struct iovec iov = {&reply, sizeof reply};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (send(socket, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        fail("send: %s", strerror(errno));
    ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
    if (n < (ssize_t)sizeof reply.header)
        fail("recvmsg: %s", n < 0 ? strerror(errno) : "the server hung up");
    if (reply.header.kind != (kind | WIRE_REPLY))
        fail("a reply of kind 0x%x instead of 0x%x", reply.header.kind, kind | WIRE_REPLY);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (!c || c->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t bytes = c->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(c), bytes);
    return (int)(bytes / sizeof(int));
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

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct wire_hello hello = {.header = {sizeof hello, WIRE_HELLO, 0, 1}, .magic = WIRE_MAGIC, .major = 1};
static struct wire_allocate request = {
    .header = {sizeof request, WIRE_ALLOCATE, 0, 1},
    .length = 4096,
    .file_flags = O_RDWR | O_CLOEXEC,
    .count = 1,
    .heap = "system",
};
static uint64_t trips, warmup = 1000, group = 1;
static bool greet, hold;

struct shared {
    int64_t begin, end; /* of one client */
};

static void trip(int s, uint64_t id)
{
    int fds[MOST_FDS];
    int got = 0;
    for (uint64_t i = 0; i < group; i++) {
        request.header.request_id = id * group + i + 2;
        got += exchange(s, &request, sizeof request, WIRE_ALLOCATE, fds + got);
    }
    if ((uint64_t)got != group * request.count)
        fail("%d descriptors came, %llu were asked for", got, (unsigned long long)(group * request.count));
    for (int i = 0; i < got && !hold; i++)
        close(fds[i]);
}

/* gate[0] ends when all are ready, as they say through gate[1]. */
static void run(const int *gate, int64_t *times, struct shared *own)
{
    int fds[MOST_FDS];
    char byte = 0;
    int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) < 0)
        fail("%s: %s", address.sun_path, strerror(errno));
    if (greet)
        exchange(s, &hello, sizeof hello, WIRE_HELLO, fds);
    for (uint64_t i = 0; i < warmup; i++)
        trip(s, i);
    if (gate && (write(gate[1], &byte, 1) != 1 || read(gate[0], &byte, 1) != 0))
        fail("the start was missed");
    own->begin = now_ns();
    for (uint64_t i = 0; i < trips; i++) {
        int64_t begin = now_ns();
        trip(s, warmup + i);
        times[i] = now_ns() - begin;
    }
    own->end = now_ns();
}

/* All start together; none ends what another measures, as each has its connection until it is gone. */
static void run_many(uint64_t clients, int64_t *times, struct shared *shared)
{
    int gate[2], ready[2], status;
    char byte;
    if (pipe(gate) < 0 || pipe(ready) < 0)
        fail("pipe: %s", strerror(errno));
    for (uint64_t i = 0; i < clients; i++) {
        pid_t child = fork();
        if (child < 0)
            fail("fork: %s", strerror(errno));
        if (child == 0) {
            close(gate[1]);
            run((int[]){gate[0], ready[1]}, times + i * trips, shared + i);
            _exit(0);
        }
    }
    close(ready[1]);
    for (uint64_t i = 0; i < clients; i++)
        if (read(ready[0], &byte, 1) != 1)
            fail("a client did not start");
    close(gate[1]);
    while (wait(&status) > 0)
        if (status != 0)
            fail("a client failed");
}

static void read_arguments(int argc, char **argv, uint64_t *clients)
{
    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
        fail("usage: c_client SOCKETPATH TRIPS [--hello] [--warmup N] [--length BYTES] [--heap NAME] [--hold] [--clients N] [--batch N | --group N]");
    strcpy(address.sun_path, argv[1]);
    trips = number(argv[2]);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--hello") == 0)
            greet = true;
        else if (strcmp(argv[i], "--hold") == 0)
            hold = true;
        else if (strcmp(argv[i], "--warmup") == 0)
            warmup = number(argv[++i]);
        else if (strcmp(argv[i], "--length") == 0)
            request.length = number(argv[++i]);
        else if (strcmp(argv[i], "--clients") == 0)
            *clients = number(argv[++i]);
        else if (strcmp(argv[i], "--batch") == 0)
            request.count = (uint32_t)number(argv[++i]);
        else if (strcmp(argv[i], "--group") == 0)
            group = number(argv[++i]);
        else if (strcmp(argv[i], "--heap") == 0 && argv[i + 1])
            strncpy(request.heap, argv[++i], sizeof request.heap - 1); /* which pads with zeros, as it must be */
        else
            fail("what is \"%s\"?", argv[i]);
    }
    if (!trips || *clients < 1 || *clients > MOST_CLIENTS || trips > 100000000 / *clients)
        fail("there is no such measurement");
    if (request.count < 1 || group < 1 || request.count > MOST_FDS || group > MOST_FDS || (request.count > 1 && group > 1))
        fail("at most %d buffers at once, in one request or one by one", MOST_FDS);
    if (hold && *clients > 1)
        fail("only one client holds");
}

int main(int argc, char **argv)
{
    uint64_t clients = 1;
    read_arguments(argc, argv, &clients);
    struct rlimit room;
    getrlimit(RLIMIT_NOFILE, &room);
    room.rlim_cur = room.rlim_max;
    if (hold && (setrlimit(RLIMIT_NOFILE, &room) < 0 || room.rlim_max < (warmup + trips) * group * request.count + 64))
        fail("the limit of %llu descriptors is too low: use several clients", (unsigned long long)room.rlim_max);

    struct shared *shared = mmap(NULL, clients * (sizeof *shared + trips * sizeof(int64_t)), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (shared == MAP_FAILED)
        fail("cannot keep the times: %s", strerror(errno));
    int64_t *times = (int64_t *)(shared + clients);
    if (clients == 1)
        run(NULL, times, shared);
    else
        run_many(clients, times, shared);

    int64_t begin = shared[0].begin, end = shared[0].end;
    for (uint64_t i = 1; i < clients; i++) {
        begin = shared[i].begin < begin ? shared[i].begin : begin;
        end = shared[i].end > end ? shared[i].end : end;
    }
    uint64_t all = clients * trips;
    qsort(times, all, sizeof *times, by_value);
    printf("{\"trips\":%llu,\"length\":%llu,\"total_ns\":%lld,\"min_ns\":%lld,\"p50_ns\":%lld,\"p99_ns\":%lld,\"max_ns\":%lld}\n",
           (unsigned long long)all, (unsigned long long)request.length, (long long)(end - begin), (long long)times[0],
           (long long)times[all / 2], (long long)times[all - 1 - all / 100], (long long)times[all - 1]);
    fflush(stdout);
    char input[256];
    while (hold && read(STDIN_FILENO, input, sizeof input) > 0)
        ;
    return 0;
}
