/* A client of the host: says what it wants, reads what it gets. */
#ifndef OWNERS_CLIENT_H
#define OWNERS_CLIENT_H

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common.h"
#include "../../../Protocol/wire.h"

#ifndef ETOOMANYREFS
#define ETOOMANYREFS 109
#endif

static const char *socket_path;
static int host = -1;

static union {
    struct wire_header header;
    struct wire_allocated allocated;
    struct wire_batch_reply batch;
    struct wire_list list;
    struct wire_described described;
    struct wire_counted counted;
    struct wire_mapped mapped;
    struct wire_given_back given_back;
    struct wire_error error;
    char bytes[WIRE_BYTES];
} reply;

/* Descriptors that came with the reply. */
static int received[WIRE_DESCRIPTORS];
static int received_count;

static bool put(int socket, const void *message, size_t size, const int *fds, int fd_count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec iov = {(void *)(uintptr_t)message, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd_count > 0) {
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, (size_t)fd_count * sizeof(int));
    }
    return sendmsg(socket, &msg, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Bytes received; their descriptors are in "received". */
static ssize_t take(int socket, void *bytes, size_t size, int flags)
{
    static union {
        struct cmsghdr header;
        char space[CMSG_SPACE(WIRE_DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec iov = {bytes, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    received_count = 0;
    ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC | flags);
    struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        received_count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(received, CMSG_DATA(c), (size_t)received_count * sizeof(int));
    }
    return n;
}

static void close_received(void)
{
    for (int i = 0; i < received_count; i++)
        close(received[i]);
    received_count = 0;
}

/* The host's answer is in "reply". False when there is none to be had any more. */
static bool hear(int socket)
{
    ssize_t n = take(socket, &reply, sizeof reply, 0);
    if (n >= (ssize_t)sizeof reply.header && reply.header.size == n)
        return true;
    close_received();
    if (!atomic_load(&shared->stop))
        trouble("the host says nothing: %s", n < 0 ? strerror(errno) : "it hung up");
    return false;
}

static bool ask(int socket, const void *message, size_t size, const int *fds, int fd_count)
{
    if (!put(socket, message, size, fds, fd_count)) {
        if (errno != ETOOMANYREFS)
            trouble("send: %s", strerror(errno));
        return false;
    }
    return hear(socket);
}

/* Connected, and greeted; -1 when that cannot be, with the reason told. */
static int connect_to_host(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct wire_hello hello = {.header = {sizeof hello, WIRE_HELLO, 0, 1}, .magic = WIRE_MAGIC, .major = 1};
    struct timeval patience = {30, 0};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) {
        trouble("connect: %s", strerror(errno));
        return -1;
    }
    if (!ask(fd, &hello, sizeof hello, NULL, 0))
        return -1;
    if (reply.header.kind == (WIRE_HELLO | WIRE_REPLY))
        return fd;
    trouble("the host does not greet: kind 0x%x", reply.header.kind);
    return -1;
}

/* What a loaded machine may say of any request, and what no host should. */
static void judge_refusal(const char *what)
{
    count(COUNT_refused, 1);
    if (reply.header.kind != WIRE_ERROR)
        trouble("%s was answered by kind 0x%x", what, reply.header.kind);
    else if (reply.error.error != ENOMEM && reply.error.error != EBUSY && reply.error.error != EMFILE)
        trouble("%s was refused: %.31s (%s): %.447s", what, reply.error.cause, strerror(reply.error.error), reply.error.message);
}

#endif
