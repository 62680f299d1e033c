/* A program that uses the frames of an uncached device, as written for the kernel's heaps. Does what it reads, a line at a time: "read OFFSET", "write OFFSET VALUE",
   "open OFFSET VALUE" (begins to write and does not end), "peek OFFSET" and "poke OFFSET VALUE" (forget to begin), and answers each with a line. */
#define _GNU_SOURCE
#include "check.h"

#define LENGTH 16384

static void sync_buffer(int fd, uint64_t flags)
{
    if (ioctl(fd, SYNC, &flags) != 0)
        printf("SYNC: %s ", strerror(errno));
}

int main(void)
{
    int heap = open("/dev/dma_heap/camera", O_RDWR | O_CLOEXEC);
    struct alloc request = {.len = LENGTH, .fd_flags = O_RDWR | O_CLOEXEC};
    if (heap < 0 || ioctl(heap, ALLOC, &request) != 0)
        return perror("camera"), 1;
    int fd = (int)request.fd;
    volatile unsigned char *memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return perror("mmap"), 1;
    printf("%d %d\n", getpid(), fd);
    fflush(stdout);
    char line[64], what[16];
    long offset;
    while (fgets(line, sizeof line, stdin)) {
        int value = 0;
        if (sscanf(line, "%15s %ld %d", what, &offset, &value) < 2 || offset < 0 || offset >= LENGTH)
            return 2;
        bool careful = what[0] != 'p', reads = strcmp(what, "read") == 0 || strcmp(what, "peek") == 0, ends = strcmp(what, "open") != 0;
        uint64_t flags = reads ? SYNC_READ : SYNC_WRITE;
        if (careful)
            sync_buffer(fd, flags);
        if (reads)
            value = memory[offset];
        else
            memory[offset] = (unsigned char)value;
        if (careful && ends)
            sync_buffer(fd, flags | SYNC_END);
        printf("%s %d\n", what, value);
        fflush(stdout);
    }
    return 0;
}
