/*
 * The baseline of `dmaheap exec`: a supervisor in C that serves ALLOC and SYNC by the same notification, memory and
 * ADDFD calls as dmaheap, in the same order and with the same flags, and nothing else. No policy, no table, no
 * checks beyond those the calls themselves make: what dmaheap takes longer than this is its own price.
 *
 *     c_supervisor [--threads N] [--look] [--no-listener] NODE PROGRAM ARGS...
 *
 * NODE is a file that stands for the heap's node. --look has SYNC do what a right answer needs, see below. --no-listener runs the program under the same filter with nobody to
 * notify, so that the cost of the filter alone can be measured. Exit status: the program's; 125 when the supervisor fails.
 *
 * ALLOC: NOTIF_RECV, stat of the caller's descriptor, process_vm_readv, NOTIF_ID_VALID, memfd_create, ftruncate, fchmod,
 *        F_ADD_SEALS, inotify_add_watch, process_vm_writev of what was read, ADDFD, close,
 *        process_vm_writev of the number, NOTIF_SEND
 * SYNC:  NOTIF_RECV, NOTIF_SEND
 *        with --look: NOTIF_RECV, statx of the caller's descriptor in its /proc directory, which stays open, process_vm_readv, NOTIF_SEND
 * and, on a thread of its own, a blocking read of the inotify queue, where buffers' ends arrive.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "c_buffer.h"

/* Younger than some distributions' headers; the kernel's ABI, so never another value. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#endif

enum { MAX_THREADS = 64, CANNOT_RUN = 125 };

struct alloc {
    uint64_t len;
    uint32_t fd, fd_flags;
    uint64_t heap_flags;
};

#define ALLOC _IOWR('H', 0, struct alloc)
#define SYNC _IOW('b', 0, uint64_t)

static int listener;
static struct stat node;
static bool looks;
extern char **environ;

static int must(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "c_supervisor: %s: %s\n", what, strerror(errno));
        exit(CANNOT_RUN);
    }
    return result;
}

/* 0 or an errno. */
static int serve_alloc(const struct seccomp_notif *request)
{
    struct alloc a;
    struct iovec here = {&a, sizeof a}, there = {(void *)(uintptr_t)request->data.args[2], sizeof a};
    if (process_vm_readv((pid_t)request->pid, &here, 1, &there, 1, 0) != sizeof a)
        return EFAULT;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) < 0)
        return errno;
    int buffer = must(make_buffer((a.len + 4095) & ~4095ULL, a.fd_flags & O_ACCMODE), "a buffer");
    struct seccomp_notif_addfd add = {.id = request->id, .srcfd = (uint32_t)buffer, .newfd_flags = a.fd_flags & O_CLOEXEC};
    int error = 0;
    if (process_vm_writev((pid_t)request->pid, &here, 1, &there, 1, 0) != sizeof a) {
        error = EFAULT;
    } else {
        int number = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
        error = number < 0 ? errno : 0;
        a.fd = (uint32_t)number;
        here = (struct iovec){&a.fd, sizeof a.fd};
        there = (struct iovec){(char *)there.iov_base + offsetof(struct alloc, fd), sizeof a.fd};
        if (!error && process_vm_writev((pid_t)request->pid, &here, 1, &there, 1, 0) != sizeof a.fd)
            error = EFAULT;
    }
    close(buffer);
    return error;
}

static bool is_node(const struct seccomp_notif *request)
{
    char path[48];
    struct stat s;
    snprintf(path, sizeof path, "/proc/%u/fd/%d", request->pid, (int)request->data.args[0]);
    return stat(path, &s) == 0 && s.st_dev == node.st_dev && s.st_ino == node.st_ino;
}

/* What SYNC may not be answered without: that it is about a memfd, and that its flags are good. 0 or an errno. */
static int look(const struct seccomp_notif *request)
{
    static _Thread_local struct { uint32_t pid; int directory; } caller = {0, -1};
    char name[32];
    struct statx s;
    uint64_t flags;
    struct iovec here = {&flags, sizeof flags}, there = {(void *)(uintptr_t)request->data.args[2], sizeof flags};
    if (caller.pid != request->pid) {
        close(caller.directory);
        snprintf(name, sizeof name, "/proc/%u/fd", request->pid);
        caller.directory = must(open(name, O_PATH | O_DIRECTORY | O_CLOEXEC), name);
        caller.pid = request->pid;
    }
    snprintf(name, sizeof name, "%d", (int)request->data.args[0]);
    if (statx(caller.directory, name, 0, STATX_BASIC_STATS, &s) < 0 || !S_ISREG(s.stx_mode))
        return ENOTTY;
    if (process_vm_readv((pid_t)request->pid, &here, 1, &there, 1, 0) != sizeof flags)
        return EFAULT;
    return flags & ~7ULL || !(flags & 3) ? EINVAL : 0;
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        struct seccomp_notif request = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
            if (errno == EINTR || errno == ENOENT) /* the caller died before it was heard */
                continue;
            return NULL;
        }
        struct seccomp_notif_resp answer = {.id = request.id};
        if ((uint32_t)request.data.args[1] == ALLOC && is_node(&request))
            answer.error = -serve_alloc(&request);
        else if ((uint32_t)request.data.args[1] != SYNC)
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        else if (looks)
            answer.error = -look(&request);
        (void)!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* fails when the caller is gone, whose buffer went with it */
    }
}

/* ioctls of types 'H', 'b' and 'u' are notified, all else is allowed. */
static int install_filter(bool with_listener)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 8),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 6),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])), /* little endian: the lower half */
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xFF00),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'H' << 8, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'b' << 8, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'u' << 8, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, with_listener ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | ENOTTY),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    unsigned long flags = with_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0;
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    return must((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program), "seccomp");
}

static void detach(void *(*body)(void *))
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, body, NULL);
    must(errno ? -1 : 0, "pthread_create");
    pthread_detach(thread);
}

struct start {
    char **arguments;
    bool with_listener;
    pid_t child;
};

/* On a thread of its own, which alone is bound by the filter; the child inherits it. */
static void *start_program(void *argument)
{
    struct start *start = argument;
    int fd = install_filter(start->with_listener);
    if (start->with_listener) {
        listener = fd;
        must(fcntl(listener, F_SETFD, FD_CLOEXEC), "F_SETFD");
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, 0); /* from 6.6 */
    }
    errno = posix_spawnp(&start->child, start->arguments[0], NULL, NULL, start->arguments, environ);
    must(errno ? -1 : 0, start->arguments[0]);
    return NULL;
}

int main(int argc, char **argv)
{
    struct start start = {.with_listener = true};
    long threads = 1;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--no-listener") == 0)
            start.with_listener = false;
        else if (strcmp(argv[i], "--look") == 0)
            looks = true;
        else if (strcmp(argv[i], "--threads") == 0 && argv[i + 1])
            threads = strtol(argv[++i], NULL, 10);
        else
            break;
    }
    if (argc < i + 2 || threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: c_supervisor [--threads N] [--look] [--no-listener] NODE PROGRAM ARGS..., at most %d threads\n", MAX_THREADS);
        return CANNOT_RUN;
    }
    must(stat(argv[i], &node), argv[i]);
    start.arguments = argv + i + 1;

    must(begin_buffers(0) ? 0 : -1, "the queue of ends");
    detach(hear_ends);

    pthread_t starter;
    errno = pthread_create(&starter, NULL, start_program, &start);
    must(errno ? -1 : 0, "pthread_create");
    pthread_join(starter, NULL);
    for (long t = 0; t < threads && start.with_listener; t++)
        detach(serve);

    int status;
    must(waitpid(start.child, &status, 0), "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
