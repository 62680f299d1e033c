/*
 * Many callers at once, in bad weather.
 *
 *     storm alloc COUNT PROCESSES THREADS   COUNT ALLOCs in all while SIGALRM and SIGURG come all the time, with
 *                                           SA_RESTART: none fails, none leaves a descriptor behind
 *     storm kill COUNT SEED                 for each line of standard input: COUNT children, each killed with SIGKILL at
 *                                           a random point of what it does
 *     storm fork COUNT                      for each line of standard input: COUNT children that allocate once and end
 *     storm once                            for each line of standard input: one ALLOC, of which "errno N" is printed
 *
 * The last three print "ready" first and "done" after each line; until the input ends they wait, so that whoever runs
 * them can look at the supervisor, or end it. HEAP in the environment names the heap; default system.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

enum { PAGE = 4096, HELD = 20, AT_ONCE = 6 };

static int heap;
static volatile sig_atomic_t signals;

/* ---- alloc ------------------------------------------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    int count, tag, failed_errno, wrong;
};

static void *allocate_all(void *argument)
{
    struct worker *w = argument;
    int held[HELD];
    unsigned *pages[HELD];
    while (w->count > 0 && !w->failed_errno) {
        int n = 0;
        for (; n < HELD && w->count > 0; n++, w->count--) {
            struct alloc a = {.len = PAGE, .fd_flags = O_RDWR | O_CLOEXEC};
            if (ioctl(heap, ALLOC, &a) < 0) {
                w->failed_errno = errno;
                break;
            }
            held[n] = (int)a.fd;
            pages[n] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, held[n], 0);
            if (pages[n] == MAP_FAILED || pages[n][0] != 0)
                w->wrong++;
            else
                pages[n][0] = (unsigned)w->tag << 16 | (unsigned)n;
        }
        for (int i = 0; i < n; i++) { /* nobody else has got the same buffer */
            if (pages[i] != MAP_FAILED)
                w->wrong += pages[i][0] != ((unsigned)w->tag << 16 | (unsigned)i) || munmap(pages[i], PAGE) < 0;
            w->wrong += close(held[i]) < 0;
        }
    }
    return NULL;
}

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* An interval timer for SIGALRM and one for SIGURG, both meeting whatever thread runs. */
static timer_t let_it_rain(void)
{
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG};
    struct itimerspec often = {{0, 130000}, {0, 130000}};
    struct itimerval alarms = {{0, 200}, {0, 200}};
    timer_t timer;
    must(sigaction(SIGALRM, &action, NULL), "sigaction");
    must(sigaction(SIGURG, &action, NULL), "sigaction");
    must(timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
    must(timer_settime(timer, 0, &often, NULL), "timer_settime");
    must(setitimer(ITIMER_REAL, &alarms, NULL), "setitimer");
    return timer;
}

static void one_process(int count, int threads, int tag)
{
    struct worker workers[64] = {0};
    int before = open_descriptors(), failed = 0, wrong = 0;
    timer_t timer = let_it_rain();
    for (int i = 0; i < threads; i++) {
        workers[i].count = count / threads + (i < count % threads);
        workers[i].tag = tag * 64 + i + 1;
        must(pthread_create(&workers[i].thread, NULL, allocate_all, &workers[i]) ? -1 : 0, "pthread_create");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        failed = workers[i].failed_errno ? workers[i].failed_errno : failed;
        wrong += workers[i].wrong;
    }
    struct itimerval never = {0};
    must(setitimer(ITIMER_REAL, &never, NULL), "setitimer");
    timer_delete(timer);
    expect_errno("every ALLOC succeeds", 0, failed);
    expect("every buffer is its own, and zero", 0, wrong);
    expect("descriptors left", before, open_descriptors());
    check(signals > 0, "signals came", "expected some got none");
}

static int storm(int count, int processes, int threads)
{
    for (int i = 0; i < processes; i++) {
        pid_t child = must(fork(), "fork");
        if (child == 0) {
            one_process(count / processes, threads, i);
            exit(verdict());
        }
    }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad += status != 0;
    expect("processes that failed", 0, bad);
    return verdict();
}

/* ---- kill and fork ------------------------------------------------------------------------------------------ */

static uint64_t random_state;

static uint32_t draw(uint32_t bound) /* splitmix64 */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

/* Calls of every served kind, for ever. */
__attribute__((noreturn)) static void be_busy(void)
{
    int held[HELD];
    for (unsigned i = 0;; i++) {
        uint64_t flags = SYNC_READ | (i & 1 ? SYNC_END : 0);
        int node = open_heap();
        if (i >= HELD)
            close(held[i % HELD]);
        held[i % HELD] = allocate(node, PAGE * (1 + i % 16));
        ioctl(held[i % HELD], SYNC, &flags);
        ioctl(held[i % HELD], SET_NAME_B, "busy");
        ioctl(held[i % HELD], EXPORT_SYNC_FILE, (uintptr_t)draw(1U << 31)); /* wherever that is */
        close(node);
    }
}

static int reap(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void kill_children(int count)
{
    pid_t alive[AT_ONCE] = {0};
    int others = 0;
    for (int i = 0; i < count + AT_ONCE; i++) {
        pid_t *slot = &alive[i % AT_ONCE];
        if (*slot) {
            struct timespec moment = {0, draw(1500000)}; /* while the others work */
            nanosleep(&moment, NULL);
            kill(*slot, SIGKILL);
            int status = reap(*slot);
            others += !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            *slot = 0;
        }
        if (i < count && (*slot = must(fork(), "fork")) == 0)
            be_busy();
    }
    expect("children that ended before they were killed", 0, others);
}

static void fork_children(int count)
{
    int bad = 0;
    for (int left = count; left > 0; left -= 32) {
        pid_t wave[32];
        int n = left < 32 ? left : 32;
        for (int i = 0; i < n; i++)
            if ((wave[i] = must(fork(), "fork")) == 0)
                _exit(allocate(heap, PAGE) < 0);
        for (int i = 0; i < n; i++)
            bad += reap(wave[i]) != 0;
    }
    expect("children that were refused", 0, bad);
}

static void allocate_once(int length)
{
    struct alloc a = {.len = (uint64_t)length};
    int error = alloc_errno(heap, &a);
    printf("errno %d\n", error);
    if (!error)
        close((int)a.fd);
}

static int on_each_line(void (*work)(int), int count)
{
    char line[64];
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        work(count);
        puts("done");
        fflush(stdout);
    }
    return verdict();
}

int main(int argc, char **argv)
{
    heap = open_heap();
    if (argc == 5 && strcmp(argv[1], "alloc") == 0 && atoi(argv[4]) <= 64)
        return storm(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
    if (argc == 4 && strcmp(argv[1], "kill") == 0) {
        random_state = strtoull(argv[3], NULL, 10);
        return on_each_line(kill_children, atoi(argv[2]));
    }
    if (argc == 3 && strcmp(argv[1], "fork") == 0)
        return on_each_line(fork_children, atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "once") == 0)
        return on_each_line(allocate_once, PAGE);
    fputs("usage: storm alloc COUNT PROCESSES THREADS | kill COUNT SEED | fork COUNT | once\n", stderr);
    return 2;
}
