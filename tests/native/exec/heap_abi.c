/*
 * The dma-heap and dma-buf ioctls as the kernel answers them: every check, in its order, by errno.
 *
 *     heap_abi [alloc|layout|limits|buffer|numbers]...   all of them when none is named
 *     heap_abi others     prints "NAME ERRNO" for ioctls of both types on descriptors that are no heap's: the lines
 *                         are the same inside and outside of exec
 *
 * HEAP in the environment names the heap; default system.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { PAGE = 4096 };

static int heap;

/* Two pages of which the second has another protection, or is not there (protection -1). */
static char *two_pages(int second)
{
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(pages == MAP_FAILED ? -1 : 0, "mmap");
    memset(pages, 0, 2 * PAGE);
    must(second < 0 ? munmap(pages + PAGE, PAGE) : mprotect(pages + PAGE, PAGE, second), "mprotect");
    return pages;
}

/* An ALLOC that has to fail: with this errno, its struct untouched, no descriptor left. */
static void refuses(const char *name, int expected, unsigned long command, struct alloc *a)
{
    struct alloc before = *a;
    int descriptors = open_descriptors();
    expect_errno(name, expected, ERRNO(ioctl(heap, command, a)));
    check(memcmp(&before, a, sizeof before) == 0, name, "expected the struct unchanged got len %llu fd %u fd_flags %#x heap_flags %#llx",
          (unsigned long long)a->len, a->fd, a->fd_flags, (unsigned long long)a->heap_flags);
    expect(name, descriptors, open_descriptors());
}

static void refuses_value(const char *name, int expected, struct alloc a) { refuses(name, expected, ALLOC, &a); }

/* ---- alloc: modes, flags, sizes, values ------------------------------------------------------------- */

static void node_modes(void)
{
    static const struct { const char *name; int flags; } modes[] = {
        {"node opened O_RDONLY", O_RDONLY}, {"node opened O_WRONLY", O_WRONLY}, {"node opened O_RDWR", O_RDWR},
        {"node opened with mode 3", O_ACCMODE}, {"node opened O_RDONLY|O_CLOEXEC", O_RDONLY | O_CLOEXEC},
        {"node opened O_RDWR|O_CLOEXEC", O_RDWR | O_CLOEXEC}, {"node opened O_RDWR|O_TRUNC", O_RDWR | O_TRUNC},
        {"node opened O_RDWR|O_NONBLOCK", O_RDWR | O_NONBLOCK}, {"node opened O_RDWR|O_CREAT", O_RDWR | O_CREAT},
        {"node opened O_RDONLY|O_NOFOLLOW", O_RDONLY | O_NOFOLLOW},
    };
    const char *name = getenv("HEAP");
    char path[256];
    snprintf(path, sizeof path, "/dev/dma_heap/%s", name ? name : "system");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        int node = open(path, modes[i].flags, 0600);
        int buffer = node < 0 ? -1 : allocate(node, PAGE);
        check(buffer >= 0, modes[i].name, "expected a buffer got %s", strerror(errno));
        expect(modes[i].name, modes[i].flags & O_CLOEXEC ? FD_CLOEXEC : 0, fcntl(node, F_GETFD));
        expect(modes[i].name, modes[i].flags & O_ACCMODE, fcntl(node, F_GETFL) & O_ACCMODE);
        close(buffer);
        close(node);
    }
    int node = must(open(path, O_PATH), "O_PATH");
    struct alloc a = {.len = PAGE};
    expect_errno("ALLOC on a node opened O_PATH", EBADF, alloc_errno(node, &a));
    close(node);
    node = must(dup(heap), "dup");
    int buffer = allocate(node, PAGE);
    check(buffer >= 0, "ALLOC on a dup of the node", "expected a buffer got %s", strerror(errno));
    close(buffer);
    close(node);
}

static void flags_are_those_asked_for(void)
{
    for (unsigned access = O_RDONLY; access <= O_ACCMODE; access++) {
        for (int cloexec = 0; cloexec <= 1; cloexec++) {
            struct alloc a = {.len = PAGE, .fd_flags = access | (cloexec ? O_CLOEXEC : 0)};
            char name[64];
            snprintf(name, sizeof name, "fd_flags access mode %u%s", access, cloexec ? "|O_CLOEXEC" : "");
            if (!expect_errno(name, 0, alloc_errno(heap, &a)))
                continue;
            int fd = (int)a.fd;
            expect(name, access, fcntl(fd, F_GETFL) & O_ACCMODE);
            expect(name, cloexec, fcntl(fd, F_GETFD));
            bool reads = access == O_RDONLY || access == O_RDWR;
            void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
            expect_errno(name, reads ? 0 : EACCES, p == MAP_FAILED ? errno : 0);
            p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            expect_errno(name, access == O_RDWR ? 0 : EACCES, p == MAP_FAILED ? errno : 0);
            close(fd);
        }
    }
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static void sizes(void)
{
    static const uint64_t lengths[] = {1, 4095, 4096, 4097, 65536, 65537, 1 << 20, (2 << 20) - 1, (2 << 20) + 1, 16 << 20};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint64_t aligned = (lengths[i] + PAGE - 1) / PAGE * PAGE;
        char name[64];
        snprintf(name, sizeof name, "ALLOC of %llu bytes", (unsigned long long)lengths[i]);
        for (int round = 0; round < 2; round++) { /* the second might get the first one's pages */
            struct alloc a = {.len = lengths[i], .fd_flags = O_RDWR | O_CLOEXEC};
            int lowest = dup(heap);
            close(lowest);
            if (!expect_errno(name, 0, alloc_errno(heap, &a)))
                break;
            struct stat s;
            expect(name, lowest, a.fd); /* the lowest free one, as from any call */
            expect(name, lengths[i], a.len);
            expect(name, 0, a.heap_flags);
            expect(name, O_RDWR | O_CLOEXEC, a.fd_flags);
            expect(name, aligned, lseek((int)a.fd, 0, SEEK_END));
            expect(name, 0, lseek((int)a.fd, 0, SEEK_SET));
            expect(name, aligned, fstat((int)a.fd, &s) < 0 ? -1 : s.st_size);
            unsigned char *memory = mmap(NULL, aligned, PROT_READ | PROT_WRITE, MAP_SHARED, (int)a.fd, 0);
            if (check(memory != MAP_FAILED, name, "expected a mapping got %s", strerror(errno))) {
                check(is_zero(memory, aligned), name, "expected zeroed memory got something else");
                memset(memory, 0xA5, aligned);
                munmap(memory, aligned);
            }
            close((int)a.fd);
        }
    }
}

static void refused_values(void)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((1U << bit) & (O_CLOEXEC | O_ACCMODE))
            continue;
        char name[64];
        snprintf(name, sizeof name, "fd_flags %#x", 1U << bit);
        refuses_value(name, EINVAL, (struct alloc){.len = PAGE, .fd_flags = 1U << bit | O_RDWR});
    }
    for (unsigned bit = 0; bit < 64; bit += 9) {
        char name[64];
        snprintf(name, sizeof name, "heap_flags 1<<%u", bit);
        refuses_value(name, EINVAL, (struct alloc){.len = PAGE, .heap_flags = 1ULL << bit});
    }
    refuses_value("fd 1", EINVAL, (struct alloc){.len = PAGE, .fd = 1});
    refuses_value("fd -1", EINVAL, (struct alloc){.len = PAGE, .fd = UINT32_MAX});
    refuses_value("len 0", EINVAL, (struct alloc){.len = 0});
    refuses_value("len 2^64-1 wraps to 0", EINVAL, (struct alloc){.len = UINT64_MAX});
    refuses_value("len 2^64-4095 wraps to 0", EINVAL, (struct alloc){.len = UINT64_MAX - 4094});
    refuses_value("len 2^64-4096 does not wrap", ENOMEM, (struct alloc){.len = UINT64_MAX - 4095});
    refuses_value("len 2^63", ENOMEM, (struct alloc){.len = 1ULL << 63});
    refuses_value("len 2^63-1", ENOMEM, (struct alloc){.len = INT64_MAX});
    refuses_value("len 2^40", ENOMEM, (struct alloc){.len = 1ULL << 40});
    refuses_value("fd before the heap's own error", EINVAL, (struct alloc){.len = 1ULL << 40, .fd = 3});
    refuses_value("fd_flags before the heap's own error", EINVAL, (struct alloc){.len = 1ULL << 40, .fd_flags = O_APPEND});
    refuses_value("heap_flags before the heap's own error", EINVAL, (struct alloc){.len = 1ULL << 40, .heap_flags = 1});
}

/* ---- layout: size negotiation and the struct's memory -------------------------------------------------- */

static int newest_descriptor_before; /* what dup would have given before the call */

static int lowest_free(void)
{
    int fd = must(dup(heap), "dup");
    close(fd);
    return fd;
}

/* An ALLOC whose struct has another size or direction. The errno; on success the new descriptor is checked and closed. */
static void negotiated(const char *name, unsigned direction, unsigned size, struct alloc in, int expected, bool learns)
{
    union {
        struct alloc a;
        unsigned char bytes[16384];
    } *u = malloc(sizeof *u);
    static unsigned char before[16384];
    memset(u, 0x5A, sizeof *u); /* what lies behind the struct, or is the tail of a longer one */
    u->a = in;
    memcpy(before, u, sizeof before);
    int descriptors = open_descriptors();
    newest_descriptor_before = lowest_free();
    if (expect_errno(name, expected, ERRNO(ioctl(heap, _IOC(direction, 'H', 0, size), u))) && expected == 0) {
        int fd = learns ? (int)u->a.fd : newest_descriptor_before;
        expect(name, descriptors + 1, open_descriptors());
        expect(name, newest_descriptor_before, fd);
        expect(name, size >= 16 ? (int)(in.fd_flags & O_ACCMODE) : O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE);
        expect(name, size >= 16 && in.fd_flags & O_CLOEXEC ? FD_CLOEXEC : 0, fcntl(fd, F_GETFD));
        expect(name, (long long)(in.len + PAGE - 1) / PAGE * PAGE, lseek(fd, 0, SEEK_END));
        close(fd);
        if (learns)
            u->a.fd = in.fd; /* the one field that may differ */
    }
    expect(name, descriptors, open_descriptors());
    check(memcmp(before, u, sizeof before) == 0, name, "expected nothing written but fd got another byte changed");
    free(u);
}

static void struct_sizes(void)
{
    const struct alloc plain = {.len = PAGE, .fd_flags = O_RDWR | O_CLOEXEC};
    const struct alloc odd = {.len = 5000, .fd = 77, .fd_flags = O_APPEND, .heap_flags = 9};
    const unsigned both = _IOC_READ | _IOC_WRITE;
    negotiated("struct of 24 bytes", both, 24, plain, 0, true);
    negotiated("struct of 25 bytes", both, 25, plain, 0, true);
    negotiated("struct of 32 bytes, whatever its tail holds", both, 32, plain, 0, true);
    negotiated("struct of 128 bytes", both, 128, plain, 0, true);
    negotiated("struct of 129 bytes", both, 129, plain, 0, true);
    negotiated("struct of 4096 bytes", both, 4096, plain, 0, true);
    negotiated("struct of 16383 bytes, the longest", both, 16383, plain, 0, true);
    negotiated("struct of 16 bytes: heap_flags are zero", both, 16, (struct alloc){.len = 5000, .fd_flags = O_RDWR, .heap_flags = 9}, 0, true);
    negotiated("struct of 12 bytes: fd_flags are zero", both, 12, (struct alloc){.len = 5000, .fd_flags = O_APPEND, .heap_flags = 9}, 0, true);
    negotiated("struct of 8 bytes: the fd is never learned", both, 8, odd, 0, false);
    negotiated("struct of 4 bytes: half a len", both, 4, odd, 0, false);
    negotiated("struct of 2 bytes", both, 2, odd, 0, false);
    negotiated("struct of 0 bytes: len is 0", both, 0, plain, EINVAL, false);
    negotiated("without the read bit: the fd is never learned", _IOC_WRITE, 24, plain, 0, false);
    negotiated("without the read bit, 8 bytes", _IOC_WRITE, 8, odd, 0, false);
    negotiated("without the write bit: len is 0", _IOC_READ, 24, plain, EINVAL, false);
    negotiated("without either bit: len is 0", _IOC_NONE, 24, plain, EINVAL, false);
    negotiated("12 bytes: fd is still checked", both, 12, odd, EINVAL, false);
    negotiated("16 bytes: fd_flags are still checked", both, 16, (struct alloc){.len = PAGE, .fd_flags = O_APPEND}, EINVAL, false);
    negotiated("20 bytes: half of heap_flags is still checked", both, 20, (struct alloc){.len = PAGE, .heap_flags = 9}, EINVAL, false);
    negotiated("20 bytes: the other half is zero", both, 20, (struct alloc){.len = PAGE, .heap_flags = 9ULL << 32}, 0, true);
    expect_errno("without either bit the pointer is not looked at", EINVAL, ERRNO(ioctl(heap, _IOC(_IOC_NONE, 'H', 0, 24), 16)));
}

static void unreadable(const char *name, void *where) { expect_errno(name, EFAULT, ERRNO(ioctl(heap, ALLOC, where))); }

static void struct_memory(void)
{
    int descriptors = open_descriptors();
    struct alloc plain = {.len = PAGE, .fd_flags = O_RDWR | O_CLOEXEC};
    unreadable("struct at NULL", NULL);
    unreadable("struct at an odd kernel address", (void *)-4096L);
    unreadable("struct that wraps around", (void *)-8L);
    char *gap = two_pages(-1), *none = two_pages(PROT_NONE), *fixed = two_pages(PROT_READ);
    unreadable("struct on an unmapped page", gap + PAGE);
    unreadable("struct on a PROT_NONE page", none + PAGE);
    for (int inside = 1; inside < 24; inside += 1) {
        char name[80];
        snprintf(name, sizeof name, "struct with %d bytes before an unmapped page", inside);
        memcpy(gap + PAGE - inside, &plain, (size_t)inside);
        unreadable(name, gap + PAGE - inside);
    }
    memcpy(gap + PAGE - 24, &plain, 24);
    expect_errno("struct that ends where its page does", 0, ERRNO(ioctl(heap, ALLOC, gap + PAGE - 24)));
    close((int)((struct alloc *)(gap + PAGE - 24))->fd);
    memcpy(gap + PAGE - 24, &plain, 24);
    expect_errno("longer struct whose tail is unmapped", EFAULT, ERRNO(ioctl(heap, _IOWR('H', 0, char[32]), gap + PAGE - 24)));
    memcpy(gap + PAGE - 12, &plain, 12);
    expect_errno("shorter struct before an unmapped page", 0, ERRNO(ioctl(heap, _IOWR('H', 0, char[12]), gap + PAGE - 12)));
    uint32_t fd;
    memcpy(&fd, gap + PAGE - 4, sizeof fd);
    close((int)fd);
    struct alloc *untouched = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect_errno("struct in memory never touched: len is 0", EINVAL, ERRNO(ioctl(heap, ALLOC, untouched)));
    int file = must(memfd_create("short", MFD_CLOEXEC), "memfd_create");
    char *beyond = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    unreadable("struct behind the end of a mapped file", beyond);

    /* Readable, not writable: the result cannot be told, so there is none. */
    for (int inside = 0; inside < 24; inside += 4) {
        char name[80];
        snprintf(name, sizeof name, "result with %d bytes before a read-only page", inside);
        mprotect(fixed + PAGE, PAGE, PROT_READ | PROT_WRITE);
        memcpy(fixed + PAGE - inside, &plain, sizeof plain);
        mprotect(fixed + PAGE, PAGE, PROT_READ);
        unreadable(name, fixed + PAGE - inside);
        expect(name, descriptors, open_descriptors());
    }
    struct alloc *readonly = (struct alloc *)(fixed + PAGE);
    mprotect(fixed + PAGE, PAGE, PROT_READ | PROT_WRITE);
    *readonly = plain;
    mprotect(fixed + PAGE, PAGE, PROT_READ);
    int lowest = lowest_free();
    expect_errno("read-only struct without the read bit", 0, ERRNO(ioctl(heap, _IOW('H', 0, struct alloc), readonly)));
    expect_errno("and its descriptor is there", 0, ERRNO(close(lowest)));
    mprotect(fixed + PAGE, PAGE, PROT_READ | PROT_WRITE);
    readonly->len = 1ULL << 40;
    mprotect(fixed + PAGE, PAGE, PROT_READ);
    expect_errno("the heap's own error before an unwritable result", ENOMEM, ERRNO(ioctl(heap, ALLOC, readonly)));
    mprotect(fixed + PAGE, PAGE, PROT_READ | PROT_WRITE);
    readonly->fd = 1;
    mprotect(fixed + PAGE, PAGE, PROT_READ);
    expect_errno("a wrong field before an unwritable result", EINVAL, ERRNO(ioctl(heap, ALLOC, readonly)));
    int mine = must(open("/proc/self/exe", O_RDONLY), "/proc/self/exe");
    void *text = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mine, 0);
    close(mine);
    expect_errno("a struct in a mapped read-only file, whose len is no size", ENOMEM, ERRNO(ioctl(heap, _IOWR('H', 0, char[8]), text)));
    expect("no descriptor is left by any of these", descriptors, open_descriptors());
    munmap(gap, PAGE);
    munmap(none, 2 * PAGE);
    munmap(fixed, 2 * PAGE);
    munmap(beyond, PAGE);
    munmap(text, PAGE);
}

/* ---- limits: no descriptor free ------------------------------------------------------------------------ */

static void limits(void)
{
    struct rlimit before, tight;
    getrlimit(RLIMIT_NOFILE, &before);
    struct alloc a = {.len = PAGE}, huge = {.len = 1ULL << 40}, wrong = {.len = PAGE, .fd = 3};
    char *fixed = two_pages(PROT_READ);
    mprotect(fixed + PAGE, PAGE, PROT_READ | PROT_WRITE);
    memcpy(fixed + PAGE, &a, sizeof a);
    mprotect(fixed + PAGE, PAGE, PROT_READ);
    tight = (struct rlimit){.rlim_cur = (rlim_t)lowest_free(), .rlim_max = before.rlim_max};
    must(setrlimit(RLIMIT_NOFILE, &tight), "setrlimit");
    int full = alloc_errno(heap, &a), no_memory = alloc_errno(heap, &huge), bad = alloc_errno(heap, &wrong);
    int unwritable = ERRNO(ioctl(heap, ALLOC, fixed + PAGE));
    must(setrlimit(RLIMIT_NOFILE, &before), "setrlimit");
    expect_errno("no free descriptor", EMFILE, full);
    expect("and fd is not written", 0, a.fd);
    expect_errno("the heap's own error before EMFILE", ENOMEM, no_memory);
    expect_errno("a wrong field before EMFILE", EINVAL, bad);
    expect_errno("EMFILE before an unwritable result", EMFILE, unwritable);
    expect_errno("and with a free descriptor again", 0, alloc_errno(heap, &a));
    close((int)a.fd);
    munmap(fixed, 2 * PAGE);
}

/* ---- buffer: SYNC, names, sync files --------------------------------------------------------------------- */

static int sync_errno(int fd, uint64_t flags) { return ERRNO(ioctl(fd, SYNC, &flags)); }

static void sync_rules(void)
{
    for (unsigned access = O_RDONLY; access <= O_ACCMODE; access++) {
        struct alloc a = {.len = PAGE, .fd_flags = access | O_CLOEXEC};
        char name[64];
        snprintf(name, sizeof name, "SYNC on a descriptor of access mode %u", access);
        if (!expect_errno(name, 0, alloc_errno(heap, &a)))
            continue;
        for (uint64_t flags = 0; flags <= 7; flags++)
            expect_errno(name, flags & (SYNC_READ | SYNC_WRITE) ? 0 : EINVAL, sync_errno((int)a.fd, flags));
        close((int)a.fd);
    }
    int fd = must(allocate(heap, PAGE), "ALLOC");
    for (unsigned bit = 3; bit < 64; bit++) {
        char name[64];
        snprintf(name, sizeof name, "SYNC with bit %u", bit);
        expect_errno(name, EINVAL, sync_errno(fd, 1ULL << bit | SYNC_READ));
    }
    expect_errno("END alone, never begun", 0, sync_errno(fd, SYNC_END | SYNC_WRITE));
    expect_errno("SYNC at NULL", EFAULT, ERRNO(ioctl(fd, SYNC, NULL)));
    char *gap = two_pages(-1), *fixed = two_pages(PROT_READ);
    expect_errno("SYNC with flags on an unmapped page", EFAULT, ERRNO(ioctl(fd, SYNC, gap + PAGE)));
    gap[PAGE - 4] = 1;
    expect_errno("SYNC with flags that straddle an unmapped page", EFAULT, ERRNO(ioctl(fd, SYNC, gap + PAGE - 4)));
    mprotect(fixed + PAGE, PAGE, PROT_READ | PROT_WRITE);
    fixed[PAGE] = 3;
    mprotect(fixed + PAGE, PAGE, PROT_READ);
    expect_errno("SYNC with flags on a read-only page", 0, ERRNO(ioctl(fd, SYNC, fixed + PAGE)));
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int other = dup(fd), path = open(link, O_PATH);
    expect_errno("SYNC on a dup", 0, sync_errno(other, SYNC_READ));
    expect_errno("SYNC on an O_PATH descriptor of the buffer", EBADF, sync_errno(path, SYNC_READ));
    close(other);
    close(path);
    close(fd);
    expect_errno("SYNC on a closed descriptor", EBADF, sync_errno(fd, SYNC_READ));
    munmap(gap, PAGE);
    munmap(fixed, 2 * PAGE);
}

static void names(void)
{
    static const unsigned long commands[] = {SET_NAME_A, SET_NAME_B};
    struct alloc a = {.len = PAGE, .fd_flags = O_RDONLY | O_CLOEXEC};
    must(ioctl(heap, ALLOC, &a), "ALLOC");
    int fd = (int)a.fd;
    char *gap = two_pages(-1);
    for (int i = 0; i < 2; i++) {
        const char *which = i ? "SET_NAME_B" : "SET_NAME_A";
        char name[96];
#define NAMED(what, expected, pointer) \
    snprintf(name, sizeof name, "%s: %s", which, what); \
    expect_errno(name, expected, ERRNO(ioctl(fd, commands[i], pointer)))
        NAMED("a name, on a read-only descriptor", 0, "frame");
        NAMED("another name", 0, "frame 2");
        NAMED("an empty name", 0, "");
        NAMED("31 characters", 0, "0123456789012345678901234567890");
        NAMED("32 characters", EINVAL, "01234567890123456789012345678901");
        NAMED("a long name", EINVAL, "0123456789012345678901234567890123456789012345678901234567890123456789");
        NAMED("bytes that are no text", 0, "\xff\xfe\x01");
        NAMED("NULL", EFAULT, NULL);
        NAMED("an unmapped page", EFAULT, gap + PAGE);
        memset(gap, 'x', PAGE);
        NAMED("31 characters, then an unmapped page", EFAULT, gap + PAGE - 31);
        NAMED("32 characters, then an unmapped page", EINVAL, gap + PAGE - 32);
        gap[PAGE - 1] = 0;
        NAMED("a name that ends where its page does", 0, gap + PAGE - 6);
#undef NAMED
    }
    close(fd);
    munmap(gap, PAGE);
}

/* Where the kernel has no sync files, ENOTTY is the answer to all. */
static void refuses_sync_file(const char *name, int expected, int got)
{
    if (got != ENOTTY)
        expect_errno(name, expected, got);
}

static void sync_files(void)
{
    int fd = must(allocate(heap, PAGE), "ALLOC"), descriptors = open_descriptors();
    struct sync_file ask = {.flags = SYNC_READ, .fd = -1}, none = {.fd = -1}, wrong = {.flags = 8 | SYNC_READ, .fd = -1}, not_one = {SYNC_READ, fd};
    int got = ERRNO(ioctl(fd, EXPORT_SYNC_FILE, &ask));
    check(got == 0 || got == ENOTTY, "EXPORT_SYNC_FILE", "expected success or ENOTTY got %s", strerror(got));
    if (got == 0)
        expect_errno("EXPORT_SYNC_FILE gives a descriptor", 0, ERRNO(close(ask.fd)));
    refuses_sync_file("EXPORT_SYNC_FILE without flags", EINVAL, ERRNO(ioctl(fd, EXPORT_SYNC_FILE, &none)));
    refuses_sync_file("EXPORT_SYNC_FILE with an unknown flag", EINVAL, ERRNO(ioctl(fd, EXPORT_SYNC_FILE, &wrong)));
    refuses_sync_file("EXPORT_SYNC_FILE at NULL", EFAULT, ERRNO(ioctl(fd, EXPORT_SYNC_FILE, NULL)));
    refuses_sync_file("IMPORT_SYNC_FILE of no sync file", EINVAL, ERRNO(ioctl(fd, IMPORT_SYNC_FILE, &not_one)));
    refuses_sync_file("IMPORT_SYNC_FILE at NULL", EFAULT, ERRNO(ioctl(fd, IMPORT_SYNC_FILE, NULL)));
    expect("descriptors left by sync files", descriptors, open_descriptors());
    close(fd);
}

/* ---- numbers: commands that are none ---------------------------------------------------------------------- */

#define UDMABUF_CREATE _IOW('u', 0x42, uint64_t[3])

static void numbers(void)
{
    uint64_t words[4] = {PAGE, 0, 0, 0};
    for (unsigned nr = 1; nr < 256; nr += nr < 8 ? 1 : 31) {
        char name[64];
        snprintf(name, sizeof name, "'H' %u on a heap", nr);
        expect_errno(name, EINVAL, ERRNO(ioctl(heap, _IOWR('H', nr, struct alloc), words)));
        snprintf(name, sizeof name, "'b' %u on a heap", nr);
        expect_errno(name, EINVAL, ERRNO(ioctl(heap, _IOW('b', nr, uint64_t), words)));
    }
    expect_errno("UDMABUF_CREATE on a heap", EINVAL, ERRNO(ioctl(heap, UDMABUF_CREATE, words)));
    expect_errno("'H' 1 on a heap, at NULL: the number comes first", EINVAL, ERRNO(ioctl(heap, _IOWR('H', 1, struct alloc), NULL)));
    int lowest = lowest_free();
    expect_errno("'b' 0 on a heap is an ALLOC of 8 bytes", 0, ERRNO(ioctl(heap, SYNC, words)));
    expect("whose buffer is there", PAGE, lseek(lowest, 0, SEEK_END));
    close(lowest);
#if __SIZEOF_LONG__ == 8
    struct alloc a = {.len = PAGE}, b = a;
    expect_errno("a command's upper half is not looked at", 0, ERRNO(syscall(SYS_ioctl, heap, 0xDEADBEEF00000000UL | ALLOC, &a)));
    close((int)a.fd);
    expect_errno("a descriptor's upper half is not looked at", 0, ERRNO(syscall(SYS_ioctl, 0x100000000UL | (unsigned long)heap, ALLOC, &b)));
    close((int)b.fd);
#endif

    int fd = must(allocate(heap, PAGE), "ALLOC");
    expect_errno("ALLOC on a buffer", ENOTTY, ERRNO(ioctl(fd, ALLOC, words)));
    expect_errno("SYNC of 4 bytes", ENOTTY, ERRNO(ioctl(fd, _IOW('b', 0, uint32_t), words)));
    expect_errno("SYNC of 16 bytes", ENOTTY, ERRNO(ioctl(fd, _IOW('b', 0, char[16]), words)));
    expect_errno("SYNC with the read bit", ENOTTY, ERRNO(ioctl(fd, _IOWR('b', 0, uint64_t), words)));
    expect_errno("SYNC without the write bit", ENOTTY, ERRNO(ioctl(fd, _IOR('b', 0, uint64_t), words)));
    expect_errno("SYNC without size", ENOTTY, ERRNO(ioctl(fd, _IO('b', 0), words)));
    expect_errno("SET_NAME of 2 bytes", ENOTTY, ERRNO(ioctl(fd, _IOW('b', 1, uint16_t), "name")));
    for (unsigned nr = 4; nr < 256; nr += nr < 8 ? 1 : 31) {
        char name[64];
        snprintf(name, sizeof name, "'b' %u on a buffer", nr);
        expect_errno(name, ENOTTY, ERRNO(ioctl(fd, _IOW('b', nr, uint64_t), words)));
        snprintf(name, sizeof name, "'b' %u on a buffer, at NULL", nr);
        expect_errno(name, ENOTTY, ERRNO(ioctl(fd, _IOW('b', nr, uint64_t), NULL)));
    }
    expect_errno("UDMABUF_CREATE on a buffer", ENOTTY, ERRNO(ioctl(fd, UDMABUF_CREATE, words)));
    expect_errno("TCGETS on a buffer", ENOTTY, ERRNO(ioctl(fd, 0x5401, words)));
    close(fd);
    expect_errno("ALLOC on a closed descriptor", EBADF, ERRNO(ioctl(fd, ALLOC, words)));
    expect_errno("ALLOC on -1", EBADF, ERRNO(ioctl(-1, ALLOC, words)));
    expect_errno("ALLOC on a device that is no heap", ENOTTY, ERRNO(ioctl(must(open("/dev/null", O_RDWR), "/dev/null"), ALLOC, words)));
    expect_errno("ALLOC on the heaps' directory", ENOTTY, ERRNO(ioctl(must(open("/dev/dma_heap", O_RDONLY), "/dev/dma_heap"), ALLOC, words)));
}

/* ---- others: descriptors of the program's own --------------------------------------------------------------- */

static void ask(const char *name, int fd)
{
    static const struct { const char *name; unsigned long command; } commands[] = {
        {"ALLOC", ALLOC}, {"SYNC", SYNC}, {"SET_NAME_A", SET_NAME_A}, {"SET_NAME_B", SET_NAME_B}, {"EXPORT", EXPORT_SYNC_FILE},
        {"H1", _IOR('H', 1, int)}, {"H255", _IO('H', 255)}, {"b9", _IOWR('b', 9, int)}, {"HIDIOCGRAWINFO", _IOR('H', 3, char[8])},
        {"TCGETS", 0x5401}, {"FIONREAD", 0x541B}, {"UDMABUF_CREATE", UDMABUF_CREATE}, {"u1", _IOR('u', 1, int)},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        uint64_t words[16] = {PAGE};
        printf("%s %s %d", name, commands[i].name, ERRNO(ioctl(fd, commands[i].command, words)));
        printf(" at NULL %d\n", ERRNO(ioctl(fd, commands[i].command, NULL)));
    }
}

static void others(void)
{
    int master, slave, pipes[2], sockets[2];
    must(openpty(&master, &slave, NULL, NULL, NULL), "openpty");
    must(pipe(pipes), "pipe");
    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), "socketpair");
    int memory = memfd_create("mine", MFD_ALLOW_SEALING);
    must(ftruncate(memory, PAGE), "ftruncate");
    ask("terminal-master", master);
    ask("terminal", slave);
    ask("pipe", pipes[0]);
    ask("unix-socket", sockets[0]);
    ask("inet-socket", socket(AF_INET, SOCK_DGRAM, 0));
    ask("epoll", epoll_create1(0));
    ask("eventfd", eventfd(0, 0));
    ask("own-memfd", memory);
    ask("null", open("/dev/null", O_RDWR));
    ask("zero", open("/dev/zero", O_RDWR));
    ask("file", open("/proc/self/exe", O_RDONLY));
    ask("proc", open("/proc/self/stat", O_RDONLY));
    ask("directory", open("/", O_RDONLY));
    ask("path-only", open("/", O_PATH));
    ask("closed", 999);
    ask("negative", -1);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(void); } parts[] = {
        {"alloc", node_modes}, {"alloc", flags_are_those_asked_for}, {"alloc", sizes}, {"alloc", refused_values},
        {"layout", struct_sizes}, {"layout", struct_memory}, {"limits", limits},
        {"buffer", sync_rules}, {"buffer", names}, {"buffer", sync_files}, {"numbers", numbers},
    };
    if (argc == 2 && strcmp(argv[1], "others") == 0) {
        others();
        return 0;
    }
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
