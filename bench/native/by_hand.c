/*
 * What a program does that makes its memory itself: the baseline of all benchmarks of memory that is ready to write.
 *
 *     by_hand ready LENGTH TRIPS [--populate] [--huge]
 *     by_hand ring LENGTH TRIPS --frames N [--populate] [--huge]
 *     by_hand tracked LENGTH TRIPS --frames N
 *     by_hand sustained LENGTH MILLISECONDS [--populate] [--huge]
 *
 * ready:     memfd_create, ftruncate, mmap, a byte written to every page. What follows, munmap and close, is not timed
 * ring:      the same of N frames, each of which is written whole; timed until the last byte of the last one
 * tracked:   N buffers made as a broker makes them, sealed and watched, and closed: what it costs when
 *            nobody asks anybody. Neither mapped nor touched
 * sustained: all of it, munmap and close too, without a pause; prints how many were made in each tenth of a second
 * --populate has the kernel fault all pages in at once (MAP_POPULATE); --huge takes reserved pages of 2 MiB.
 * Prints one line of JSON, times in nanoseconds. Exit status 0, or 1 with the reason on stderr.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "by_hand"
#include "c_buffer.h"
#include "c_tool.h"

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4U
#endif
#define HUGE_2MIB (MFD_HUGETLB | 21U << 26)

enum { MOST_FRAMES = 64, MOST_SLICES = 100000, SLICE_NS = 100000000, WARMUP = 2, PAGE = 4096 };

struct buffer {
    int fd;
    unsigned char *at;
};

static size_t length;
static bool populate, huge;

static struct buffer make(void)
{
    struct buffer b = {.fd = memfd_create("by hand", MFD_CLOEXEC | (huge ? HUGE_2MIB : 0))};
    if (b.fd < 0 || ftruncate(b.fd, (off_t)length) < 0)
        fail("memfd: %s", strerror(errno));
    b.at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | (populate ? MAP_POPULATE : 0), b.fd, 0);
    if (b.at == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    return b;
}

static void touch(struct buffer b)
{
    volatile unsigned char *at = b.at;
    for (size_t i = 0; i < length; i += PAGE)
        at[i] = 1;
}

static void let_go(struct buffer b)
{
    munmap(b.at, length);
    close(b.fd);
}

static int64_t ready(void)
{
    int64_t begin = now_ns();
    struct buffer b = make();
    touch(b);
    int64_t took = now_ns() - begin;
    let_go(b);
    return took;
}

static int64_t ring(uint64_t frames)
{
    struct buffer b[MOST_FRAMES];
    int64_t begin = now_ns();
    for (uint64_t i = 0; i < frames; i++)
        b[i] = make();
    for (uint64_t i = 0; i < frames; i++)
        memset(b[i].at, (int)(16 + i), length);
    int64_t took = now_ns() - begin;
    for (uint64_t i = 0; i < frames; i++)
        let_go(b[i]);
    return took;
}

/* The calls of c_broker, in its order. */
static int64_t tracked(uint64_t frames)
{
    int fds[MOST_FRAMES];
    if (buffer_ends < 0 && !begin_buffers(IN_NONBLOCK))
        fail("inotify: %s", strerror(errno));
    int64_t begin = now_ns();
    for (uint64_t i = 0; i < frames; i++)
        if ((fds[i] = make_buffer(length, O_RDWR)) < 0)
            fail("a buffer: %s", strerror(errno));
    for (uint64_t i = 0; i < frames; i++)
        close(fds[i]);
    int64_t took = now_ns() - begin;
    hear_ends(NULL); /* another thread's time in a broker */
    return took;
}

static void sustain(uint64_t milliseconds)
{
    static uint64_t slices[MOST_SLICES];
    uint64_t count = milliseconds * 1000000 / SLICE_NS;
    int64_t begin = now_ns(), at;
    if (count < 1 || count > MOST_SLICES)
        fail("so long cannot be measured");
    while ((uint64_t)(at = (now_ns() - begin) / SLICE_NS) < count) {
        struct buffer b = make();
        touch(b);
        let_go(b);
        slices[at]++;
    }
    printf("{\"slice_ns\":%d,\"counts\":[", SLICE_NS);
    for (uint64_t i = 0; i < count; i++)
        printf("%s%" PRIu64, i ? "," : "", slices[i]);
    puts("]}");
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
    uint64_t frames = 0;
    if (argc < 4)
        fail("usage: by_hand ready|ring|tracked|sustained LENGTH TRIPS|MILLISECONDS [--frames N] [--populate] [--huge]");
    length = number(argv[2]);
    uint64_t count = number(argv[3]);
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--populate") == 0)
            populate = true;
        else if (strcmp(argv[i], "--huge") == 0)
            huge = true;
        else if (strcmp(argv[i], "--frames") == 0)
            frames = number(argv[++i]);
        else
            fail("what is \"%s\"?", argv[i]);
    }
    if (!length || length % PAGE || !count || count > 1000000)
        fail("there is no such measurement");
    if (strcmp(argv[1], "sustained") == 0) {
        sustain(count);
        return 0;
    }
    int64_t (*several)(uint64_t) = strcmp(argv[1], "ring") == 0 ? ring : strcmp(argv[1], "tracked") == 0 ? tracked : NULL;
    if ((!several && strcmp(argv[1], "ready") != 0) || (several != NULL) != (frames > 0) || frames > MOST_FRAMES)
        fail("there is no such measurement");
    int64_t *times = calloc(count, sizeof *times);
    if (!times)
        fail("cannot keep the times");
    for (uint64_t i = 0; i < WARMUP + count; i++) {
        int64_t took = several ? several(frames) : ready();
        if (i >= WARMUP)
            times[i - WARMUP] = took;
    }
    qsort(times, count, sizeof *times, by_value);
    printf("{\"trips\":%" PRIu64 ",\"p50_ns\":%" PRId64 ",\"p99_ns\":%" PRId64 "}\n", count, times[count / 2], times[count - 1 - count / 100]);
    return 0;
}
