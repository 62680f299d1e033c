/*
 * Buffers in other hands: by fork, SCM_RIGHTS, pidfd_getfd, execve; and callers of every kind: a vfork child, a thread
 * with a descriptor table of its own, threads whose leader has gone, a child that has become another user, one with
 * filters of its own.
 *
 *     share [fork|scm|pidfd|exec|cow|vfork|threads|leader|user|filters]...   all of them when none is named
 *
 * HEAP in the environment names the heap; default system.
 */
#define _GNU_SOURCE
#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PAGE = 4096, GOOD = 0, BAD = 1, UNABLE = 77 };

static int heap;
static const char *self;

static char *map(int fd)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(p == MAP_FAILED ? -1 : 0, "mmap");
    return p;
}

static int ended(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A child's ALLOC, its buffer in order? */
static int allocates(int node)
{
    uint64_t flags = SYNC_READ | SYNC_WRITE;
    int fd = allocate(node, PAGE);
    bool good = fd >= 0 && lseek(fd, 0, SEEK_END) == PAGE && ioctl(fd, SYNC, &flags) == 0 && ioctl(fd, SET_NAME_B, "child") == 0;
    close(fd);
    return good ? GOOD : BAD;
}

static void by_fork(void)
{
    int fd = must(allocate(heap, PAGE), "ALLOC");
    char *mine = map(fd);
    strcpy(mine, "from the parent");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *p = map(fd);
        bool good = strcmp(p, "from the parent") == 0 && allocates(heap) == GOOD;
        strcpy(p, "from the child");
        _exit(good ? GOOD : BAD);
    }
    expect("a forked child reads the buffer and allocates", GOOD, ended(child));
    check(strcmp(mine, "from the child") == 0, "and writes what the parent reads", "expected \"from the child\" got \"%.20s\"", mine);
    munmap(mine, PAGE);
    close(fd);
}

static int send_fd(int socket, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct iovec iov = {"x", 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    return sendmsg(socket, &msg, 0) < 0 ? -1 : 0;
}

static int receive_fd(int socket)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte;
    int fd = -1;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof fd);
    return fd;
}

/* Both the buffer and the heap's node are sent: a broker of a sandbox opens the node and hands it on. */
static void by_message(void)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(heap);
        int fd = receive_fd(pair[1]), node = receive_fd(pair[1]);
        uint64_t flags = SYNC_READ;
        bool good = strcmp(map(fd), "sent") == 0 && ioctl(fd, SYNC, &flags) == 0 && allocates(node) == GOOD;
        _exit(good ? GOOD : BAD);
    }
    int fd = must(allocate(heap, PAGE), "ALLOC");
    strcpy(map(fd), "sent");
    must(send_fd(pair[0], fd) < 0 ? -1 : send_fd(pair[0], heap), "sendmsg");
    close(fd);
    expect("a buffer and a node by SCM_RIGHTS", GOOD, ended(child));
    close(pair[0]);
    close(pair[1]);
}

static void by_pidfd(void)
{
    int ready[2], go[2];
    char byte = 0;
    must(pipe2(ready, O_CLOEXEC), "pipe2");
    must(pipe2(go, O_CLOEXEC), "pipe2");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        int fd = allocate(heap, PAGE);
        strcpy(map(fd), "taken");
        bool told = write(ready[1], &fd, sizeof fd) == sizeof fd && read(go[0], &byte, 1) == 0;
        _exit(told ? GOOD : BAD);
    }
    int theirs = -1;
    must(read(ready[0], &theirs, sizeof theirs) == sizeof theirs ? 0 : -1, "the child's buffer");
    int pidfd = must((int)syscall(SYS_pidfd_open, child, 0), "pidfd_open");
    int fd = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
    if (check(fd >= 0, "a buffer by pidfd_getfd", "expected a descriptor got %s", strerror(errno))) {
        uint64_t flags = SYNC_READ;
        check(strcmp(map(fd), "taken") == 0, "with what it holds", "expected \"taken\" got something else");
        expect_errno("and SYNC", 0, ERRNO(ioctl(fd, SYNC, &flags)));
        close(fd);
    }
    close(go[0]);
    close(go[1]);
    expect("the child it was taken from", GOOD, ended(child));
    close(pidfd);
    close(ready[0]);
    close(ready[1]);
}

/* "share --executed BUFFER NODE CLOSED": what we are after our own execve. */
static int executed(char **argv)
{
    int fd = atoi(argv[2]), node = atoi(argv[3]), closed = atoi(argv[4]);
    uint64_t flags = SYNC_READ;
    bool good = strcmp(map(fd), "kept") == 0 && ioctl(fd, SYNC, &flags) == 0 && fcntl(closed, F_GETFD) < 0
        && allocates(node) == GOOD && allocates(open_heap()) == GOOD;
    return good ? GOOD : BAD;
}

static void by_exec(void)
{
    char arguments[3][12];
    struct alloc kept = {.len = PAGE, .fd_flags = O_RDWR};
    must(ioctl(heap, ALLOC, &kept), "ALLOC");
    strcpy(map((int)kept.fd), "kept");
    int closed = must(allocate(heap, PAGE), "ALLOC"), node = must(dup(heap), "dup");
    snprintf(arguments[0], sizeof *arguments, "%u", kept.fd);
    snprintf(arguments[1], sizeof *arguments, "%d", node);
    snprintf(arguments[2], sizeof *arguments, "%d", closed);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(self, self, "--executed", arguments[0], arguments[1], arguments[2], (char *)NULL);
        _exit(BAD);
    }
    expect("across execve: without O_CLOEXEC kept, with it closed, and served on", GOOD, ended(child));
    close((int)kept.fd);
    close(closed);
    close(node);
}

/* The result lands on a page that parent and child still share. */
static void on_a_shared_page(void)
{
    struct alloc *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *a = (struct alloc){.len = PAGE, .fd_flags = O_RDWR | O_CLOEXEC};
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(ioctl(heap, ALLOC, a) == 0 && a->fd != 0 ? GOOD : BAD);
    expect("a result on a copy-on-write page", GOOD, ended(child));
    expect("which is not the parent's", 0, a->fd);
    munmap(a, PAGE);
}

static void from_vfork(void)
{
    fflush(stdout);
    static volatile int result;
    pid_t child = vfork();
    if (child == 0) {
        result = allocates(heap);
        _exit(0);
    }
    ended(child);
    expect("ALLOC in a vfork child", GOOD, result);
}

static void *own_table(void *result)
{
    if (unshare(CLONE_FILES) < 0) {
        *(int *)result = UNABLE;
        return NULL;
    }
    int node = open_heap(); /* a number that the leader's table does not have */
    *(int *)result = fcntl(node, F_GETFD) >= 0 ? allocates(node) : BAD;
    return NULL;
}

static void in_threads(void)
{
    int result = BAD, before = open_descriptors();
    pthread_t thread;
    must(pthread_create(&thread, NULL, own_table, &result) ? -1 : 0, "pthread_create");
    pthread_join(thread, NULL);
    expect("ALLOC in a thread with a descriptor table of its own", GOOD, result);
    expect("which is not ours", before, open_descriptors());
}

static void *go_on_alone(void *leader)
{
    pthread_join(*(pthread_t *)leader, NULL);
    int result = BAD;
    for (int i = 0; i < 100; i++)
        if ((result = allocates(heap)) != GOOD)
            break;
    _exit(result);
}

static void without_leader(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        static pthread_t leader, other;
        leader = pthread_self();
        pthread_create(&other, NULL, go_on_alone, &leader);
        pthread_exit(NULL);
    }
    expect("ALLOC in a process whose first thread has ended", GOOD, ended(child));
}

static void as_another_user(void)
{
    if (geteuid() != 0)
        return;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        must(setresgid(65534, 65534, 65534), "setresgid");
        must(setresuid(65534, 65534, 65534), "setresuid");
        _exit(allocates(heap));
    }
    expect("ALLOC in a child that has become nobody", GOOD, ended(child));
}

/* One that has getppid fail with ENOLINK and tells nobody of anything, or has a listener. */
static int add_filter(unsigned long flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLINK),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* A sandbox of the program's own stands beside ours; a second listener the kernel refuses, ours or not. */
static void with_filters(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
        expect_errno("a listener of its own", EBUSY, ERRNO(add_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER)));
        expect("ALLOC after that", GOOD, allocates(heap));
        expect_errno("a filter of its own", 0, ERRNO(add_filter(0)));
        expect_errno("which filters", ENOLINK, ERRNO((int)syscall(SYS_getppid)));
        expect("ALLOC under it", GOOD, allocates(heap));
        _exit(verdict());
    }
    expect("a process with filters of its own", GOOD, ended(child));
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(void); } parts[] = {
        {"fork", by_fork}, {"scm", by_message}, {"pidfd", by_pidfd}, {"exec", by_exec}, {"cow", on_a_shared_page},
        {"vfork", from_vfork}, {"threads", in_threads}, {"leader", without_leader}, {"user", as_another_user},
        {"filters", with_filters},
    };
    self = argv[0];
    if (argc == 5 && strcmp(argv[1], "--executed") == 0)
        return executed(argv);
    heap = open_heap();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        bool wanted = argc == 1;
        for (int j = 1; j < argc; j++)
            wanted |= strcmp(argv[j], parts[i].name) == 0;
        if (wanted)
            parts[i].run();
    }
    return verdict();
}
