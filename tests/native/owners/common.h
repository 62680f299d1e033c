/*
 * What all processes of the stress share: lots drawn from the seed, what is counted, and how a violation is told.
 */
#ifndef OWNERS_COMMON_H
#define OWNERS_COMMON_H

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_HEAPS = 8,
    MOST_DOMAINS = 8,
    MOST_WORKERS = 32,
    MOST_FILES = 1 << 22, /* all that were ever received in a run; far more than an hour's */
    MOST_REPORTED = 6 /* violations: the run ends with the last of them */
};

struct heap {
    const char *name;
    bool recycles; /* an owner is a trust domain there; otherwise each allocation is one */
};

/* Whom the host may take for one owner. */
struct domain {
    uint32_t user;
    const char *cgroup; /* its directory; NULL for ours */
};

/* When something has to be done, for a run that found nothing to have looked: there, with a heap that recycles, or as
   the machine and its users allow. */
enum when { ALWAYS, RECYCLING, MAYBE };

#define COUNTED(X) \
    X(buffers, ALWAYS, "buffers received") \
    X(bytes, ALWAYS, "bytes found zero") \
    X(batches, ALWAYS, "batches of several sizes") \
    X(refused, MAYBE, "requests refused") \
    X(looks, ALWAYS, "looks at descriptors") \
    X(mapping_looks, ALWAYS, "looks at mappings whose descriptor was closed") \
    X(pipe_looks, ALWAYS, "looks at spliced pipes") \
    X(path_looks, ALWAYS, "looks through O_PATH descriptors") \
    X(path_refusals, MAYBE, "of these refused") \
    X(queue_looks, ALWAYS, "looks at descriptors that lay in a socket") \
    X(child_looks, ALWAYS, "looks by forked children") \
    X(attachment_looks, ALWAYS, "looks through attachments") \
    X(shown, ALWAYS, "descriptors shown to the host") \
    X(passed, ALWAYS, "descriptors passed on") \
    X(taken, MAYBE, "descriptors taken by pidfd_getfd") \
    X(given_back, RECYCLING, "buffers given back") \
    X(kept_though_given, RECYCLING, "buffers given back and kept") \
    X(not_taken_back, MAYBE, "buffers of another domain not taken back") \
    X(recycled, RECYCLING, "buffers received whose file was given back") \
    X(deserted, ALWAYS, "replies left unread") \
    X(pooled, ALWAYS, "buffers received from pools") \
    X(shrinks, ALWAYS, "shrink requests") \
    X(shrunk, ALWAYS, "bytes given back by shrinking") \
    X(kills, ALWAYS, "workers killed") \
    X(violations, MAYBE, "violations") \
    X(troubles, MAYBE, "troubles")

enum counted {
#define X(id, when, text) COUNT_##id,
    COUNTED(X)
#undef X
    COUNTS
};

/* A file that was a buffer, and whose. */
struct file {
    _Atomic uint64_t key; /* device and inode; 0 where there is none */
    _Atomic int domain;
};

struct shared {
    atomic_bool stop;
    _Atomic uint64_t last_id; /* of an owner */
    atomic_int children;      /* forked by workers */
    _Atomic uint64_t counts[COUNTS];
    struct file files[MOST_FILES]; /* by the remainder of their key, or next to it */
};

static struct shared *shared;
static struct heap heaps[MOST_HEAPS];
static int heap_count;
static uint64_t seed;

/* Who this process is. */
static int self_slot = -1, self_domain;
static uint64_t self_step;

static inline void count(enum counted what, uint64_t by)
{
    atomic_fetch_add_explicit(&shared->counts[what], by, memory_order_relaxed);
}

static inline uint64_t counted(enum counted what)
{
    return atomic_load(&shared->counts[what]);
}

/* ---- lots -------------------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint32_t draw(uint32_t bound) /* splitmix64 */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ---- telling ----------------------------------------------------------------------------------------- */

static void say(enum counted what, const char *kind, const char *format, va_list args)
{
    char line[2048];
    int n = snprintf(line, sizeof line, "%s: seed %llu worker %d pid %d step %llu: ", kind, (unsigned long long)seed, self_slot, (int)getpid(), (unsigned long long)self_step);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    if (n > (int)sizeof line - 2)
        n = sizeof line - 2;
    line[n++] = '\n';
    count(what, 1);
    if (counted(what) <= MOST_REPORTED && write(STDOUT_FILENO, line, (size_t)n) < 0) /* in one go: others write as well */
        _exit(3);
    if (counted(what) >= MOST_REPORTED)
        atomic_store(&shared->stop, true);
}

/* Some byte was visible to whom it should not have been. */
__attribute__((format(printf, 1, 2))) static void violation(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(COUNT_violations, "VIOLATION", format, args);
    va_end(args);
}

/* The run is not what it should be: the host failed, or a system call did that should not. */
__attribute__((format(printf, 1, 2))) static void trouble(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(COUNT_troubles, "TROUBLE", format, args);
    va_end(args);
}

#endif
