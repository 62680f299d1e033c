/* What the programs that judge `dmaheap exec` share: the interface's numbers, as the kernel's headers have them (which
   a machine without heaps may lack), and checks that print "ok NAME" or "FAIL NAME: expected ... got ...". */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct alloc {
    uint64_t len;
    uint32_t fd, fd_flags;
    uint64_t heap_flags;
};

struct sync_file {
    uint32_t flags;
    int32_t fd;
};

#define ALLOC _IOWR('H', 0, struct alloc)
#define SYNC _IOW('b', 0, uint64_t)
#define SET_NAME_A _IOW('b', 1, uint32_t)
#define SET_NAME_B _IOW('b', 1, uint64_t)
#define EXPORT_SYNC_FILE _IOWR('b', 2, struct sync_file)
#define IMPORT_SYNC_FILE _IOW('b', 3, struct sync_file)
#define SYNC_READ 1ULL
#define SYNC_WRITE 2ULL
#define SYNC_END 4ULL

static int failures;

__attribute__((unused, format(printf, 3, 4))) static bool check(bool good, const char *name, const char *format, ...)
{
    va_list args;
    printf(good ? "ok %s" : "FAIL %s: ", name);
    va_start(args, format);
    if (!good)
        vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout); /* before a fork copies it, or a signal ends us */
    failures += !good;
    return good;
}

__attribute__((unused)) static bool expect(const char *name, long long expected, long long got)
{
    return check(expected == got, name, "expected %lld got %lld", expected, got);
}

/* The errno of a call that has just returned, 0 when it succeeded. */
#define ERRNO(call) ((call) < 0 ? errno : 0)

__attribute__((unused)) static bool expect_errno(const char *name, int expected, int got)
{
    return check(expected == got, name, "expected %s (%d) got %s (%d)", strerror(expected), expected, strerror(got), got);
}

/* What a test stands on; without it nothing is tested. */
__attribute__((unused)) static int must(int result, const char *what)
{
    if (result < 0) {
        printf("FAIL %s: expected success got %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

__attribute__((unused)) static int open_heap(void)
{
    const char *name = getenv("HEAP");
    char path[256];
    snprintf(path, sizeof path, "/dev/dma_heap/%s", name ? name : "system");
    return must(open(path, O_RDWR | O_CLOEXEC), path);
}

__attribute__((unused)) static int alloc_errno(int heap, struct alloc *a) { return ERRNO(ioctl(heap, ALLOC, a)); }

/* A buffer, or -1. */
__attribute__((unused)) static int allocate(int heap, uint64_t length)
{
    struct alloc a = {.len = length, .fd_flags = O_RDWR | O_CLOEXEC};
    return ioctl(heap, ALLOC, &a) < 0 ? -1 : (int)a.fd;
}

__attribute__((unused)) static int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        count++;
    must(directory ? closedir(directory) : -1, "/proc/self/fd");
    return count - 3; /* ., .. and the directory's own */
}

__attribute__((unused)) static int verdict(void) { return failures ? 1 : 0; }

#endif
