/*
 * A buffer, made by the system calls with which dmaheap makes one of plain pages: what all baselines have to do as well. Of a buffer that was handed out nothing but a watch stays
 * with whoever made it. Define _GNU_SOURCE before it.
 */
#ifndef C_BUFFER_H
#define C_BUFFER_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static int buffer_ends = -1; /* the inotify queue, where buffers' ends arrive */
static unsigned buffer_noexec = MFD_NOEXEC_SEAL;

/* Before the first buffer. False, and errno, when it cannot be. */
static bool begin_buffers(int inotify_flags)
{
    int probe = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING | buffer_noexec);
    if (probe < 0 && errno == EINVAL)
        buffer_noexec = 0; /* before Linux 6.3 */
    else if (probe < 0 || close(probe) < 0)
        return false;
    buffer_ends = inotify_init1(IN_CLOEXEC | inotify_flags);
    return buffer_ends >= 0;
}

/* The client's descriptor of a new buffer; -1, and errno, when there is none. */
static int make_buffer(uint64_t length, int access)
{
    char path[32];
    int m = memfd_create("system:buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING | buffer_noexec);
    snprintf(path, sizeof path, "/proc/self/fd/%d", m);
    if (m < 0 || ftruncate(m, (off_t)length) < 0 || fchmod(m, 0600) < 0 || fcntl(m, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
        inotify_add_watch(buffer_ends, path, IN_DELETE_SELF) < 0)
        return -1;
    if (access == O_RDWR)
        return m;
    int client = open(path, access | O_CLOEXEC);
    close(m);
    return client;
}

/* Hears of buffers' ends, on a thread of its own or, where the queue does not wait, now and then. */
static void *hear_ends(void *unused)
{
    static char ends[1 << 16] __attribute__((aligned(__alignof__(struct inotify_event))));
    (void)unused;
    for (ssize_t n = 1; n > 0 || (n < 0 && errno == EINTR);)
        n = read(buffer_ends, ends, sizeof ends); /* the host would look the buffers up and release them: another thread's time, not the round trip's */
    return NULL;
}

#endif
