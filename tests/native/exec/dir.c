/*
 * /dev/dma_heap as a directory: listed, looked at, opened by every way that leads there.
 *
 *     dir list NAME...     the directory lists these and no others
 *     dir paths NAME ALIAS ways of opening and of looking; ALIAS opens, listed or not
 *     dir answered NAME ALIAS
 *                          the same where calls are answered and nothing is mounted: no process can be moved into the
 *                          directory by its path, and one that moved there by a descriptor finds itself elsewhere
 *     dir others           prints "NAME VALUE" for the same calls on other paths: the lines are the same inside and
 *                          outside of exec
 */
#define _GNU_SOURCE
#include "check.h"

#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439 /* the same on every architecture */
#endif

#define DIRECTORY "/dev/dma_heap"

/* ---- list ----------------------------------------------------------------------------------------------------- */

static void list(int count, char **names)
{
    bool seen[64] = {false};
    int dots = 0, others = 0;
    DIR *directory = opendir(DIRECTORY);
    must(directory ? 0 : -1, "opendir");
    for (struct dirent *entry; (entry = readdir(directory));) {
        int i = 0;
        while (i < count && strcmp(names[i], entry->d_name) != 0)
            i++;
        if (i < count) {
            check(!seen[i], names[i], "expected once got twice");
            check(entry->d_type == DT_CHR || entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN, names[i],
                  "expected a node got type %d", entry->d_type);
            int fd = openat(dirfd(directory), entry->d_name, O_RDWR | O_CLOEXEC);
            int buffer = allocate(fd, 4096);
            check(buffer >= 0, names[i], "expected that what is listed allocates got %s", strerror(errno));
            close(buffer);
            close(fd);
            seen[i] = true;
        } else if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            dots++;
        } else {
            printf("FAIL %s: expected not listed got listed\n", entry->d_name);
            others++;
        }
    }
    for (int i = 0; i < count; i++)
        check(seen[i], names[i], "expected listed got nothing");
    expect(". and ..", 2, dots);
    expect("other entries", 0, others);
    rewinddir(directory);
    int again = 0;
    while (readdir(directory))
        again++;
    expect("entries after rewinddir", count + 2, again);
    closedir(directory);
    struct dirent **entries;
    expect("entries by scandir", count + 2, scandir(DIRECTORY, &entries, NULL, alphasort));
}

/* ---- paths ------------------------------------------------------------------------------------------------------ */

static void opens_at(const char *name, int at, const char *path)
{
    int fd = openat(at, path, O_RDWR | O_CLOEXEC);
    int buffer = fd < 0 ? -1 : allocate(fd, 4096);
    check(buffer >= 0, name, "expected a heap at %s got %s", path, strerror(errno));
    close(buffer);
    close(fd);
}

static int open_errno(int at, const char *path, int flags)
{
    int fd = openat(at, path, flags | O_CLOEXEC, 0600);
    int error = ERRNO(fd);
    close(fd);
    return error;
}

static int openat2_errno(int at, const char *path, uint64_t resolve, size_t size)
{
    static union {
        struct open_how how;
        char room[8192]; /* zeros, for a size beyond the struct's */
    } given;
    given.how = (struct open_how){.flags = O_RDWR | O_CLOEXEC, .resolve = resolve};
    int fd = (int)syscall(SYS_openat2, at, path, &given, size);
    int error = ERRNO(fd);
    int buffer = fd < 0 ? -1 : allocate(fd, 4096);
    close(fd);
    close(buffer);
    return error ? error : buffer < 0 ? ENOTTY : 0;
}

static bool is_node(mode_t mode) { return S_ISCHR(mode) || S_ISREG(mode); }

static void looks(const char *heap)
{
    char node[256], missing[] = DIRECTORY "/no-such-heap", target[64];
    struct stat s, by_descriptor;
    struct statx x;
    snprintf(node, sizeof node, DIRECTORY "/%s", heap);
    check(stat(DIRECTORY, &s) == 0 && S_ISDIR(s.st_mode), "stat of the directory", "expected a directory got %s, mode %o", strerror(errno), s.st_mode);
    check(lstat(DIRECTORY, &s) == 0 && S_ISDIR(s.st_mode), "lstat of the directory", "expected a directory got mode %o", s.st_mode);
    check(stat(node, &s) == 0 && is_node(s.st_mode), "stat of a node", "expected a node got %s, mode %o", strerror(errno), s.st_mode);
    expect("a node's size", 0, s.st_size);
    check((s.st_mode & 0600) == 0600, "a node's mode", "expected at least 0600 got %o", s.st_mode);
    int fd = must(open(node, O_RDONLY | O_CLOEXEC), node);
    check(fstat(fd, &by_descriptor) == 0 && by_descriptor.st_ino == s.st_ino && by_descriptor.st_dev == s.st_dev && by_descriptor.st_mode == s.st_mode,
          "fstat agrees with stat", "expected dev %lx inode %lu mode %o got dev %lx inode %lu mode %o", (long)s.st_dev, (long)s.st_ino, s.st_mode,
          (long)by_descriptor.st_dev, (long)by_descriptor.st_ino, by_descriptor.st_mode);
    expect_errno("statx of a node", 0, ERRNO(syscall(SYS_statx, AT_FDCWD, node, 0, STATX_BASIC_STATS, &x)));
    expect("statx agrees with stat", (long long)s.st_ino, (long long)x.stx_ino);
    expect_errno("fstatat, AT_SYMLINK_NOFOLLOW", 0, ERRNO(fstatat(AT_FDCWD, node, &s, AT_SYMLINK_NOFOLLOW)));
    expect_errno("fstatat, AT_EMPTY_PATH", 0, ERRNO(fstatat(fd, "", &s, AT_EMPTY_PATH)));
    close(fd);
    expect_errno("stat of an unknown name", ENOENT, ERRNO(stat(missing, &s)));
    expect_errno("statx of an unknown name", ENOENT, ERRNO(syscall(SYS_statx, AT_FDCWD, missing, 0, STATX_BASIC_STATS, &x)));
    expect_errno("access F_OK", 0, ERRNO(access(node, F_OK)));
    expect_errno("access R_OK|W_OK", 0, ERRNO(access(node, R_OK | W_OK)));
    expect_errno("access X_OK", EACCES, ERRNO(access(node, X_OK)));
    expect_errno("access of the directory", 0, ERRNO(access(DIRECTORY, R_OK | X_OK)));
    expect_errno("access of an unknown name", ENOENT, ERRNO(access(missing, F_OK)));
    expect_errno("faccessat2", 0, ERRNO(syscall(SYS_faccessat2, AT_FDCWD, node, R_OK | W_OK, AT_EACCESS)));
    expect_errno("faccessat2 of an unknown name", ENOENT, ERRNO(syscall(SYS_faccessat2, AT_FDCWD, missing, F_OK, 0)));
    expect_errno("faccessat2 with an unknown flag", EINVAL, ERRNO(syscall(SYS_faccessat2, AT_FDCWD, node, R_OK, 1)));
    expect_errno("readlink of a node", EINVAL, ERRNO(readlink(node, target, sizeof target)));
    expect_errno("readlink of the directory", EINVAL, ERRNO(readlink(DIRECTORY, target, sizeof target)));
    expect_errno("readlink of an unknown name", ENOENT, ERRNO(readlink(missing, target, sizeof target)));
    char *real = realpath(node, NULL);
    check(real && strcmp(real, node) == 0, "realpath", "expected %s got %s", node, real ? real : strerror(errno));
    free(real);
#ifdef SYS_open /* the older calls, which some architectures never had */
    expect_errno("open, the syscall", 0, ERRNO(close((int)syscall(SYS_open, node, O_RDWR))));
    expect_errno("stat, the syscall", ENOENT, ERRNO(syscall(SYS_stat, missing, &s)));
    expect_errno("access, the syscall", 0, ERRNO(syscall(SYS_access, node, R_OK)));
    expect_errno("readlink, the syscall", EINVAL, ERRNO(syscall(SYS_readlink, node, target, sizeof target)));
#endif
}

/* Symbolic links elsewhere that lead there. Relative to the working directory, which is one for this alone. */
static void follows(const char *heap)
{
    char path[512], real[PATH_MAX];
    struct stat s, linked;
    snprintf(path, sizeof path, DIRECTORY "/%s", heap);
    must(stat(path, &s), path);
    must(symlink(path, "to-node"), "symlink");
    must(symlink("./to-node", "to-link"), "symlink");
    must(symlink(DIRECTORY, "to-directory"), "symlink");
    must(symlink("round", "round"), "symlink");
    opens_at("through a symbolic link to the node", AT_FDCWD, "to-node");
    opens_at("through a symbolic link to that", AT_FDCWD, "to-link");
    expect_errno("which O_NOFOLLOW refuses", ELOOP, open_errno(AT_FDCWD, "to-node", O_RDWR | O_NOFOLLOW));
    expect_errno("and O_CREAT|O_EXCL", EEXIST, open_errno(AT_FDCWD, "to-node", O_RDWR | O_CREAT | O_EXCL));
    expect_errno("openat2 through it", 0, openat2_errno(AT_FDCWD, "to-node", 0, sizeof(struct open_how)));
    expect_errno("openat2, RESOLVE_NO_SYMLINKS, through it", ELOOP, openat2_errno(AT_FDCWD, "to-node", RESOLVE_NO_SYMLINKS, sizeof(struct open_how)));
    check(stat("to-node", &linked) == 0 && linked.st_ino == s.st_ino, "stat through it", "expected inode %lu got %s", (long)s.st_ino, strerror(errno));
    check(lstat("to-node", &linked) == 0 && S_ISLNK(linked.st_mode), "lstat of it", "expected a link got mode %o", linked.st_mode);
    expect_errno("access through it", 0, ERRNO(access("to-node", R_OK | W_OK)));
    check(realpath("to-link", real) && strcmp(real, path) == 0, "realpath of it", "expected %s got %s", path, strerror(errno));
    snprintf(path, sizeof path, "to-directory/%s", heap);
    opens_at("through a symbolic link to the directory", AT_FDCWD, path);
    check(lstat(path, &linked) == 0 && linked.st_ino == s.st_ino, "lstat through it", "expected inode %lu got %s", (long)s.st_ino, strerror(errno));
    expect_errno("an unknown name through it", ENOENT, open_errno(AT_FDCWD, "to-directory/no-such-heap", O_RDWR));
    expect_errno("a link that leads to itself", ELOOP, open_errno(AT_FDCWD, "round", O_RDONLY));
    unlink("to-node");
    unlink("to-link");
    unlink("to-directory");
    unlink("round");
}

static void moves(const char *heap)
{
    char path[PATH_MAX];
    expect_errno("chdir", 0, ERRNO(chdir(DIRECTORY)));
    opens_at("relative to the working directory", AT_FDCWD, heap);
    char *cwd = getcwd(path, sizeof path);
    check(cwd && strcmp(cwd, DIRECTORY) == 0, "getcwd", "expected " DIRECTORY " got %s", cwd ? cwd : strerror(errno));
}

static void does_not_move(int directory)
{
    char path[PATH_MAX];
    expect_errno("chdir", ENOENT, ERRNO(chdir(DIRECTORY)));
    must(fchdir(directory), "fchdir");
    char *cwd = getcwd(path, sizeof path);
    check(cwd && strcmp(cwd, DIRECTORY) != 0, "getcwd", "expected the private directory got %s", cwd ? cwd : strerror(errno));
}

static void opens(const char *heap, const char *alias, bool answered)
{
    char path[512], link[] = "/tmp/dmaheap-dir-XXXXXX";
    snprintf(path, sizeof path, DIRECTORY "/%s", heap);
    opens_at("by its path", AT_FDCWD, path);
    opens_at("by an absolute path, whatever the directory descriptor", 999, path);
    snprintf(path, sizeof path, DIRECTORY "/%s", alias);
    opens_at("by an alias", AT_FDCWD, path);
    snprintf(path, sizeof path, "/dev/../dev/dma_heap/../dma_heap/%s", heap);
    opens_at("through ..", AT_FDCWD, path);
    snprintf(path, sizeof path, "//dev/.//dma_heap///%s", heap);
    opens_at("with slashes and dots", AT_FDCWD, path);
    snprintf(path, sizeof path, "/proc/self/root/dev/dma_heap/%s", heap);
    opens_at("through /proc/self/root", AT_FDCWD, path);

    int directory = must(open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC), DIRECTORY);
    int only_path = must(open(DIRECTORY, O_PATH | O_CLOEXEC), DIRECTORY), dev = must(open("/dev", O_RDONLY | O_CLOEXEC), "/dev");
    opens_at("relative to the directory", directory, heap);
    opens_at("relative to the directory, opened O_PATH", only_path, heap);
    snprintf(path, sizeof path, "dma_heap/%s", heap);
    opens_at("relative to /dev", dev, path);
    snprintf(path, sizeof path, "./../dma_heap/%s", heap);
    opens_at("relative, through ..", directory, path);
    expect_errno("openat2 relative to the directory", 0, openat2_errno(directory, heap, 0, sizeof(struct open_how)));
    expect_errno("openat2, RESOLVE_BENEATH", 0, openat2_errno(directory, heap, RESOLVE_BENEATH, sizeof(struct open_how)));
    expect_errno("openat2, RESOLVE_NO_SYMLINKS", 0, openat2_errno(directory, heap, RESOLVE_NO_SYMLINKS, sizeof(struct open_how)));
    expect_errno("openat2, RESOLVE_BENEATH, leaving", EXDEV, openat2_errno(directory, path, RESOLVE_BENEATH, sizeof(struct open_how)));
    expect_errno("openat2 with a short struct", EINVAL, openat2_errno(directory, heap, 0, 8));
    snprintf(path, sizeof path, DIRECTORY "/%s", heap);
    expect_errno("openat2 by the path", 0, openat2_errno(AT_FDCWD, path, 0, sizeof(struct open_how)));
    expect_errno("openat2 by the path, with a short struct", EINVAL, openat2_errno(AT_FDCWD, path, 0, 8));
    expect_errno("openat2 by the path, with a long struct", E2BIG, openat2_errno(AT_FDCWD, path, 0, 5000));
    expect_errno("openat2 by the path, RESOLVE_BENEATH", EXDEV, openat2_errno(AT_FDCWD, path, RESOLVE_BENEATH, sizeof(struct open_how)));
    expect_errno("openat2 by the path, with an unknown flag", EINVAL, openat2_errno(AT_FDCWD, path, 1ULL << 40, sizeof(struct open_how)));
    expect_errno("openat2 of an unknown name", ENOENT, openat2_errno(directory, "no-such-heap", 0, sizeof(struct open_how)));

    int here = must(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ".");
    must(mkdtemp(link) ? 0 : -1, "mkdtemp");
    must(chdir(link), link);
    follows(heap);
    rmdir(link);
    if (answered)
        does_not_move(directory);
    else
        moves(heap);
    must(fchdir(here), "fchdir");
    expect_errno("fchdir", 0, ERRNO(fchdir(directory)));
    opens_at("relative to the working directory, after fchdir", AT_FDCWD, heap);
    must(fchdir(here), "fchdir");

    expect_errno("an unknown name", ENOENT, open_errno(AT_FDCWD, DIRECTORY "/no-such-heap", O_RDWR));
    expect_errno("an unknown name, relative", ENOENT, open_errno(directory, "no-such-heap", O_RDONLY));
    expect_errno("a name in another case", ENOENT, open_errno(AT_FDCWD, DIRECTORY "/SYSTEM", O_RDWR));
    snprintf(path, sizeof path, DIRECTORY "/%s", heap);
    expect_errno("O_CREAT|O_EXCL", EEXIST, open_errno(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL));
    expect_errno("O_DIRECTORY", ENOTDIR, open_errno(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
    expect_errno("O_NOFOLLOW", 0, open_errno(AT_FDCWD, path, O_RDWR | O_NOFOLLOW));
    expect_errno("the directory for writing", EISDIR, open_errno(AT_FDCWD, DIRECTORY, O_RDWR));
    snprintf(path, sizeof path, DIRECTORY "/%s/", heap);
    expect_errno("a node with a slash behind it", ENOTDIR, open_errno(AT_FDCWD, path, O_RDWR));
    snprintf(path, sizeof path, DIRECTORY "/%s/x", heap);
    expect_errno("a name below a node", ENOTDIR, open_errno(AT_FDCWD, path, O_RDWR));
    memset(path, 'x', 300);
    path[300] = 0;
    expect_errno("a name that is too long", ENAMETOOLONG, open_errno(directory, path, O_RDWR));
    close(directory);
    close(only_path);
    close(dev);
    close(here);
}

/* ---- others: what is none of exec's business ----------------------------------------------------------------- */

static void others(void)
{
    static char endless[5000];
    static const char *const paths[] = {"/dev/null", "/dev/dma_heapx", "/dev/", "/etc/passwd", "/nonexistent/x", "", ".", "/proc/self/exe", endless, NULL};
    memset(endless, 'x', sizeof endless - 1);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char target[8];
        struct stat s;
        struct statx x;
        struct open_how how = {.flags = O_RDONLY};
        const char *path = paths[i];
        printf("%zu open %d", i, open_errno(AT_FDCWD, path, O_RDONLY));
        printf(" directory %d", open_errno(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
        printf(" at -1 %d", open_errno(-1, path, O_RDONLY));
        printf(" at 0 %d", open_errno(0, path, O_RDONLY));
        int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
        printf(" openat2 %d", ERRNO(fd));
        close(fd);
        printf(" stat %d", ERRNO(fstatat(AT_FDCWD, path, &s, 0)));
        printf(" lstat %d", ERRNO(fstatat(AT_FDCWD, path, &s, AT_SYMLINK_NOFOLLOW)));
        printf(" statx %d", ERRNO(syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &x)));
        printf(" into nowhere %d", ERRNO(syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, NULL)));
        printf(" access %d", ERRNO(faccessat(AT_FDCWD, path, R_OK, 0)));
        printf(" readlink %d", ERRNO(readlinkat(AT_FDCWD, path, target, sizeof target)));
        printf(" of no size %d\n", ERRNO(readlinkat(AT_FDCWD, path, target, 0)));
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && argc < 64 && strcmp(argv[1], "list") == 0) {
        list(argc - 2, argv + 2);
    } else if (argc == 4 && (strcmp(argv[1], "paths") == 0 || strcmp(argv[1], "answered") == 0)) {
        looks(argv[2]);
        opens(argv[2], argv[3], strcmp(argv[1], "answered") == 0);
    } else if (argc == 2 && strcmp(argv[1], "others") == 0) {
        others();
    } else {
        fputs("usage: dir list NAME... | paths NAME ALIAS | answered NAME ALIAS | others\n", stderr);
        return 2;
    }
    return verdict();
}
