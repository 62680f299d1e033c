// Tries to read memory of another process, and is the process that has it:
//   secret_spy read UID PID ADDRESS FD
//   secret_spy hold UID FD DUMPABLE
// "hold" maps the inherited descriptor, writes 90 to it, prints its id and the address, and waits for its standard input to end. "read" prints "WAY ERRNO VALUE" a line: the first byte at
// ADDRESS, or of the file behind the descriptor FD, and -1 where it could not be read. Both become UID first, unless that is -1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *way, int error, int value)
{
    printf("%s %d %d\n", way, error, error ? -1 : value);
}

static void mapped(const char *way, int fd)
{
    unsigned char *page = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    say(way, page == MAP_FAILED ? errno : 0, page == MAP_FAILED ? -1 : *page);
}

static void become(long uid)
{
    if (uid >= 0 && (setgroups(0, NULL) || setgid((gid_t)uid) || setuid((uid_t)uid))) {
        perror("become");
        exit(3);
    }
}

static int hold(int fd, int dumpable)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return 4;
    *page = 90;
    prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0); // which a change of user has taken away
    printf("%d %lu\n", getpid(), (unsigned long)page);
    fflush(stdout);
    getchar();
    return *page == 90 ? 0 : 5;
}

static int spy(pid_t pid, char *address, int fd)
{
    char path[64];
    unsigned char byte = 0;

    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = memory < 0 ? -1 : pread(memory, &byte, 1, (off_t)(size_t)address);
    say("proc-mem", count == 1 ? 0 : count == 0 ? EIO : errno, byte);

    struct iovec local = { &byte, 1 }, remote = { address, 1 };
    count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    say("process_vm_readv", count == 1 ? 0 : errno, byte);

    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL)) {
        say("ptrace", errno, -1);
    } else {
        waitpid(pid, NULL, __WALL);
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, pid, address, NULL);
        say("ptrace", errno, (int)(word & 0xff));
        ptrace(PTRACE_DETACH, pid, NULL, NULL);
    }

    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    mapped("proc-fd", open(path, O_RDONLY | O_CLOEXEC));

    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    mapped("pidfd_getfd", process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && !strcmp(argv[1], "read")) {
        become(atol(argv[2]));
        return spy((pid_t)atol(argv[3]), (char *)strtoul(argv[4], NULL, 10), atoi(argv[5]));
    }
    if (argc == 5 && !strcmp(argv[1], "hold")) {
        become(atol(argv[2]));
        return hold(atoi(argv[3]), atoi(argv[4]));
    }
    return 2;
}
