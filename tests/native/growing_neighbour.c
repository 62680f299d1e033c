#define _GNU_SOURCE
/* growing_neighbour MEBIBYTES MICROSECONDS: takes memory a MiB at a time, with a pause after each, and ends when it has it all. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **words)
{
    if (count != 3) return 2;
    long most = atol(words[1]);
    for (long i = 1; i <= most; i++) {
        void *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) return 1;
        memset(piece, 1, 1 << 20);
        usleep((useconds_t)atol(words[2]));
    }
    return 0;
}
