/*
 * Whose heaps a program finds, where the kernel has some too: prints "NAME ours|kernel's|none listed|unlisted" for each
 * name given. The kernel's are told by what kernel_heaps.sh makes of them: they read as zeros and have no ALLOC.
 *
 *     whose NAME...
 */
#define _GNU_SOURCE
#include "check.h"

static const char *owner(const char *path)
{
    char byte = 1;
    struct alloc a = {.len = 4096, .fd_flags = O_RDWR | O_CLOEXEC};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? "none" : "unopened";
    if (ioctl(fd, ALLOC, &a) == 0)
        return lseek((int)a.fd, 0, SEEK_END) == 4096 ? "ours" : "another's";
    if (errno == ENOTTY && read(fd, &byte, 1) == 1 && byte == 0)
        return "kernel's";
    return "another's";
}

static bool is_listed(const char *name)
{
    bool found = false;
    DIR *directory = opendir("/dev/dma_heap");
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        found |= strcmp(entry->d_name, name) == 0;
    if (directory)
        closedir(directory);
    return found;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char path[256];
        snprintf(path, sizeof path, "/dev/dma_heap/%s", argv[i]);
        printf("%s %s %s\n", argv[i], owner(path), is_listed(argv[i]) ? "listed" : "unlisted");
    }
    return 0;
}
