/*
 * The program that is measured under `dmaheap exec` and under c_supervisor: how long a call takes that is served, or
 * that only passes the filter.
 *
 *     heap_trips NODE alloc|sync|getpid COUNT [--warmup N] [--clients N]
 *     heap_trips NODE start
 *
 * alloc:  ALLOC of 4 KiB and close, COUNT times
 * sync:   SYNC on one buffer, COUNT times
 * getpid: COUNT system calls of no concern to anybody, timed together
 * start:  nothing; tells when main was reached, by CLOCK_MONOTONIC
 * Several clients are processes that start together; their times are those of all trips, and total_ns is from the
 * first start to the last end. Prints one line of JSON, times in nanoseconds. Exit status 0, or 1 with the reason on stderr.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "heap_trips"
#include "c_tool.h"

struct alloc {
    uint64_t len;
    uint32_t fd, fd_flags;
    uint64_t heap_flags;
};

#define ALLOC _IOWR('H', 0, struct alloc)
#define SYNC _IOW('b', 0, uint64_t)

static const char *node_path;
static int node, buffer;

static int allocate(void)
{
    struct alloc a = {.len = 4096, .fd_flags = O_RDWR | O_CLOEXEC};
    if (ioctl(node, ALLOC, &a) < 0)
        fail("ALLOC on %s: %s", node_path, strerror(errno));
    return (int)a.fd;
}

static void trip_alloc(void) { close(allocate()); }

static void trip_sync(void)
{
    uint64_t flags = 3;
    if (ioctl(buffer, SYNC, &flags) < 0)
        fail("SYNC: %s", strerror(errno));
}

static void trip_getpid(void) { syscall(SYS_getpid); }

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

struct shared {
    int64_t begin, end; /* of one client */
};

static void run(void (*trip)(void), uint64_t warmup, uint64_t count, int together, int64_t *times, struct shared *own)
{
    char go;
    for (uint64_t i = 0; i < warmup; i++)
        trip();
    if (together >= 0 && read(together, &go, 1) != 0) /* ends when all are ready and the parent lets go */
        fail("the start was missed");
    own->begin = now_ns();
    if (trip == trip_getpid) { /* two looks at the clock would cost as much as the call */
        for (uint64_t i = 0; i < count; i++)
            trip();
        own->end = now_ns();
        for (uint64_t i = 0; i < count; i++)
            times[i] = (own->end - own->begin) / (int64_t)count;
    } else {
        int64_t begin = own->begin;
        for (uint64_t i = 0; i < count; i++) {
            trip();
            int64_t end = now_ns();
            times[i] = end - begin;
            begin = end;
        }
        own->end = begin;
    }
}

int main(int argc, char **argv)
{
    uint64_t warmup = 1000, clients = 1;
    if (argc == 3 && strcmp(argv[2], "start") == 0) {
        printf("{\"main_ns\":%" PRId64 "}\n", now_ns());
        return 0;
    }
    if (argc < 4)
        fail("usage: heap_trips NODE alloc|sync|getpid COUNT [--warmup N] [--clients N] | NODE start");
    node_path = argv[1];
    uint64_t count = number(argv[3]);
    for (int i = 4; i < argc; i += 2) {
        if (strcmp(argv[i], "--warmup") == 0)
            warmup = number(argv[i + 1]);
        else if (strcmp(argv[i], "--clients") == 0)
            clients = number(argv[i + 1]);
        else
            fail("what is \"%s\"?", argv[i]);
    }
    void (*trip)(void) = strcmp(argv[2], "alloc") == 0 ? trip_alloc : strcmp(argv[2], "sync") == 0 ? trip_sync
        : strcmp(argv[2], "getpid") == 0 ? trip_getpid : NULL;
    if (!trip || !count || count > 100000000 || clients < 1 || clients > 64)
        fail("there is no such measurement");
    if (trip != trip_getpid && (node = open(node_path, O_RDWR | O_CLOEXEC)) < 0)
        fail("%s: %s", node_path, strerror(errno));
    if (trip == trip_sync)
        buffer = allocate();

    size_t size = clients * (sizeof(struct shared) + count * sizeof(int64_t));
    struct shared *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (shared == MAP_FAILED)
        fail("cannot keep the times: %s", strerror(errno));
    int64_t *times = (int64_t *)(shared + clients);
    if (clients == 1) {
        run(trip, warmup, count, -1, times, shared);
    } else {
        int gate[2], ready[2];
        char byte = 0;
        if (pipe(gate) < 0 || pipe(ready) < 0)
            fail("pipe: %s", strerror(errno));
        for (uint64_t i = 0; i < clients; i++) {
            pid_t child = fork();
            if (child < 0)
                fail("fork: %s", strerror(errno));
            if (child == 0) {
                close(gate[1]);
                if (write(ready[1], &byte, 1) != 1)
                    _exit(1);
                run(trip, warmup, count, gate[0], times + i * count, shared + i);
                _exit(0);
            }
        }
        for (uint64_t i = 0; i < clients; i++)
            if (read(ready[0], &byte, 1) != 1)
                fail("a client did not start");
        close(gate[1]);
        int status;
        while (wait(&status) > 0)
            if (status != 0)
                fail("a client failed");
    }
    int64_t begin = shared[0].begin, end = shared[0].end;
    for (uint64_t i = 1; i < clients; i++) {
        begin = shared[i].begin < begin ? shared[i].begin : begin;
        end = shared[i].end > end ? shared[i].end : end;
    }
    uint64_t trips = clients * count;
    qsort(times, trips, sizeof *times, by_value);
    printf("{\"trips\":%" PRIu64 ",\"total_ns\":%" PRId64 ",\"p50_ns\":%" PRId64 ",\"p99_ns\":%" PRId64 "}\n",
           trips, end - begin, times[trips / 2], times[trips - 1 - trips / 100]);
    return 0;
}
