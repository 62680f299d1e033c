/*
 * What a program can see that is not as with a real kernel: prints "NAME VALUE", one line for each thing tried, in the
 * order of docs/kernel-differences.md. VALUE is the errno's name, or what the call returned.
 *
 * HEAP in the environment names the heap; default system.
 */
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>

enum { PAGE = 4096, LENGTH = 2 * PAGE };

static void show(const char *name, long long result)
{
    static const struct { int number; const char *name; } errors[] = {
        {EINVAL, "EINVAL"}, {ENOTTY, "ENOTTY"}, {EBADF, "EBADF"}, {EACCES, "EACCES"}, {EPERM, "EPERM"}, {ENODEV, "ENODEV"}, {ENXIO, "ENXIO"},
        {ESPIPE, "ESPIPE"}, {EOPNOTSUPP, "EOPNOTSUPP"}, {EISDIR, "EISDIR"}, {EFAULT, "EFAULT"}, {ENOENT, "ENOENT"}, {ENOSYS, "ENOSYS"},
        {EBUSY, "EBUSY"}, {EAGAIN, "EAGAIN"},
    };
    int error = errno;
    if (result >= 0) {
        printf("%s %lld\n", name, result);
        return;
    }
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == error) {
            printf("%s %s\n", name, errors[i].name);
            return;
        }
    printf("%s errno-%d\n", name, error);
}

static void show_mapping(const char *name, size_t length, int protection, int flags, int fd, off_t offset)
{
    void *p = mmap(NULL, length, protection, flags, fd, offset);
    show(name, p == MAP_FAILED ? -1 : 0);
    if (p != MAP_FAILED)
        munmap(p, length);
}

static const char *kind(mode_t mode)
{
    return S_ISCHR(mode) ? "character" : S_ISREG(mode) ? "regular" : "other";
}

static void of_node(int heap)
{
    char byte = 0;
    struct stat s;
    show("node-read", read(heap, &byte, 1));
    show("node-write", write(heap, "", 1));
    show("node-lseek", lseek(heap, 0, SEEK_SET));
    show("node-mmap", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, heap, 0) == MAP_FAILED ? -1 : 0);
    show("node-ftruncate", ftruncate(heap, 0));
    show("node-fallocate", fallocate(heap, 0, 0, PAGE));
    printf("node-fstat %s\n", fstat(heap, &s) < 0 ? "?" : kind(s.st_mode));
    printf("node-rdev %s\n", s.st_rdev ? "set" : "0");
    show("node-ioctl-TCGETS", ioctl(heap, 0x5401, &byte));
    show("node-epoll", epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, heap, &(struct epoll_event){.events = EPOLLIN}));
    int found = 0;
    DIR *directory = opendir("/dev");
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        found |= strcmp(entry->d_name, "dma_heap") == 0;
    show("dev-lists-dma_heap", found);
}

/* The number of lines of the descriptor's fdinfo that start so. */
static int fdinfo_lines(int fd, const char *start)
{
    char path[40], line[256];
    int found = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        found += strncmp(line, start, strlen(start)) == 0;
    if (file)
        fclose(file);
    return found;
}

static void of_buffer(int heap)
{
    char bytes[8] = "", path[32], target[128] = "";
    struct stat s;
    int fd = must(allocate(heap, LENGTH), "ALLOC");
    show("lseek-set-middle", lseek(fd, PAGE, SEEK_SET));
    show("lseek-set-end", lseek(fd, LENGTH, SEEK_SET));
    show("lseek-cur", lseek(fd, 0, SEEK_CUR));
    show("lseek-end-minus", lseek(fd, -1, SEEK_END));
    show("lseek-end", lseek(fd, 0, SEEK_END));
    show("lseek-data", lseek(fd, 0, SEEK_DATA));
    show("lseek-hole", lseek(fd, 0, SEEK_HOLE));
    show("lseek-set-0", lseek(fd, 0, SEEK_SET));
    show("read", read(fd, bytes, sizeof bytes));
    show("write", write(fd, bytes, sizeof bytes));
    show("pread", pread(fd, bytes, sizeof bytes, 0));
    show("pwrite", pwrite(fd, bytes, sizeof bytes, 0));
    show("ftruncate-shrink", ftruncate(fd, PAGE));
    show("ftruncate-grow", ftruncate(fd, 2 * LENGTH));
    show("ftruncate-same", ftruncate(fd, LENGTH));
    show("fallocate", fallocate(fd, 0, 0, LENGTH));
    show("fallocate-punch-hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    int seals = fcntl(fd, F_GET_SEALS);
    show("get-seals", seals < 0 ? -1 : seals & (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
    show("add-seals", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    show("fsync", fsync(fd));
    show_mapping("mmap-whole", LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    show_mapping("mmap-second-page", PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    show_mapping("mmap-longer", LENGTH + PAGE, PROT_READ, MAP_SHARED, fd, 0);
    show_mapping("mmap-past-the-end", PAGE, PROT_READ, MAP_SHARED, fd, LENGTH);
    show_mapping("mmap-private", LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    show_mapping("mmap-executable", LENGTH, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};
    int ready = poll(&wait, 1, 0);
    show("poll", ready < 0 ? -1 : wait.revents);
    show("epoll", epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN}));
    printf("fstat %s\n", fstat(fd, &s) < 0 ? "?" : kind(s.st_mode));
    printf("fstat-mode %o\n", s.st_mode & 07777);
    show("fstat-size", s.st_size);
    show("fstat-nlink", (long long)s.st_nlink);
    must(ioctl(fd, SET_NAME_B, "frame"), "SET_NAME");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool linked = readlink(path, target, sizeof target - 1) > 0;
    printf("proc-link %s\n", !linked ? "?" : strncmp(target, "/memfd:", 7) == 0 ? "/memfd:" : target);
    show("reopen", open(path, O_RDWR | O_CLOEXEC) < 0 ? -1 : 0);
    show("fdinfo-size", fdinfo_lines(fd, "size:"));
    show("fdinfo-count", fdinfo_lines(fd, "count:"));
    show("fdinfo-exp_name", fdinfo_lines(fd, "exp_name:"));
    show("fdinfo-name", fdinfo_lines(fd, "name:"));
    close(fd);
    struct alloc readonly = {.len = LENGTH, .fd_flags = O_RDONLY | O_CLOEXEC};
    must(ioctl(heap, ALLOC, &readonly), "ALLOC");
    show("read-only-write", write((int)readonly.fd, bytes, sizeof bytes));
    show_mapping("read-only-mmap-private-write", LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)readonly.fd, 0);
    show("read-only-ftruncate", ftruncate((int)readonly.fd, PAGE));
    struct alloc writeonly = {.len = LENGTH, .fd_flags = O_WRONLY | O_CLOEXEC};
    must(ioctl(heap, ALLOC, &writeonly), "ALLOC");
    show("write-only-read", read((int)writeonly.fd, bytes, sizeof bytes));
    show("write-only-write", write((int)writeonly.fd, bytes, sizeof bytes));
}

int main(void)
{
    int heap = open_heap();
    of_node(heap);
    of_buffer(heap);
    return 0;
}
