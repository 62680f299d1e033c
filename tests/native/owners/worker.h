/* One owner among others: asks for memory, marks it, holds it in many ways, passes it on, and looks again. */
#ifndef OWNERS_WORKER_H
#define OWNERS_WORKER_H

#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "holding.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* both the same on every architecture */
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum { MOST_CHILDREN = 12 };

/* What goes with a descriptor from owner to owner, or in its stead: where it can be taken from. */
struct letter {
    struct content content;
    uint64_t length, inode;
    int pid, fd; /* pid 0: the descriptor comes with the letter */
};

static int letterbox[2];

/* ---- allocating -------------------------------------------------------------------------------------- */

/* Lengths that come again and again, as pools learn them, and a few that do not. */
static uint64_t draw_length(void)
{
    static const uint64_t usual[] = {4096, 4096, 4096, 8192, 65536, 65536, 262144, 1 << 20, 2 << 20, 2 << 20, 4 << 20, 8 << 20};
    return draw(5) ? usual[draw(sizeof usual / sizeof *usual)] : (1 + draw(40)) * 4096ULL;
}

static void draw_name(char name[32])
{
    if (draw(3) == 0)
        snprintf(name, 32, draw(4) ? "frame" : "frame-%u", draw(1000));
}

/* Memory that somebody had before comes back only within a trust domain, and only where the heap recycles: nobody can
   tell who else holds on to a file's pages. The kernel does not use an inode's number again for a long time. */
static void check_file(int fd, int heap)
{
    struct stat file;
    if (fstat(fd, &file)) {
        trouble("fstat: %s", strerror(errno));
        return;
    }
    uint64_t key = (uint64_t)file.st_dev << 40 ^ file.st_ino;
    for (size_t i = 0; i < MOST_FILES; i++) {
        struct file *place = &shared->files[(key + i) % MOST_FILES];
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&place->key, &found, key)) {
            atomic_store(&place->domain, self_domain + 1);
            return;
        }
        if (found != key)
            continue;
        int domain = atomic_load(&place->domain) - 1; /* -1: its owner was killed before it could say */
        if (!heaps[heap].recycles)
            violation("heap %s: the file of a new buffer was another's before, of domain %d", heaps[heap].name, domain);
        else if (domain >= 0 && domain != self_domain)
            violation("heap %s: the file of a new buffer of domain %d was another's before, of domain %d", heaps[heap].name, self_domain, domain);
        else
            count(COUNT_recycled, 1);
        return;
    }
    trouble("too many files to remember");
}

/* Every byte has to be zero; then every byte is its new owner's. */
static void receive(int fd, uint64_t length, int heap, bool writable)
{
    struct content content = {.heap = heap, .domain = self_domain};
    check_file(fd, heap);
    if (draw(4) == 0)
        look_by_reading(&content, "when received", fd, length);
    void *map = map_of(fd, length, writable ? PROT_READ | PROT_WRITE : PROT_READ);
    if (!map) {
        close(fd);
        return;
    }
    look(&content, "when received", map, length, 0);
    count(COUNT_buffers, 1);
    count(COUNT_bytes, length);
    if (writable) { /* a buffer that nobody may write is to stay zero */
        content.expected = new_id(heap);
        fill(map, length, content.expected);
    }
    munmap(map, length);
    keep(fd, length, content);
}

static void allocate_same(int heap)
{
    bool writable = draw(20) > 0;
    struct wire_allocate request = {.header = {sizeof request, WIRE_ALLOCATE, 0, self_step}, .length = draw_length(), .count = 1};
    request.file_flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
    if (request.length <= 65536 && draw(4) == 0)
        request.count = 1 + draw(8);
    snprintf(request.heap, sizeof request.heap, "%s", heaps[heap].name);
    draw_name(request.name);
    if (!ask(host, &request, sizeof request, NULL, 0))
        return;
    if (reply.header.kind != (WIRE_ALLOCATE | WIRE_REPLY)) {
        judge_refusal("an allocation");
        return;
    }
    if (received_count != (int)reply.allocated.count || reply.allocated.count != request.count)
        trouble("%d descriptors came with %u buffers of %u", received_count, reply.allocated.count, request.count);
    uint64_t length = reply.allocated.length;
    int fds[WIRE_DESCRIPTORS], n = received_count;
    memcpy(fds, received, sizeof fds);
    for (int i = 0; i < n; i++)
        receive(fds[i], length, heap, writable);
}

static void allocate_several(int heap)
{
    struct {
        struct wire_batch head;
        struct wire_batch_size sizes[4];
    } request = {.head = {.file_flags = O_RDWR | O_CLOEXEC, .sizes = 1 + draw(4)}};
    for (unsigned i = 0; i < request.head.sizes; i++) {
        request.sizes[i].length = draw_length();
        request.sizes[i].count = request.sizes[i].length <= 65536 ? 1 + draw(6) : 1;
    }
    uint32_t size = (uint32_t)(sizeof request.head + request.head.sizes * sizeof *request.sizes);
    request.head.header = (struct wire_header){size, WIRE_ALLOCATE_BATCH, 0, self_step};
    snprintf(request.head.heap, sizeof request.head.heap, "%s", heaps[heap].name);
    draw_name(request.head.name);
    if (!ask(host, &request, size, NULL, 0))
        return;
    if (reply.header.kind != (WIRE_ALLOCATE_BATCH | WIRE_REPLY)) {
        judge_refusal("a batch");
        return;
    }
    int fds[WIRE_DESCRIPTORS], n = received_count;
    uint64_t lengths[WIRE_DESCRIPTORS];
    if (n != (int)reply.batch.count)
        trouble("%d descriptors came with %u buffers", n, reply.batch.count);
    memcpy(fds, received, sizeof fds);
    for (int i = 0; i < n; i++)
        lengths[i] = ((struct wire_batch_buffer *)(void *)(reply.bytes + sizeof reply.batch + (size_t)i * reply.batch.entry_size))->length;
    for (int i = 0; i < n; i++)
        receive(fds[i], lengths[i], heap, true);
    count(COUNT_batches, 1);
}

/* A reply that nobody reads keeps its buffers alive until the connection is closed. */
static void desert(void)
{
    struct wire_allocate request = {.header = {sizeof request, WIRE_ALLOCATE, 0, self_step}, .length = 65536, .file_flags = O_RDWR, .count = 4};
    snprintf(request.heap, sizeof request.heap, "%s", heaps[draw((uint32_t)heap_count)].name);
    put(host, &request, sizeof request, NULL, 0);
    if (draw(2))
        pause_ms(1);
    close(host);
    host = -1;
    forget_attached();
    host = connect_to_host();
    count(COUNT_deserted, 1);
}

/* ---- passing on -------------------------------------------------------------------------------------- */

static void pass_on(const struct holding *h)
{
    struct letter letter = {.content = h->content, .length = h->length};
    struct stat file;
    bool to_be_taken = draw(4) == 0 && !heaps[h->content.heap].recycles; /* there the same inode may be another buffer by then */
    if (fstat(h->fd, &file))
        return;
    letter.inode = file.st_ino;
    if (to_be_taken) {
        letter.pid = getpid();
        letter.fd = h->fd;
    }
    if (put(letterbox[1], &letter, sizeof letter, &h->fd, to_be_taken ? 0 : 1))
        count(COUNT_passed, 1); /* otherwise it is full */
}

/* A descriptor out of its owner's table. -1 where the owner is gone, or has something else under that number by now. */
static int fetch(const struct letter *letter)
{
    struct stat file;
    int process = (int)syscall(SYS_pidfd_open, letter->pid, 0);
    int fd = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, letter->fd, 0);
    if (process >= 0)
        close(process);
    if (fd < 0)
        return -1;
    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_ino == letter->inode)
        return fd;
    close(fd);
    return -1;
}

/* What another owner passed on shows that owner's id, for as long as it is held. False when the box is empty. */
static bool take_letter(void)
{
    struct letter letter;
    ssize_t n = take(letterbox[0], &letter, sizeof letter, MSG_DONTWAIT);
    if (n != sizeof letter)
        return false;
    int fd = received_count == 1 ? received[0] : -1;
    if (letter.pid && (fd = fetch(&letter)) >= 0)
        count(COUNT_taken, 1);
    if (fd < 0)
        return true;
    look_at(keep(fd, letter.length, letter.content));
    return true;
}

/* Something that is held, unless hardly anything is. */
static struct holding *any(void)
{
    struct holding *h = &holdings[draw(HOLDINGS)];
    for (int i = 0; i < 8 && h->way == NOTHING; i++)
        h = &holdings[draw(HOLDINGS)];
    return h;
}

/* ---- giving back ------------------------------------------------------------------------------------- */

/* A client that gives a buffer back is to be done with it. This one may be wrong about that: it keeps a second
   descriptor, a mapping or pages in a pipe, and what it sees there is to stay its own; or it never owned the buffer. */
static void give_back(struct holding *h)
{
    struct wire_header request = {sizeof request, WIRE_GIVE_BACK, 0, self_step};
    for (int i = 0; i < 16 && (h->way != DESCRIPTOR || !heaps[h->content.heap].recycles); i++)
        h = any();
    if (h->way != DESCRIPTOR || !heaps[h->content.heap].recycles)
        return;
    bool ours = h->content.domain == self_domain;
    uint32_t lot = draw(12);
    if (lot < 2) {
        struct holding *kept = keep(fcntl(h->fd, F_DUPFD_CLOEXEC, 0), h->length, h->content);
        if (draw(2))
            become_mapping(kept);
        else if (draw(2))
            become_path(kept);
        count(COUNT_kept_though_given, 1);
    } else if (lot < 5) {
        splice_some(h);
    }
    if (h->way != DESCRIPTOR || !ask(host, &request, sizeof request, &h->fd, 1)) /* it may have made room for the others */
        return;
    if (reply.header.kind != (WIRE_GIVE_BACK | WIRE_REPLY)) {
        judge_refusal("giving back");
        return;
    }
    if (ours && reply.given_back.taken)
        count(COUNT_given_back, 1);
    else if (reply.given_back.taken)
        violation("heap %s: what domain %d owns was taken back from domain %d", heaps[h->content.heap].name, h->content.domain, self_domain);
    else if (!ours)
        count(COUNT_not_taken_back, 1);
    if (draw(8)) /* or else it is still in use, and to stay as it is */
        forget(h);
}

/* ---- children ---------------------------------------------------------------------------------------- */

static void look_at_all(void)
{
    for (int i = 0; i < HOLDINGS; i++)
        look_at(&holdings[i]);
}

/* Inherits everything, and may outlive us. What both have of a pipe or a socket is left to the parent. */
static void fork_child(void)
{
    if (atomic_fetch_add(&shared->children, 1) >= MOST_CHILDREN) {
        atomic_fetch_sub(&shared->children, 1);
        return;
    }
    pid_t pid = fork();
    if (pid != 0) {
        if (pid < 0)
            atomic_fetch_sub(&shared->children, 1);
        return;
    }
    random_state ^= (uint64_t)getpid() << 32;
    close(host);
    host = -1;
    forget_attached();
    for (int i = 0; i < HOLDINGS; i++)
        if (holdings[i].way == PIPE || holdings[i].way == QUEUE || draw(2))
            forget(&holdings[i]);
    for (uint32_t turns = 1 + draw(4); turns > 0 && !atomic_load(&shared->stop); turns--) {
        pause_ms(draw(50));
        look_at_all();
    }
    count(COUNT_child_looks, 1);
    atomic_fetch_sub(&shared->children, 1);
    _exit(0);
}

/* ---- the worker -------------------------------------------------------------------------------------- */

static void change(struct holding *h)
{
    if (h->way == QUEUE)
        take_from_queue(h);
    if (h->way != DESCRIPTOR)
        return;
    switch (draw(7)) {
    case 0:
        become_mapping(h);
        break;
    case 5:
        become_attached(h);
        break;
    case 1:
        become_path(h);
        break;
    case 2:
        become_queued(h);
        break;
    case 3:
        splice_some(h);
        break;
    case 4:
        splice_some(h);
        forget(h); /* the pages alone stay */
        break;
    default:
        pass_on(h);
        break;
    }
}

/* What the host says a descriptor is: a file that goes from one buffer to the next is not to be taken for the wrong one. */
static void show(const struct holding *h)
{
    struct wire_header request = {sizeof request, WIRE_DESCRIBE, 0, self_step};
    if (h->way != DESCRIPTOR || !ask(host, &request, sizeof request, &h->fd, 1))
        return;
    if (reply.header.kind != (WIRE_DESCRIBE | WIRE_REPLY))
        judge_refusal("a description");
    else if (reply.described.length != h->length || strcmp(reply.described.heap, heaps[h->content.heap].name))
        violation("heap %s: %llu bytes were shown, and the host takes it for %llu of heap %.63s", heaps[h->content.heap].name, (unsigned long long)h->length,
                  (unsigned long long)reply.described.length, reply.described.heap);
    else
        count(COUNT_shown, 1);
}

static void step(void)
{
    uint32_t lot = draw(1000);
    struct holding *h = any();
    int heap = (int)draw((uint32_t)heap_count);
    if (lot < 300)
        allocate_same(heap);
    else if (lot < 340)
        allocate_several(heap);
    else if (lot < 500)
        look_at(h);
    else if (lot < 530)
        show(h);
    else if (lot < 750)
        change(h);
    else if (lot < 850)
        forget(h);
    else if (lot < 900)
        give_back(h);
    else if (lot < 990)
        take_letter();
    else if (lot < 996)
        fork_child();
    else
        desert();
}

static void die_by_bus_error(int signal)
{
    (void)signal;
    trouble("SIGBUS: memory that was received is gone");
    _exit(3);
}

static bool join_cgroup(const char *directory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool joined = fd >= 0 && write(fd, "0", 1) == 1; /* 0 stands for whoever writes it */
    if (fd >= 0)
        close(fd);
    return joined;
}

/* Ends when it is told to, or is killed. */
static void work(const struct domain *domain)
{
    uint32_t user = domain->user;
    if ((domain->cgroup && !join_cgroup(domain->cgroup)) || (user != getuid() && (setgroups(0, NULL) || setgid(user) || setuid(user)))) {
        trouble("cannot become user %u of %s: %s", user, domain->cgroup ?: "the same control group", strerror(errno));
        _exit(3);
    }
    prctl(PR_SET_DUMPABLE, 1); /* which becoming another user took away: pidfd_getfd asks for it */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGBUS, die_by_bus_error);
    for (int i = 0; i < HOLDINGS; i++)
        holdings[i] = (struct holding){.fd = -1, .writing_end = -1};
    host = connect_to_host();
    while (host >= 0 && !atomic_load(&shared->stop)) {
        self_step++;
        step();
    }
    look_at_all();
    _exit(0);
}

#endif
