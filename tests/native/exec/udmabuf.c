/*
 * /dev/udmabuf, where the kernel has none: buffers of a program's own memfds, with the kernel's answers but for what a
 * descriptor cannot stand for.
 *
 *     udmabuf
 *     udmabuf strict   under --strict: the memfd itself stays one
 */
#define _GNU_SOURCE
#include "check.h"

#include <sys/resource.h>
#include <sys/stat.h>

struct create {
    uint32_t memfd, flags;
    uint64_t offset, size;
};

#define CREATE _IOW('u', 0x42, struct create)
#define CREATE_LIST _IOW('u', 0x43, uint64_t)

enum { PAGE = 4096, LENGTH = 4 * PAGE, CLOSE_ON_EXEC = 1 };

static int device;

static int make_memfd(off_t length, int seals)
{
    int fd = must(memfd_create("mine", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create");
    must(ftruncate(fd, length), "ftruncate");
    must(fcntl(fd, F_ADD_SEALS, seals), "F_ADD_SEALS");
    return fd;
}

static int create(int memfd, uint64_t offset, uint64_t size, uint32_t flags)
{
    struct create c = {.memfd = (uint32_t)memfd, .flags = flags, .offset = offset, .size = size};
    return ioctl(device, CREATE, &c);
}

static int create_errno(int memfd, uint64_t offset, uint64_t size)
{
    int before = open_descriptors(), fd = create(memfd, offset, size, CLOSE_ON_EXEC), error = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    expect("descriptors afterwards", before, open_descriptors());
    return error;
}

static char *map(int fd)
{
    char *p = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(p == MAP_FAILED ? -1 : 0, "mmap");
    return p;
}

static void a_buffer(bool strict)
{
    uint64_t flags = SYNC_READ | SYNC_WRITE, wrong = 8;
    int memfd = make_memfd(LENGTH, F_SEAL_SHRINK), other = make_memfd(LENGTH, F_SEAL_SHRINK);
    strcpy(map(memfd), "from the program");
    int fd = must(create(memfd, 0, LENGTH, CLOSE_ON_EXEC), "UDMABUF_CREATE");
    check(fd != memfd, "a descriptor of its own", "expected another than %d", memfd);
    expect("closed by exec", FD_CLOEXEC, fcntl(fd, F_GETFD));
    expect("for reading and writing", O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
    expect("its size", LENGTH, lseek(fd, 0, SEEK_END));
    char *bytes = map(fd);
    expect("its memory is the memfd's", 0, strcmp(bytes, "from the program"));
    strcpy(bytes, "from the buffer");
    expect("and the memfd's is its", 0, strcmp(map(memfd), "from the buffer"));
    expect_errno("SYNC", 0, ERRNO(ioctl(fd, SYNC, &flags)));
    expect_errno("SYNC with a flag there is not", EINVAL, ERRNO(ioctl(fd, SYNC, &wrong)));
    expect_errno("SET_NAME", 0, ERRNO(ioctl(fd, SET_NAME_B, "frame")));
    expect_errno("SET_NAME of 32 characters", EINVAL, ERRNO(ioctl(fd, SET_NAME_B, "0123456789abcdef0123456789abcdef")));
    expect_errno("SYNC on the memfd, which is the same file", 0, ERRNO(ioctl(memfd, SYNC, &flags)));
    struct stat s;
    expect("a regular file", S_IFREG, fstat(fd, &s) < 0 ? -1 : (long long)(s.st_mode & S_IFMT));
    expect("that can be read", 1, pread(fd, (char[1]){0}, 1, 0));
    expect_errno("SYNC on a memfd that no buffer was made of", ENOTTY, ERRNO(ioctl(other, SYNC, &flags)));
    int open_on_exec = create(memfd, 0, LENGTH, 0);
    expect("without the flag not closed by exec", 0, fcntl(open_on_exec, F_GETFD));
    char byte = 'x';
    if (strict) {
        expect("pwrite to the memfd", 1, pwrite(memfd, &byte, 1, 0));
        expect("lseek in the memfd", PAGE, lseek(memfd, PAGE, SEEK_SET));
        expect("write to the memfd", 1, write(memfd, &byte, 1));
    }
    close(memfd);
    expect_errno("SYNC with the memfd closed", 0, ERRNO(ioctl(fd, SYNC, &flags)));
    close(open_on_exec);
    close(fd);
    close(other);
}

static void refusals(void)
{
    int pipes[2], good = make_memfd(LENGTH, F_SEAL_SHRINK), heap = open_heap(), buffer = allocate(heap, PAGE);
    must(pipe(pipes), "pipe");
    expect_errno("no descriptor", EBADF, create_errno(-1, 0, PAGE));
    expect_errno("a pipe", EBADF, create_errno(pipes[0], 0, PAGE));
    expect_errno("the device itself", EBADF, create_errno(device, 0, PAGE));
    expect_errno("a dma-buf", EBADF, create_errno(buffer, 0, PAGE));
    expect_errno("not sealed against shrinking", EINVAL, create_errno(make_memfd(LENGTH, 0), 0, LENGTH));
    expect_errno("sealed against writing", EINVAL, create_errno(make_memfd(LENGTH, F_SEAL_SHRINK | F_SEAL_WRITE), 0, LENGTH));
    expect_errno("an offset inside a page", EINVAL, create_errno(good, 1, PAGE));
    expect_errno("a size of no whole pages", EINVAL, create_errno(good, 0, PAGE + 1));
    expect_errno("no size", EINVAL, create_errno(good, 0, 0));
    expect_errno("a size that is too large", EINVAL, create_errno(good, 0, 1ULL << 40));
    expect_errno("a range behind the end", EINVAL, create_errno(good, LENGTH, PAGE));
    expect_errno("a range across the end", EINVAL, create_errno(good, PAGE, LENGTH));
    expect_errno("an offset that wraps around", EINVAL, create_errno(good, UINT64_MAX - PAGE + 1, 2 * PAGE));
    expect_errno("an unreadable struct", EFAULT, ERRNO(ioctl(device, CREATE, (void *)8)));
    struct alloc a = {.len = PAGE};
    expect_errno("ALLOC on the device", ENOTTY, alloc_errno(device, &a));
    expect_errno("an unknown command", ENOTTY, ERRNO(ioctl(device, _IO('u', 0x44), 0)));
    expect_errno("UDMABUF_CREATE on a heap's node", EINVAL, ERRNO(ioctl(heap, CREATE, &a)));
    expect_errno("a part", ENOTTY, create_errno(good, 0, PAGE));
    expect_errno("another part", ENOTTY, create_errno(good, PAGE, LENGTH - PAGE));
    struct { uint32_t flags, count; } list = {0, 0};
    expect_errno("UDMABUF_CREATE_LIST", ENOTTY, ERRNO(ioctl(device, CREATE_LIST, &list)));
    int next = must(dup(good), "dup");
    close(next);
    struct rlimit usual, none = {.rlim_cur = (rlim_t)next};
    must(getrlimit(RLIMIT_NOFILE, &usual), "getrlimit");
    none.rlim_max = usual.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &none), "setrlimit");
    int error = create(good, 0, LENGTH, 0) < 0 ? errno : 0;
    must(setrlimit(RLIMIT_NOFILE, &usual), "setrlimit");
    expect_errno("no room for a descriptor", EMFILE, error);
}

static void the_device(void)
{
    struct stat s;
    int dev = must(open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC), "/dev");
    expect_errno("stat", 0, ERRNO(stat("/dev/udmabuf", &s)));
    expect_errno("access", 0, ERRNO(access("/dev/udmabuf", R_OK | W_OK)));
    expect_errno("O_DIRECTORY", ENOTDIR, ERRNO(open("/dev/udmabuf", O_RDONLY | O_DIRECTORY)));
    int relative = openat(dev, "udmabuf", O_RDWR | O_CLOEXEC);
    check(relative >= 0, "opened from /dev", "expected a descriptor got %s", strerror(errno));
    expect_errno("a name like it", ENOENT, ERRNO(open("/dev/udmabuf0", O_RDWR)));
    close(relative);
    close(dev);
}

int main(int argc, char **argv)
{
    bool strict = argc > 1 && strcmp(argv[1], "strict") == 0;
    device = must(open("/dev/udmabuf", O_RDWR | O_CLOEXEC), "/dev/udmabuf");
    the_device();
    a_buffer(strict);
    refusals();
    return verdict();
}
