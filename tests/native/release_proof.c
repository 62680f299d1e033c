/*
 * Proof of the release mechanism: does the kernel tell us, exactly once and never too early, that the last
 * holder of a buffer is gone?
 *
 * A host makes buffers as the dmaheap host does and keeps no descriptor of them, only an inotify watch for
 * IN_DELETE_SELF. Clients hold them in every way Linux offers and are killed with SIGKILL at random points.
 * Now and then the host goes deaf until more buffers have died than its event queue can hold, and must
 * recover by sweeping /proc/self/fdinfo. Meanwhile "witness" buffers, one set for each way of holding, are
 * held to the end: none of them may be reported before its keeper is killed on purpose.
 *
 *     release_proof [--buffers N] [--seed N] [--timeout SECONDS] [--broken sweep|close]
 *
 * --broken is the negative control, and must end in FAIL: "sweep" forgets to sweep after an overflow (deaths
 * are lost), "close" takes IN_CLOSE for the end (buffers still held are reported).
 *
 * Exit status: 0 proved, 1 disproved or cut short, 2 wrong usage or a machine that cannot run it (with the
 * reason on stderr). Needs no privilege and leaves no process behind, however it ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef SYS_close_range
#define SYS_close_range 436 /* the same on every architecture */
#endif

enum {
    CLIENTS = 32,          /* alive at a time */
    SLOTS = 64,            /* things a client holds at a time; a new one evicts an old one */
    ORPHANS = 16,          /* killed clients whose forked children may live on */
    WITNESSES = 8,         /* for each way of holding */
    PAGE = 4096,
    MAX_PAGES = 16,        /* the largest buffer */
    KILL_ONE_IN = 40,      /* buffers to a kill, on average */
    HEAR_EVERY = 64,       /* buffers between two looks at the event queue */
    LOOK_EVERY = 2048,     /* buffers between two counts of the dead while deaf */
    CLIENT_FAILED = 3,     /* exit status of a client that met an error it should not meet */
    SHMEM_NOISE = 128 << 10 /* KiB of Shmem that others on the machine may come and go with */
};

/* The ways a client can hold a buffer. */
enum hold {
    HOLD_FD,         /* the descriptor as received */
    HOLD_DUP,        /* a duplicate of it */
    HOLD_PATH,       /* an O_PATH descriptor */
    HOLD_MODE3,      /* a description with access mode 3: neither read nor write, for ioctls only */
    HOLD_MAP,        /* a mapping, and no descriptor */
    HOLD_FORK,       /* a forked child, which may outlive the client */
    HOLD_SELF_QUEUE, /* an unread message in a socket the client sends itself */
    HOLD_PEER_QUEUE, /* an unread message in a socket to another client, which may outlive the sender */
    HOLD_UNREAD,     /* not taken from the host's socket at all: what a mute client does */
    HOLD_KINDS
};

static const char *const hold_names[HOLD_KINDS] = {
    "fd", "dup", "O_PATH", "mode 3", "mapping", "forked child", "own queue", "peer's queue", "unread",
};

/* What the host writes beside each descriptor. The host draws the lots, so that the seed decides them. */
struct order {
    uint32_t hold;
    uint32_t also;  /* a second way at the same time, or HOLD_KINDS */
    uint32_t slot;
    uint32_t size;
    bool writable;
    bool answer;    /* send back an int: 0 or the errno of the first way */
};

static bool closes_too_early; /* --broken close */
static bool forgets_to_sweep; /* --broken sweep */
static volatile sig_atomic_t stopped; /* by a signal, or by the clock: SIGALRM */

/* ---- small things ------------------------------------------------------------------------------------ */

static uint64_t random_state;

static uint32_t draw(uint32_t bound) /* splitmix64 */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long read_number(const char *path, const char *format)
{
    FILE *f = fopen(path, "re");
    char line[256];
    long value = -1;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, format, &value) == 1)
            break;
    if (f)
        fclose(f);
    return value;
}

static long shmem_kib(void) { return read_number("/proc/meminfo", "Shmem: %ld kB"); }

static int reopen(int fd, int flags)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, flags | O_CLOEXEC);
}

/* 0, or an errno. Never blocks. */
static int send_fd(int socket, const void *data, size_t size, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {(void *)data, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int)); /* unpadded: the padded length would promise a second fd */
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    return sendmsg(socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* The descriptor received, or -1 when there is none or the peer is gone. */
static int receive_fd(int socket, void *data, size_t size, int flags)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {data, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &msg, flags | MSG_CMSG_CLOEXEC) != (ssize_t)size)
        return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    int fd = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* ---- the client -------------------------------------------------------------------------------------- */

struct held {
    int fd;
    void *map;
    size_t size;
    pid_t child;
    bool in_own_queue, in_peer_queue;
};

struct ends {
    int channel;     /* to the host */
    int lifeline;    /* end of file when the host is gone, for those whom PR_SET_PDEATHSIG does not reach */
    int left, right; /* to the clients born before and after this one */
};

static void discard_one(int socket)
{
    char byte;
    int fd = receive_fd(socket, &byte, 1, MSG_DONTWAIT);
    if (fd >= 0)
        close(fd);
}

static void let_go(struct held *h, const struct ends *ends, const int own_queue[2])
{
    if (h->fd >= 0)
        close(h->fd);
    if (h->map)
        munmap(h->map, h->size);
    if (h->child) { /* not reaped by anybody else, so the pid is still its own */
        kill(h->child, SIGKILL);
        waitpid(h->child, NULL, 0);
    }
    if (h->in_own_queue)
        discard_one(own_queue[1]);
    if (h->in_peer_queue) /* what we sent right is the peer's to read; make room on the left instead */
        discard_one(ends->left);
    *h = (struct held){.fd = -1};
}

/* Holds the buffer in one way more. 0, or an errno. */
static int hold(struct held *h, enum hold how, int fd, size_t size, const struct ends *ends, const int own_queue[2])
{
    int result;
    switch (how) {
    case HOLD_FD:
    case HOLD_DUP:
        if (h->fd < 0)
            h->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        return h->fd < 0 ? errno : 0;
    case HOLD_PATH:
    case HOLD_MODE3:
        if (h->fd < 0)
            h->fd = reopen(fd, how == HOLD_PATH ? O_PATH : O_ACCMODE);
        return h->fd < 0 ? errno : 0;
    case HOLD_MAP:
        if (h->map)
            return 0;
        h->map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (h->map == MAP_FAILED) {
            h->map = NULL;
            return errno;
        }
        h->size = size;
        (void)*(volatile char *)h->map; /* a page table entry too, not just the mapping */
        return 0;
    case HOLD_FORK:
        if (h->child)
            return 0;
        h->child = fork();
        if (h->child == 0) { /* holds whatever the client held just now, until killed or the host is gone */
            char byte;
            (void)!read(ends->lifeline, &byte, 1);
            _exit(0);
        }
        if (h->child < 0) {
            h->child = 0;
            return errno;
        }
        return 0;
    case HOLD_SELF_QUEUE:
        result = send_fd(own_queue[0], "", 1, fd);
        h->in_own_queue |= result == 0;
        return result;
    case HOLD_PEER_QUEUE:
        result = send_fd(ends->right, "", 1, fd);
        h->in_peer_queue |= result == 0;
        return result;
    default:
        return EINVAL;
    }
}

/* Errors that a crowded machine or a dead peer explains; anything else means the proof does not do what it says. */
static bool excusable(int error)
{
    return error == 0 || error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN ||
           error == EPIPE || error == ECONNRESET || error == ETOOMANYREFS;
}

static void client(const struct ends *ends, bool mute)
{
    struct held slots[SLOTS];
    int own_queue[2];
    if (mute)
        for (;;)
            pause();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own_queue) < 0)
        _exit(CLIENT_FAILED);
    for (int i = 0; i < SLOTS; i++)
        slots[i] = (struct held){.fd = -1};

    for (;;) {
        struct order order;
        int fd = receive_fd(ends->channel, &order, sizeof order, 0);
        if (fd < 0)
            _exit(CLIENT_FAILED); /* the host kills its clients, it never hangs up on them */
        if (order.writable && pwrite(fd, "x", 1, 0) != 1) /* pages that would show if they were left */
            _exit(CLIENT_FAILED);

        struct held *h = &slots[order.slot];
        let_go(h, ends, own_queue);
        int result;
        if (order.hold == HOLD_FD) { /* the descriptor as it came */
            h->fd = fd;
            result = 0;
        } else {
            result = hold(h, order.hold, fd, order.size, ends, own_queue);
        }
        int second = order.also == HOLD_KINDS ? 0 : hold(h, order.also, fd, order.size, ends, own_queue);
        if (!excusable(result) || !excusable(second))
            _exit(CLIENT_FAILED);
        if (h->fd != fd)
            close(fd);
        if (order.answer && send(ends->channel, &result, sizeof result, MSG_NOSIGNAL) < 0)
            _exit(CLIENT_FAILED);
    }
}

/* ---- the host ---------------------------------------------------------------------------------------- */

/* What the host knows of a watch. It is released by the first of the three SEEN bits, and only by that. */
enum {
    TRACKED = 1,
    SEEN_DELETED = 2,
    SEEN_IGNORED = 4, /* counts as well: see heard() */
    SEEN_SWEPT = 8,
    RELEASED = SEEN_DELETED | SEEN_IGNORED | SEEN_SWEPT,
    LISTED = 16, /* while a listing of the kernel's watches is being read */
    WITNESS = 32
};

struct process {
    pid_t pid; /* also its process group, which its forked children share; 0: none */
    int channel;
    bool mute;
};

static struct {
    int inotify, lifeline[2], loose_end; /* loose_end: waits to be the next client's left */
    char fdinfo[40];
    uint8_t *watch; /* by watch number: the kernel hands them out in a circle of 2^31 */
    size_t watch_room, highest;
    struct process clients[CLIENTS], keepers[HOLD_KINDS];
    pid_t orphans[ORPHANS]; /* killed, not yet reaped: a zombie leader reserves the number of its group */
    unsigned next_orphan;
    int witness[HOLD_KINDS][WITNESSES];
    bool overflowed;
    int64_t next_sweep;
    int64_t making_ns, sweeping_ns;
    long max_queued;
    /* counts */
    long made, undelivered, released, by_event, by_ignored, by_sweep, peak, peak_listed;
    long late, duplicates, unknown, too_early, kills, client_errors, overflows, sweeps;
} host = {.inotify = -1, .lifeline = {-1, -1}, .loose_end = -1};

static void bury(pid_t group)
{
    int status;
    pid_t pid;
    if (group == 0)
        return;
    kill(-group, SIGKILL);
    /* Forked children whose parent is gone are ours (PR_SET_CHILD_SUBREAPER), so this reaps the whole group. */
    while ((pid = waitpid(-group, &status, 0)) > 0 || (pid < 0 && errno == EINTR))
        if (pid > 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
            host.client_errors++;
}

static void bury_everybody(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        bury(host.clients[i].pid);
        if (host.clients[i].pid)
            close(host.clients[i].channel);
        host.clients[i].pid = 0;
    }
    for (int i = 0; i < ORPHANS; i++) {
        bury(host.orphans[i]);
        host.orphans[i] = 0;
    }
}

static void bury_keeper(enum hold kind)
{
    if (host.keepers[kind].pid == 0)
        return;
    bury(host.keepers[kind].pid);
    close(host.keepers[kind].channel);
    host.keepers[kind].pid = 0;
}

static void leave(int status)
{
    bury_everybody();
    for (int k = 0; k < HOLD_KINDS; k++)
        bury_keeper(k);
    exit(status);
}

__attribute__((noreturn, format(printf, 2, 3))) static void quit(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("release_proof: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    leave(status);
    __builtin_unreachable();
}

/* A failing system call means this machine cannot run the proof: the mechanism was neither shown nor refuted. */
static int must(int result, const char *what)
{
    if (result < 0)
        quit(2, "%s: %s", what, strerror(errno));
    return result;
}

static void check_stopped(void)
{
    if (stopped)
        quit(1, "cut short by %s after %ld buffers", stopped == SIGALRM ? "--timeout" : "a signal", host.made);
}

static void close_all_but(int *keep, int count)
{
    unsigned from = 3;
    for (int i = 0; i < count; i++) /* insertion sort: four numbers */
        for (int j = i; j > 0 && keep[j - 1] > keep[j]; j--) {
            int t = keep[j];
            keep[j] = keep[j - 1];
            keep[j - 1] = t;
        }
    for (int i = 0; i < count; i++) {
        if ((unsigned)keep[i] > from && syscall(SYS_close_range, from, keep[i] - 1, 0) < 0)
            _exit(CLIENT_FAILED);
        from = keep[i] + 1;
    }
    if (syscall(SYS_close_range, from, ~0U, 0) < 0)
        _exit(CLIENT_FAILED);
}

static void start(struct process *p, bool mute)
{
    int channel[2], peer[2], small = 32 << 10;
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), "socketpair");
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peer), "socketpair");
    setsockopt(channel[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small); /* some dozens of unread messages */
    pid_t parent = getpid();
    pid_t pid = must(fork(), "fork");
    if (pid == 0) {
        struct ends ends = {channel[1], host.lifeline[0], host.loose_end, peer[0]};
        int keep[] = {ends.channel, ends.lifeline, ends.left, ends.right};
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(CLIENT_FAILED);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        close_all_but(keep, 4);
        client(&ends, mute);
        _exit(CLIENT_FAILED);
    }
    setpgid(pid, pid); /* on both sides, so that neither is early */
    close(channel[1]);
    close(peer[0]);
    close(host.loose_end);
    host.loose_end = peer[1];
    *p = (struct process){pid, channel[0], mute};
}

/* SIGKILL without waiting for it. Its forked children, and what they hold, may live on for a while. */
static void kill_client(struct process *p)
{
    kill(p->pid, SIGKILL);
    close(p->channel);
    host.kills++;
    if (draw(2)) {
        bury(p->pid);
    } else {
        bury(host.orphans[host.next_orphan]);
        host.orphans[host.next_orphan] = p->pid;
        host.next_orphan = (host.next_orphan + 1) % ORPHANS;
    }
    p->pid = 0;
}

static long live(void) { return host.made - host.released; }

/* One watch is seen dying. */
static void heard(int wd, int how)
{
    if (wd <= 0 || (size_t)wd > host.highest || !(host.watch[wd] & TRACKED)) {
        host.unknown++;
        return;
    }
    uint8_t *w = &host.watch[wd];
    if (*w & how) {
        host.duplicates++;
        return;
    }
    if (*w & SEEN_SWEPT)
        host.late++; /* it was queued between our last read and the sweep: known already, nothing to do */
    if (!(*w & RELEASED)) {
        host.released++;
        host.by_event += how == SEEN_DELETED;
        host.by_ignored += how == SEEN_IGNORED;
        host.by_sweep += how == SEEN_SWEPT;
        if (*w & WITNESS)
            host.too_early++;
    }
    *w |= how;
}

/*
 * Marks the watches the kernel has, and returns how many. The kernel lists them under one lock, so it is one
 * moment's truth. It lists none whose IN_DELETE_SELF is not yet queued or dropped.
 */
static long list_watches(bool mark)
{
    FILE *f = fopen(host.fdinfo, "re");
    char line[512];
    long count = 0;
    unsigned wd;
    if (!f)
        quit(2, "%s: %s", host.fdinfo, strerror(errno));
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "inotify wd:%x", &wd) == 1) {
            count++;
            if (mark && wd <= host.highest)
                host.watch[wd] |= LISTED;
        }
    fclose(f);
    if (count > host.peak_listed)
        host.peak_listed = count;
    return count;
}

static void sweep(void)
{
    int64_t begin = now_ns();
    host.overflowed = false; /* first: what overflows from now on needs another sweep */
    list_watches(true);
    for (size_t wd = 1; wd <= host.highest; wd++) {
        if ((host.watch[wd] & (TRACKED | LISTED)) == TRACKED && !(host.watch[wd] & RELEASED))
            heard((int)wd, SEEN_SWEPT);
        host.watch[wd] &= ~LISTED;
    }
    int64_t end = now_ns();
    host.sweeps++;
    host.sweeping_ns += end - begin;
    /* At most a fifth of the time goes into sweeping, whatever the clients do. */
    host.next_sweep = end + (4 * (end - begin) > 50000000 ? 4 * (end - begin) : 50000000);
}

/*
 * Reads the queue until it is empty, and sweeps if something was lost.
 *
 * IN_IGNORED counts as a death too. The kernel queues IN_DELETE_SELF, takes the watch off its list, then
 * queues IN_IGNORED. If the queue is full at the first step, and we read it empty and sweep before the second,
 * the sweep still finds the watch: IN_IGNORED is then all that is left to tell us.
 */
static void hear(void)
{
    static char buffer[1 << 16] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    while ((n = read(host.inotify, buffer, sizeof buffer)) > 0) {
        const struct inotify_event *e;
        for (char *at = buffer; at < buffer + n; at += sizeof *e + e->len) {
            e = (const struct inotify_event *)at;
            if (e->mask & IN_Q_OVERFLOW) {
                host.overflows++;
                host.overflowed = true;
            } else if (e->mask & IN_IGNORED) {
                heard(e->wd, SEEN_IGNORED);
            } else {
                heard(e->wd, SEEN_DELETED);
            }
        }
    }
    if (host.overflowed && !forgets_to_sweep && now_ns() >= host.next_sweep)
        sweep();
}

/* A buffer as the dmaheap host makes it: nothing stays here but the watch, whose number is returned. */
static int make(uint32_t size, int access, int *client_fd)
{
    static unsigned noexec = MFD_NOEXEC_SEAL;
    char path[32];
    int m;
    while ((m = memfd_create("release-proof", MFD_CLOEXEC | MFD_ALLOW_SEALING | noexec)) < 0) {
        if (errno != EINVAL || noexec == 0)
            must(m, "memfd_create");
        noexec = 0; /* before Linux 6.3 */
    }
    must(ftruncate(m, size), "ftruncate");
    must(fchmod(m, 0600), "fchmod"); /* else 0777: anybody who is given it read-only could reopen it for writing */
    must(fcntl(m, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), "F_ADD_SEALS");
    snprintf(path, sizeof path, "/proc/self/fd/%d", m);
    uint32_t mask = IN_DELETE_SELF | (closes_too_early ? IN_CLOSE : 0);
    int wd = inotify_add_watch(host.inotify, path, mask);
    if (wd < 0 && errno == ENOSPC) { /* the limit counts all of this user's processes: make room and try again */
        bury_everybody();
        wd = inotify_add_watch(host.inotify, path, mask);
    }
    must(wd, "inotify_add_watch (fs.inotify.max_user_watches)");
    *client_fd = must(reopen(m, access), "reopening the memfd");
    close(m);

    if ((size_t)wd >= host.watch_room) {
        size_t room = (size_t)wd * 2 + 1024;
        uint8_t *grown = realloc(host.watch, room);
        if (!grown)
            quit(2, "out of memory");
        memset(grown + host.watch_room, 0, room - host.watch_room);
        host.watch = grown;
        host.watch_room = room;
    }
    if (host.watch[wd])
        quit(1, "watch %d was handed out twice", wd);
    if ((size_t)wd > host.highest)
        host.highest = wd;
    host.watch[wd] = TRACKED;
    host.made++;
    if (live() > host.peak)
        host.peak = live();
    return wd;
}

/* One buffer for one client, held as the lots fall. */
static void serve(struct process *p)
{
    /* A fork costs ten times the rest, so it is drawn seldom. */
    static const uint8_t lots[] = {
        HOLD_FD, HOLD_DUP, HOLD_PATH, HOLD_MODE3, HOLD_MAP, HOLD_SELF_QUEUE, HOLD_PEER_QUEUE};
    bool writable = draw(8) != 0;
    struct order order = {
        .hold = draw(100) == 0 ? HOLD_FORK : lots[draw(sizeof lots)],
        .also = draw(4) ? (uint32_t)HOLD_KINDS : lots[draw(sizeof lots)],
        .slot = draw(SLOTS),
        .size = PAGE * (1 + draw(MAX_PAGES)),
        .writable = writable,
    };
    int fd;
    int64_t begin = now_ns();
    make(order.size, writable ? O_RDWR : O_RDONLY, &fd);
    /* make() may have had to bury everybody, this client too. */
    int error = p->pid ? send_fd(p->channel, &order, sizeof order, fd) : EPIPE;
    host.making_ns += now_ns() - begin;
    if (error == EAGAIN && !p->mute) {
        struct pollfd room = {.fd = p->channel, .events = POLLOUT};
        poll(&room, 1, 100);
        error = send_fd(p->channel, &order, sizeof order, fd);
    }
    close(fd); /* if it was not delivered, this is its end, and must be seen as any other */
    if (error == 0)
        return;
    host.undelivered++;
    if (!excusable(error))
        quit(2, "sendmsg: %s", strerror(error));
    if (p->pid)
        kill_client(p); /* full or gone; bury() finds out which */
}

/* ---- witnesses --------------------------------------------------------------------------------------- */

static void post_witnesses(void)
{
    /* In this order the keeper born after the one with the peer's queue is the mute one, who never reads it. */
    for (int k = 0; k < HOLD_KINDS; k++) {
        struct process *p = &host.keepers[k];
        start(p, k == HOLD_UNREAD);
        for (int i = 0; i < WITNESSES; i++) {
            struct order order = {
                .hold = k, .also = HOLD_KINDS, .slot = i, .size = PAGE, .writable = true, .answer = true};
            struct pollfd answer = {.fd = p->channel, .events = POLLIN};
            int fd, result = 0;
            int wd = make(PAGE, O_RDWR, &fd);
            host.watch[wd] |= WITNESS;
            host.witness[k][i] = wd;
            result = send_fd(p->channel, &order, sizeof order, fd);
            close(fd);
            if (result == 0 && !p->mute &&
                (poll(&answer, 1, 10000) != 1 || recv(p->channel, &result, sizeof result, 0) != sizeof result))
                quit(2, "the keeper of witnesses by %s does not answer", hold_names[k]);
            if (result)
                quit(2, "a buffer cannot be held by %s here: %s", hold_names[k], strerror(result));
        }
    }
}

/* Both the host and the kernel must say that the witnesses of this kind are alive. */
static bool all_alive(int kind, const char *when)
{
    int alive = 0, listed = 0;
    list_watches(true);
    for (int i = 0; i < WITNESSES; i++)
        listed += (host.watch[host.witness[kind][i]] & LISTED) != 0;
    for (size_t wd = 1; wd <= host.highest; wd++)
        host.watch[wd] &= ~LISTED;
    hear();
    for (int i = 0; i < WITNESSES; i++)
        alive += !(host.watch[host.witness[kind][i]] & RELEASED);
    if (alive == WITNESSES && listed == WITNESSES)
        return true;
    printf("  %d of %d buffers held by %s were reported dead, %d lost their watch, %s\n", WITNESSES - alive, WITNESSES,
           hold_names[kind], WITNESSES - listed, when);
    return false;
}

static bool all_dead(int kind)
{
    int64_t deadline = now_ns() + 10000000000;
    for (;;) {
        struct pollfd events = {.fd = host.inotify, .events = POLLIN};
        int dead = 0;
        check_stopped();
        hear();
        for (int i = 0; i < WITNESSES; i++)
            dead += (host.watch[host.witness[kind][i]] & RELEASED) != 0;
        if (dead == WITNESSES)
            return true;
        if (now_ns() > deadline) {
            printf("  only %d of %d buffers held by %s were reported dead after their end\n", dead, WITNESSES, hold_names[kind]);
            return false;
        }
        poll(&events, 1, 100);
    }
}

/* From here on their end is wanted: it is no longer too early. */
static void dismiss(int kind)
{
    for (int i = 0; i < WITNESSES; i++)
        host.watch[host.witness[kind][i]] &= ~WITNESS;
}

/* Ends the witnesses one kind after the other: each kind dies when its last holder does, and no other with it. */
static bool release_witnesses(void)
{
    bool good = true;
    for (int k = 0; k < HOLD_KINDS; k++)
        good &= all_alive(k, "while they were held");
    for (int k = 0; k < HOLD_KINDS; k++) {
        if (k == HOLD_FORK) { /* the parent's end is not the end: its child still holds them */
            siginfo_t info;
            kill(host.keepers[k].pid, SIGKILL);
            waitid(P_PID, host.keepers[k].pid, &info, WEXITED | WNOWAIT);
            good &= all_alive(k, "when only the parent of the holder was gone");
        }
        if (k != HOLD_PEER_QUEUE)
            dismiss(k);
        if (k == HOLD_UNREAD)
            dismiss(HOLD_PEER_QUEUE);
        bury_keeper(k);
        if (k == HOLD_PEER_QUEUE) /* nor is the sender's: the receiver, the mute keeper, has them in its queue */
            good &= all_alive(k, "when only their sender was gone");
        else
            good &= all_dead(k);
        if (k == HOLD_UNREAD)
            good &= all_dead(HOLD_PEER_QUEUE);
        for (int other = k + 1; other < HOLD_KINDS; other++)
            good &= all_alive(other, "when others were released");
    }
    return good;
}

/* ---- the run ----------------------------------------------------------------------------------------- */

/*
 * Waits until the host knows of no live buffer but the witnesses; or until nothing can tell it any more, as the
 * kernel has no watch but theirs and the queue stays empty: what the host still believes alive is then lost.
 */
static void settle(long witnesses)
{
    int64_t deadline = now_ns() + 30000000000;
    int quiet = 0;
    while (live() != witnesses && quiet < 3 && now_ns() < deadline) {
        struct pollfd events = {.fd = host.inotify, .events = POLLIN};
        check_stopped();
        hear();
        bool waits_for_sweep = host.overflowed && !forgets_to_sweep;
        bool heard_more = poll(&events, 1, 100) > 0;
        quiet = heard_more || waits_for_sweep || list_watches(false) > witnesses ? 0 : quiet + 1;
    }
}

/* Makes the buffers, kills the clients, and stops listening ten times on the way. */
static void churn(long buffers)
{
    long deaf_every = buffers / 10, next_deaf = host.made + deaf_every;
    bool deaf = false;
    while (host.made < buffers) {
        check_stopped();
        struct process *p = &host.clients[draw(CLIENTS)];
        if (p->pid == 0)
            start(p, draw(8) == 0);
        serve(p);
        if (draw(KILL_ONE_IN) == 0) {
            p = &host.clients[draw(CLIENTS)];
            if (p->pid)
                kill_client(p);
        }
        if (!deaf && host.made % HEAR_EVERY == 0)
            hear();
        if (!deaf && host.made >= next_deaf)
            deaf = true;
        if (deaf && host.made % LOOK_EVERY == 0 && live() - list_watches(false) > host.max_queued) {
            if (draw(2)) /* one time in two the clients go on while we recover: deaths race with the sweep */
                bury_everybody();
            deaf = false;
            next_deaf = host.made + deaf_every;
            hear();
        }
    }
}

static void on_signal(int number) { stopped = number; }

static void prepare(long buffers, long timeout)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval clock = {.it_value = {.tv_sec = timeout}};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &clock, NULL);

    host.max_queued = read_number("/proc/sys/fs/inotify/max_queued_events", "%ld");
    long max_watches = read_number("/proc/sys/fs/inotify/max_user_watches", "%ld");
    if (host.max_queued < 0 || max_watches < 0)
        quit(2, "/proc/sys/fs/inotify cannot be read: no inotify here");
    if (buffers < host.max_queued + 16384)
        quit(2, "--buffers must be at least %ld, to overflow an event queue of %ld (fs.inotify.max_queued_events)",
             host.max_queued + 16384, host.max_queued);
    if (max_watches < CLIENTS * SLOTS * 3) /* twice a client's slots wait in its queues, at most */
        quit(2, "fs.inotify.max_user_watches is %ld, less than the %d this needs", max_watches, CLIENTS * SLOTS * 3);
    must((int)syscall(SYS_close_range, ~0U, ~0U, 0), "close_range (Linux 5.9)");
    must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
    must(pipe2(host.lifeline, O_CLOEXEC), "pipe2");
    host.inotify = must(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1 (fs.inotify.max_user_instances)");
    host.loose_end = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "socket");
    snprintf(host.fdinfo, sizeof host.fdinfo, "/proc/self/fdinfo/%d", host.inotify);
}

static bool report(const char *name, long value, bool good)
{
    printf("%-26s %ld%s\n", name, value, good ? "" : "   <-- FAIL");
    return good;
}

/*
 * Shared memory is counted for the whole machine, so this can only tell a gross leak from its neighbours' doings:
 * more than an eighth of what the run touched, or SHMEM_NOISE. The watches tell the rest.
 */
static long shmem_allowed(long before)
{
    long touched = (host.made - host.undelivered) * (PAGE >> 10);
    return before + (touched / 8 > SHMEM_NOISE ? touched / 8 : SHMEM_NOISE);
}

static long settled_shmem(long before)
{
    int64_t deadline = now_ns() + 5000000000;
    long after;
    while ((after = shmem_kib()) > shmem_allowed(before) && now_ns() < deadline)
        poll(NULL, 0, 100);
    return after;
}

static bool verdict(bool good, long lost, long shmem_before, int64_t elapsed)
{
    long left = list_watches(false), shmem_after = settled_shmem(shmem_before);
    report("buffers", host.made, true);
    report("  never delivered", host.undelivered, true);
    report("  most alive, when counted", host.peak_listed, true);
    report("  most believed alive", host.peak, true);
    report("kills", host.kills, true);
    good &= report("clients that failed", host.client_errors, host.client_errors == 0);
    good &= report("overflows", host.overflows, host.overflows > 0);
    good &= report("sweeps", host.sweeps, (host.sweeps > 0 && host.sweeps <= host.overflows) || forgets_to_sweep);
    report("released by event", host.by_event, true);
    report("  by IN_IGNORED alone", host.by_ignored, true);
    report("  by sweep", host.by_sweep, true);
    good &= report("released in all", host.released, host.released == host.made);
    report("late events, ignored", host.late, true);
    good &= report("duplicate events", host.duplicates, host.duplicates == 0);
    good &= report("unknown watches", host.unknown, host.unknown == 0);
    good &= report("deaths lost", lost, lost == 0);
    good &= report("reported while held", host.too_early, host.too_early == 0);
    good &= report("left watches", left, left == 0);
    report("Shmem before, KiB", shmem_before, true);
    good &= report("Shmem after, KiB", shmem_after, shmem_after <= shmem_allowed(shmem_before));
    printf("%-26s %.1f to make and send, %.1f in all\n", "us per buffer", host.making_ns / 1e3 / host.made,
           elapsed / 1e3 / host.made);
    if (host.sweeps)
        printf("%-26s %.1f\n", "ms per sweep", host.sweeping_ns / 1e6 / host.sweeps);
    puts(good ? "PASS" : "FAIL");
    return good;
}

static uint64_t number(const char *option, const char *text, uint64_t max)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = text ? strtoull(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || *text == '-' || value > max)
        quit(2, "%s takes a number up to %llu", option, (unsigned long long)max);
    return value;
}

int main(int argc, char **argv)
{
    long buffers = 1000000, timeout = 900;
    bool seeded = false;
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1]; /* NULL after the last */
        if (strcmp(argv[i], "--buffers") == 0) {
            buffers = (long)number(argv[i], value, 1000000000);
        } else if (strcmp(argv[i], "--timeout") == 0) {
            timeout = (long)number(argv[i], value, 86400);
        } else if (strcmp(argv[i], "--seed") == 0) {
            random_state = number(argv[i], value, UINT64_MAX);
            seeded = true;
        } else if (strcmp(argv[i], "--broken") == 0 && value && strcmp(value, "sweep") == 0) {
            forgets_to_sweep = true;
        } else if (strcmp(argv[i], "--broken") == 0 && value && strcmp(value, "close") == 0) {
            closes_too_early = true;
        } else {
            quit(2, "usage: release_proof [--buffers N] [--seed N] [--timeout SECONDS] [--broken sweep|close]");
        }
    }
    if (!seeded && getrandom(&random_state, sizeof random_state, 0) != sizeof random_state)
        quit(2, "getrandom: %s", strerror(errno));
    printf("%-26s %llu\n", "seed", (unsigned long long)random_state);
    fflush(stdout);

    prepare(buffers, timeout);
    long shmem_before = shmem_kib();
    int64_t begin = now_ns();
    post_witnesses();
    churn(buffers);
    int64_t elapsed = now_ns() - begin;
    bury_everybody();
    close(host.loose_end); /* a queue too: the last-born client may have sent buffers into it */
    host.loose_end = -1;
    settle(HOLD_KINDS * WITNESSES);
    long lost = live() - (HOLD_KINDS * WITNESSES - host.too_early);
    bool good = release_witnesses();
    leave(verdict(good, lost, shmem_before, elapsed) ? 0 : 1);
}
