// Does things as another user, for tests that run as root: other_user UID GIDS ACTION...
//   other_user UID GIDS descriptor N   tries what may be done with the inherited descriptor N
//   other_user UID GIDS ask SOCKET N   connects, sends the N-byte hello and then the rest from standard input, and writes the last reply out
// UID -1 stays who it is; GIDS is "-" or a list such as 44,27, which become the supplementary groups.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void become(long uid, char *list)
{
    gid_t groups[16];
    int count = 0;
    if (uid < 0)
        return;
    for (char *item = strtok(list, ","); item && strcmp(item, "-") && count < 16; item = strtok(NULL, ","))
        groups[count++] = (gid_t)atoi(item);
    if (setgroups((size_t)count, groups) || setgid((gid_t)uid) || setuid((uid_t)uid)) {
        perror("become");
        exit(3);
    }
}

static void say(const char *what, long result)
{
    printf("%s %d\n", what, result < 0 ? errno : 0);
}

static int try_descriptor(int fd)
{
    char path[64], byte = 0;
    say("map-read", (long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == -1 ? -1 : 0);
    say("map-write", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == -1 ? -1 : 0);
    say("map-none", (long)mmap(NULL, 4096, PROT_NONE, MAP_SHARED, fd, 0) == -1 ? -1 : 0);
    say("read", pread(fd, &byte, 1, 0));
    say("write", pwrite(fd, &byte, 1, 0));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    say("reopen-read", open(path, O_RDONLY | O_CLOEXEC));
    say("reopen-write", open(path, O_RDWR | O_CLOEXEC));
    say("chmod", fchmodat(AT_FDCWD, path, 0777, 0));
    return 0;
}

static int ask(const char *path, size_t hello)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    static char input[65536], reply[65536];
    size_t length = fread(input, 1, sizeof input, stdin);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        fprintf(stderr, "connect: %s\n", strerror(errno));
        return 4;
    }
    if (send(fd, input, hello, MSG_NOSIGNAL) < 0 || recv(fd, reply, sizeof reply, 0) <= 0)
        return 5;
    if (send(fd, input + hello, length - hello, MSG_NOSIGNAL) < 0)
        return 6;
    ssize_t got = recv(fd, reply, sizeof reply, 0);
    if (got <= 0)
        return 7;
    fwrite(reply, 1, (size_t)got, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    become(atol(argv[1]), argv[2]);
    if (!strcmp(argv[3], "descriptor"))
        return try_descriptor(atoi(argv[4]));
    return argc == 6 ? ask(argv[4], (size_t)atol(argv[5])) : 2;
}
