/*
 * The baseline of the round-trip benchmark: a broker in C that makes the same system calls, in the same order, as
 * the dmaheap host does for one buffer, and nothing else. No policy, no table, no statistics: what the host takes
 * longer than this is the price of the host.
 *
 *     c_broker SOCKETPATH [THREADS]
 *
 * Prints "ready" once it listens, and serves until its standard input ends. Exit status 0, or 1 with the reason on
 * stderr. With several threads each has its own epoll set, and connections are dealt out in turn.
 *
 * For a wake-up:  epoll_wait (edge-triggered)
 * for a request:  recvmsg, memfd_create, ftruncate, fchmod, F_ADD_SEALS, inotify_add_watch, sendmsg, close
 * then:           recvmsg -> EAGAIN
 * and, on a thread of its own, a blocking read of the inotify queue, where buffers' ends arrive.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "c_buffer.h"
#include "../../Protocol/wire.h"

enum { MAX_THREADS = 64 };


static int must(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "c_broker: %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

static void reply(int connection, const struct wire_allocate *request, int fd)
{
    static uint64_t serial;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct {
        struct wire_allocated head;
        uint64_t id[2];
    } answer = {
        .head = {
            .header = {sizeof answer, WIRE_ALLOCATE | WIRE_REPLY, 0, request->header.request_id},
            .count = 1,
            .length = request->length,
            .page_size = 4096,
        },
        .id = {__atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED), 1},
    };
    struct iovec iov = {&answer, sizeof answer};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    /* A client that is gone or does not read has its loss: closing the descriptor ends the buffer. */
    (void)!sendmsg(connection, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

/* Serves requests until none is left. False when the connection is over. */
static bool drain(int connection)
{
    for (;;) {
        union {
            struct cmsghdr header;
            char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct wire_allocate request;
        struct iovec iov = {&request, sizeof request};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(connection, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n != sizeof request || msg.msg_controllen != 0 || msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
            return false;
        reply(connection, &request, must(make_buffer(request.length, request.file_flags & O_ACCMODE), "a buffer"));
    }
}

static void *serve(void *argument)
{
    int set = *(int *)argument;
    for (;;) {
        struct epoll_event events[16];
        int n = epoll_wait(set, events, 16, -1);
        for (int i = 0; i < n; i++)
            if (!drain(events[i].data.fd))
                close(events[i].data.fd);
    }
    return NULL;
}

static void detach(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, body, argument);
    must(errno ? -1 : 0, "pthread_create");
    pthread_detach(thread);
}

int main(int argc, char **argv)
{
    static int sets[MAX_THREADS];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    long threads = argc == 3 ? strtol(argv[2], NULL, 10) : 1;
    if (argc < 2 || argc > 3 || threads < 1 || threads > MAX_THREADS || strlen(argv[1]) >= sizeof address.sun_path) {
        fprintf(stderr, "usage: c_broker SOCKETPATH [THREADS], at most %d threads\n", MAX_THREADS);
        return 1;
    }
    strcpy(address.sun_path, argv[1]);

    must(begin_buffers(0) ? 0 : -1, "the queue of ends");
    detach(hear_ends, NULL);
    for (long i = 0; i < threads; i++) {
        sets[i] = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
        detach(serve, &sets[i]);
    }

    int listener = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    must(bind(listener, (struct sockaddr *)&address, sizeof address), argv[1]);
    must(listen(listener, 128), "listen");
    puts("ready");
    fflush(stdout);

    struct pollfd waits[2] = {{.fd = listener, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    for (unsigned next = 0; poll(waits, 2, -1) >= 0 || errno == EINTR;) {
        char input[256];
        if (waits[1].revents && read(STDIN_FILENO, input, sizeof input) <= 0)
            break;
        int connection = waits[0].revents ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (connection < 0)
            continue;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = connection};
        must(epoll_ctl(sets[next++ % threads], EPOLL_CTL_ADD, connection, &event), "epoll_ctl");
    }
    unlink(argv[1]);
    return 0;
}
