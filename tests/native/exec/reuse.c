/*
 * A process that is killed while its ALLOC is being answered, and another one that is given its number before the answer
 * comes: at the same address it has the same struct, and must not see a byte of what was meant for the dead one.
 *
 * For each line of standard input one step: the first process asks, and "asked" is printed; it is killed, its number is
 * taken, and "reused" is printed; the second process says what it finds, and "done" is printed. HEAP names a heap that
 * lets its callers wait. Prints "unable" and ends where nobody may choose a process's number.
 */
#define _GNU_SOURCE
#include "check.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { PAGE = 4096, PATTERN = 0xA5 };

static int heap;
static struct alloc request; /* at one address in both */

static void step(void)
{
    char line[64];
    must(fgets(line, sizeof line, stdin) ? 0 : -1, "a line to go on by");
}

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

/* A child, as by fork(), with a number of our choice. */
static pid_t fork_as(pid_t number)
{
    struct clone_args arguments = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1};
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static bool is_untouched(void)
{
    const unsigned char *bytes = (const unsigned char *)&request;
    for (size_t i = 0; i < sizeof request; i++)
        if (bytes[i] != PATTERN)
            return false;
    return true;
}

__attribute__((noreturn)) static void second(int before, int told)
{
    char byte;
    must(read(told, &byte, 1) == 1 ? 0 : -1, "read");
    check(is_untouched(), "memory of the second process", "expected it untouched");
    expect("descriptors of the second process", before, open_descriptors());
    int fd = allocate(heap, PAGE);
    check(fd >= 0, "its own ALLOC", "expected a buffer got %s", strerror(errno));
    uint64_t flags = SYNC_READ;
    expect_errno("SYNC on its buffer", 0, ERRNO(ioctl(fd, SYNC, &flags)));
    exit(verdict());
}

int main(void)
{
    int tell[2], status = 0;
    heap = open_heap();
    must(pipe(tell), "pipe");
    say("ready");

    step();
    pid_t first = must(fork(), "fork");
    if (first == 0) {
        request = (struct alloc){.len = PAGE, .fd_flags = O_RDWR | O_CLOEXEC};
        ioctl(heap, ALLOC, &request);
        _exit(0); /* only by an answer that should never reach it */
    }
    say("asked");

    step();
    must(kill(first, SIGKILL), "kill");
    must(waitpid(first, &status, 0), "waitpid");
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the first process was killed in its call", "expected SIGKILL got status %d", status);
    memset(&request, PATTERN, sizeof request);
    int before = open_descriptors();
    pid_t reused = fork_as(first);
    if (reused < 0 && (errno == EPERM || errno == EINVAL || errno == ENOSYS)) {
        say("unable");
        return 0;
    }
    must(reused, "clone3");
    if (reused == 0)
        second(before, tell[0]);
    expect("the number", first, reused);
    /* What goes by the number alone reaches the second process now. */
    struct alloc seen = {0};
    struct iovec here = {&seen, sizeof seen}, there = {&request, sizeof request};
    bool reached = process_vm_readv(first, &here, 1, &there, 1, 0) == sizeof seen && memcmp(&seen, &request, sizeof seen) == 0;
    check(reached, "the number leads to the second process", "expected its memory got %s", strerror(errno));
    say("reused");

    step();
    must(write(tell[1], "", 1) == 1 ? 0 : -1, "write");
    must(waitpid(reused, &status, 0), "waitpid");
    expect("the second process", 0, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    say("done");
    return verdict();
}
