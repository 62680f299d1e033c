/*
 * No byte is ever visible to two owners: tried out against a running host, by processes that allocate, share, splice,
 * look, are killed by SIGKILL, and start again, all at random and all at once.
 *
 *     owners SOCKET [--seed N] [--milliseconds N] [--workers N] [--domain UID[:CGROUP]]... HEAP...
 *
 * HEAP is a heap's name; "NAME:recycle" where memory comes back within a trust domain. The workers are spread over
 * the domains, each a user and, where it is said, the directory of a control group; that takes root. Without any they
 * are whoever runs this.
 *
 * Whoever receives a buffer finds it zero over all its bytes and fills it with an id of its own. From then on all that
 * can be seen of it, by whoever holds it in whatever way, is that id: in descriptors, copies in flight, mappings whose
 * descriptor is closed, pages in a pipe after the buffer's end, files opened again through O_PATH. Only what a heap
 * that recycles has taken back may show zeros, or ids of the same domain, through O_PATH descriptors, which nobody sees.
 *
 * A run takes the time it is given, and on a busy machine goes on until everything it is meant to do was done once.
 *
 * Prints a line for each violation (seed, worker, step, heap, way, offset, bytes, whose they are), what was done how
 * often, and PASS or FAIL. Exit status: 0 PASS, 1 FAIL, 2 wrong usage. Leaves no process behind.
 */
#define _GNU_SOURCE
#include "worker.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum { SHRINK_PHASE = 12000, PATIENCE = 30000 }; /* milliseconds */

static const char *const texts[COUNTS] = {
#define X(id, when, text) [COUNT_##id] = text,
    COUNTED(X)
#undef X
};

static struct {
    pid_t pid;
    int domain;
} workers[MOST_WORKERS];

static struct domain domains[MOST_DOMAINS];
static int domain_count, worker_count = 6;
static uint64_t lives; /* of workers */

static void start(int slot)
{
    uint64_t life = ++lives;
    pid_t pid = fork();
    if (pid == 0) {
        self_slot = slot;
        self_domain = workers[slot].domain;
        random_state = seed * 1000003 + life * 7919 + (uint64_t)slot;
        work(&domains[self_domain]);
    }
    workers[slot].pid = pid;
    if (pid < 0)
        trouble("fork: %s", strerror(errno));
}

/* Waits for what has ended; among it are children of workers that were killed. */
static void reap(bool restart)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < worker_count; i++)
            if (workers[i].pid == pid) {
                workers[i].pid = 0;
                if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0) && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
                    trouble("worker %d ended with status 0x%x", i, status);
                if (restart)
                    start(i);
            }
}

static void kill_one(void)
{
    int slot = (int)draw((uint32_t)worker_count);
    if (workers[slot].pid <= 0)
        return;
    kill(workers[slot].pid, SIGKILL);
    count(COUNT_kills, 1);
}

/* Has the host give memory back, of one heap or of all, some or everything. */
static void shrink(void)
{
    static const uint64_t amounts[] = {0, 4096, 1 << 20, 16 << 20};
    struct wire_shrink request = {.header = {sizeof request, WIRE_SHRINK, 0, self_step}, .bytes = amounts[draw(4)]};
    if (draw(2))
        snprintf(request.heap, sizeof request.heap, "%s", heaps[draw((uint32_t)heap_count)].name);
    if (!ask(host, &request, sizeof request, NULL, 0))
        return;
    if (reply.header.kind != (WIRE_SHRINK | WIRE_REPLY)) {
        judge_refusal("shrinking");
        return;
    }
    count(COUNT_shrinks, 1);
    for (uint32_t i = 0; i < reply.list.count; i++) {
        const struct wire_shrink_entry *source = (const void *)(reply.bytes + sizeof reply.list + (size_t)i * reply.list.entry_size);
        count(COUNT_shrunk, source->given);
        if (source->result != 0 && source->result != 2)
            trouble("shrinking: %.63s ended with result %u", source->source, source->result);
    }
}

/* Only the host knows which buffers were ready: nobody else can tell. */
static void count_pooled(void)
{
    struct wire_statistics request = {.header = {sizeof request, WIRE_STATISTICS, 0, self_step}};
    if (!ask(host, &request, sizeof request, NULL, 0))
        return;
    if (reply.header.kind == (WIRE_STATISTICS | WIRE_REPLY))
        atomic_store(&shared->counts[COUNT_pooled], reply.counted.pool_hits);
    else
        judge_refusal("statistics");
}

/* What has to be done and was not yet; COUNTS when there is nothing. */
static enum counted not_done(void)
{
    static const enum when when[COUNTS] = {
#define X(id, when, text) [COUNT_##id] = when,
        COUNTED(X)
#undef X
    };
    bool recycles = false;
    for (int i = 0; i < heap_count; i++)
        recycles |= heaps[i].recycles;
    for (int i = 0; i < COUNTS; i++)
        if ((when[i] == ALWAYS || (when[i] == RECYCLING && recycles)) && counted((enum counted)i) == 0)
            return (enum counted)i;
    return COUNTS;
}

/* Kills, starts and shrinks until the time is over, and on a busy machine until everything was done once. What was made to give memory back takes none for a while, so there
   are times for that and times for pools to fill. */
static void rule(int64_t milliseconds)
{
    int64_t began = now_ms(), until = began + milliseconds, phase = milliseconds < SHRINK_PHASE ? milliseconds : SHRINK_PHASE;
    host = connect_to_host();
    if (host < 0)
        return;
    for (int i = 0; i < worker_count; i++)
        start(i);
    pid_t parent = getppid(); /* no death signal: it would come when the thread that started us ends */
    while (!atomic_load(&shared->stop) && getppid() == parent && (now_ms() < until || (not_done() != COUNTS && now_ms() < until + PATIENCE))) {
        self_step++;
        pause_ms(5 + draw(40));
        reap(true);
        if (draw(4) == 0)
            kill_one();
        if (now_ms() >= until)
            phase = SHRINK_PHASE;
        if (self_step % 16 == 0)
            count_pooled();
        if (draw(3) == 0 && (now_ms() - began) % phase > phase / 4 * 3)
            shrink();
    }
}

/* Whoever does not end is killed, which is trouble. */
static void end_all(void)
{
    int64_t patience = now_ms() + 30000;
    atomic_store(&shared->stop, true);
    for (;;) {
        reap(false);
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            break;
        if (now_ms() > patience) {
            for (int i = 0; i < worker_count; i++)
                if (workers[i].pid > 0)
                    kill(workers[i].pid, SIGKILL);
            trouble("some did not end");
            break;
        }
        pause_ms(2);
    }
    while (take_letter())
        ;
    look_at_all();
}

static uint64_t number(const char *text)
{
    char *end = NULL;
    unsigned long long value = text ? strtoull(text, &end, 10) : 0;
    if (!text || end == text || *end) {
        fprintf(stderr, "owners: \"%s\" is not a number\n", text ? text : "");
        exit(2);
    }
    return value;
}

static void add_domain(char *text)
{
    char *colon = strchr(text, ':');
    if (colon)
        *colon = 0;
    domains[domain_count++] = (struct domain){(uint32_t)number(text), colon ? colon + 1 : NULL};
}

static void add_heap(char *text)
{
    char *colon = strchr(text, ':');
    if (colon)
        *colon = 0;
    if (heap_count == MOST_HEAPS || (colon && strcmp(colon + 1, "recycle"))) {
        fprintf(stderr, "owners: what is \"%s\"?\n", text);
        exit(2);
    }
    heaps[heap_count++] = (struct heap){text, colon != NULL};
}

static void report(void)
{
    for (int i = 0; i < COUNTS; i++)
        printf("%s: %llu\n", texts[i], (unsigned long long)counted((enum counted)i));
}

int main(int argc, char **argv)
{
    int64_t milliseconds = 10000;
    seed = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = number(argv[++i]);
        else if (strcmp(argv[i], "--milliseconds") == 0)
            milliseconds = (int64_t)number(argv[++i]);
        else if (strcmp(argv[i], "--workers") == 0)
            worker_count = (int)number(argv[++i]);
        else if (strcmp(argv[i], "--domain") == 0 && argv[i + 1] && domain_count < MOST_DOMAINS)
            add_domain(argv[++i]);
        else if (!socket_path)
            socket_path = argv[i];
        else
            add_heap(argv[i]);
    }
    if (!socket_path || heap_count == 0 || worker_count < 1 || worker_count > MOST_WORKERS) {
        fprintf(stderr, "usage: owners SOCKET [--seed N] [--milliseconds N] [--workers N] [--domain UID[:CGROUP]]... HEAP[:recycle]...\n");
        return 2;
    }
    if (domain_count == 0)
        domains[domain_count++].user = getuid();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, letterbox) || prctl(PR_SET_CHILD_SUBREAPER, 1)) {
        perror("owners");
        return 2;
    }
    for (int i = 0; i < HOLDINGS; i++)
        holdings[i] = (struct holding){.fd = -1, .writing_end = -1};
    for (int i = 0; i < worker_count; i++)
        workers[i].domain = i % domain_count;
    random_state = seed;
    self_slot = MOST_WORKERS;
    rule(milliseconds);
    end_all();
    report();
    if (counted(COUNT_violations) == 0 && not_done() != COUNTS)
        trouble("\"%s\" was never done", texts[not_done()]);
    bool passed = counted(COUNT_violations) == 0 && counted(COUNT_troubles) == 0;
    puts(passed ? "PASS" : "FAIL");
    return passed ? 0 : 1;
}
