/*
 * What a program can see that is not as with a real kernel: prints "NAME VALUE", one line for each thing tried. NAME is
 * the line's in docs/kernel-differences.md, or that, a slash and a detail. VALUE is the errno's name, or what the call
 * returned.
 *
 *     differences [REGION SECURE]   heaps whose buffers are in one piece, and cannot be mapped
 *
 * HEAP in the environment names the heap for all else; default system.
 */
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>

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
    show("node-file/mmap", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, heap, 0) == MAP_FAILED ? -1 : 0);
    show("node-file/ftruncate", ftruncate(heap, 0));
    show("node-file/fallocate", fallocate(heap, 0, 0, PAGE));
    printf("node-file/fstat %s\n", fstat(heap, &s) < 0 ? "?" : kind(s.st_mode));
    printf("node-device %s\n", s.st_rdev == makedev(1, 3) ? "null's" : s.st_rdev ? "own" : "none");
    show("node-ioctl", ioctl(heap, 0x5401, &byte));
    show("node-epoll", epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, heap, &(struct epoll_event){.events = EPOLLIN}));
    int found = 0;
    DIR *directory = opendir("/dev");
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        found |= strcmp(entry->d_name, "dma_heap") == 0;
    show("dev-listing", found);
    int here = must(open(".", O_PATH | O_CLOEXEC), ".");
    show("chdir", chdir("/dev/dma_heap"));
    must(fchdir(here), "fchdir");
    close(here);
    show("other-paths/inotify_add_watch", inotify_add_watch(must(inotify_init1(IN_CLOEXEC), "inotify_init1"), "/dev/dma_heap", IN_CREATE));
    show("other-paths/execve", execl("/dev/dma_heap/system", "system", (char *)NULL));
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

static const char *file_system(int fd)
{
    struct statfs s;
    return fstatfs(fd, &s) < 0 ? "?" : (unsigned)s.f_type == 0x444d4142 ? "dmabuf" : (unsigned)s.f_type == 0x01021994 ? "tmpfs" : "other";
}

/* Ways for data that go round read and write, or round the descriptor. */
static void by_other_ways(int fd)
{
    char bytes[8] = "";
    int ends[2], out = must(memfd_create("out", MFD_CLOEXEC), "memfd_create");
    struct iovec vector = {bytes, sizeof bytes};
    must(pipe(ends), "pipe");
    must((int)lseek(fd, 0, SEEK_SET), "lseek");
    show("vectors/readv", readv(fd, &vector, 1));
    show("vectors/writev", writev(fd, &vector, 1));
    show("vectors/sendfile", sendfile(out, fd, NULL, sizeof bytes));
    show("vectors/splice", splice(fd, NULL, ends[1], NULL, sizeof bytes, 0));
    char *pages = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(pages == MAP_FAILED ? -1 : 0, "mmap");
    pages[0] = 1;
    struct iovec there = {pages, sizeof bytes};
    show("pages/process_vm_readv", process_vm_readv(getpid(), &vector, 1, &there, 1, 0));
    show("pages/vmsplice", vmsplice(ends[1], &there, 1, 0));
    show("madvise-remove", madvise(pages, PAGE, MADV_REMOVE));
    munmap(pages, LENGTH);
    close(out);
    close(ends[0]);
    close(ends[1]);
}

static void of_buffer(int heap)
{
    char bytes[8] = "", path[32], target[128] = "";
    struct stat s;
    int fd = must(allocate(heap, LENGTH), "ALLOC");
    show("lseek/set-middle", lseek(fd, PAGE, SEEK_SET));
    show("lseek/set-end", lseek(fd, LENGTH, SEEK_SET));
    show("lseek/cur", lseek(fd, 0, SEEK_CUR));
    show("lseek/end-minus", lseek(fd, -1, SEEK_END));
    show("lseek/end", lseek(fd, 0, SEEK_END));
    show("lseek/data", lseek(fd, 0, SEEK_DATA));
    show("lseek/hole", lseek(fd, 0, SEEK_HOLE));
    show("lseek/set-0", lseek(fd, 0, SEEK_SET));
    show("read", read(fd, bytes, sizeof bytes));
    show("write", write(fd, bytes, sizeof bytes));
    show("pread", pread(fd, bytes, sizeof bytes, 0));
    show("pread/pwrite", pwrite(fd, bytes, sizeof bytes, 0));
    show("ftruncate/shrink", ftruncate(fd, PAGE));
    show("ftruncate/grow", ftruncate(fd, 2 * LENGTH));
    show("ftruncate/same", ftruncate(fd, LENGTH));
    show("fallocate", fallocate(fd, 0, 0, LENGTH));
    show("punch-hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    int seals = fcntl(fd, F_GET_SEALS);
    show("get-seals", seals < 0 ? -1 : seals & (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
    show("add-seals", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    show("fsync", fsync(fd));
    show_mapping("mmap-whole", LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    show_mapping("mmap-second-page", PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    show_mapping("mmap-end/longer", LENGTH + PAGE, PROT_READ, MAP_SHARED, fd, 0);
    show_mapping("mmap-end/behind", PAGE, PROT_READ, MAP_SHARED, fd, LENGTH);
    show_mapping("mmap-private", LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    show_mapping("mmap-executable", LENGTH, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};
    int ready = poll(&wait, 1, 0);
    show("poll", ready < 0 ? -1 : wait.revents);
    show("epoll", epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN}));
    printf("fstat %s\n", fstat(fd, &s) < 0 ? "?" : kind(s.st_mode));
    printf("fstat/mode %o\n", s.st_mode & 07777);
    show("fstat/size", s.st_size);
    show("fstat/links", (long long)s.st_nlink);
    printf("fstatfs %s\n", file_system(fd));
    by_other_ways(fd);
    must(ioctl(fd, SET_NAME_B, "frame"), "SET_NAME");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool linked = readlink(path, target, sizeof target - 1) > 0;
    printf("proc-link %s\n", !linked ? "?" : strncmp(target, "/memfd:", 7) == 0 ? "/memfd:" : target);
    show("reopen", open(path, O_RDWR | O_CLOEXEC) < 0 ? -1 : 0);
    show("fdinfo/size", fdinfo_lines(fd, "size:"));
    show("fdinfo/count", fdinfo_lines(fd, "count:"));
    show("fdinfo/exp_name", fdinfo_lines(fd, "exp_name:"));
    show("fdinfo/name", fdinfo_lines(fd, "name:"));
    int leased = must(allocate(heap, LENGTH), "ALLOC");
    show("lease", fcntl(leased, F_SETLEASE, F_WRLCK));
    close(leased);
    close(fd);
    struct alloc readonly = {.len = LENGTH, .fd_flags = O_RDONLY | O_CLOEXEC};
    must(ioctl(heap, ALLOC, &readonly), "ALLOC");
    snprintf(path, sizeof path, "/proc/self/fd/%u", readonly.fd);
    show("reopen/read-only", open(path, O_RDWR | O_CLOEXEC) < 0 ? -1 : 0);
    show("write/read-only", write((int)readonly.fd, bytes, sizeof bytes));
    show_mapping("mmap-private/read-only", LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, (int)readonly.fd, 0);
    show("ftruncate/read-only", ftruncate((int)readonly.fd, PAGE));
    struct alloc writeonly = {.len = LENGTH, .fd_flags = O_WRONLY | O_CLOEXEC};
    must(ioctl(heap, ALLOC, &writeonly), "ALLOC");
    show("read/write-only", read((int)writeonly.fd, bytes, sizeof bytes));
    show("write/write-only", write((int)writeonly.fd, bytes, sizeof bytes));
}

/* Of a buffer of another heap; "unavailable" where that cannot serve here. */
static void show_mapping_of(const char *name, const char *heap, int protection, int flags)
{
    char path[256];
    snprintf(path, sizeof path, "/dev/dma_heap/%s", heap);
    int node = must(open(path, O_RDWR | O_CLOEXEC), path), fd = allocate(node, LENGTH);
    if (fd < 0 && errno == ENODEV)
        printf("%s unavailable\n", name);
    else
        show_mapping(name, LENGTH, protection, flags, must(fd, "ALLOC"), 0);
    close(fd);
    close(node);
}

int main(int argc, char **argv)
{
    int heap = open_heap();
    of_node(heap);
    of_buffer(heap);
    if (argc == 3) {
        show_mapping_of("mmap-private-one-piece", argv[1], PROT_READ | PROT_WRITE, MAP_PRIVATE);
        show_mapping_of("mmap-secure", argv[2], PROT_READ, MAP_SHARED);
    }
    return 0;
}
