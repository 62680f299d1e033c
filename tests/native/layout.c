/* Prints "name value" for every struct, offset and number that Linux/ shares with the kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* Younger than some distributions' headers; the kernel's ABI, so never another value. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define VALUE(x) printf(#x " %lld\n", (long long)(x))
#define SIZE(t) printf("sizeof(" #t ") %zu\n", sizeof(t))
#define OFFSET(t, f) printf(#t "." #f " %zu\n", offsetof(t, f))

typedef struct cmsghdr cmsghdr;
typedef struct epoll_event epoll_event;
typedef struct inotify_event inotify_event;
typedef struct iovec iovec;
typedef struct msghdr msghdr;
typedef struct rlimit rlimit_t;
typedef struct sockaddr_un sockaddr_un;
typedef struct statx statx_t;
typedef struct ucred ucred;

static void structs(void)
{
    SIZE(cmsghdr); OFFSET(cmsghdr, cmsg_len); OFFSET(cmsghdr, cmsg_level); OFFSET(cmsghdr, cmsg_type);
    SIZE(epoll_event); OFFSET(epoll_event, events); OFFSET(epoll_event, data);
    SIZE(inotify_event); OFFSET(inotify_event, wd); OFFSET(inotify_event, mask); OFFSET(inotify_event, cookie); OFFSET(inotify_event, len);
    SIZE(iovec); OFFSET(iovec, iov_base); OFFSET(iovec, iov_len);
    SIZE(msghdr); OFFSET(msghdr, msg_name); OFFSET(msghdr, msg_namelen); OFFSET(msghdr, msg_iov); OFFSET(msghdr, msg_iovlen);
    OFFSET(msghdr, msg_control); OFFSET(msghdr, msg_controllen); OFFSET(msghdr, msg_flags);
    SIZE(rlimit_t); OFFSET(rlimit_t, rlim_cur); OFFSET(rlimit_t, rlim_max);
    SIZE(sockaddr_un); OFFSET(sockaddr_un, sun_family); OFFSET(sockaddr_un, sun_path);
    SIZE(statx_t); OFFSET(statx_t, stx_mask); OFFSET(statx_t, stx_blksize); OFFSET(statx_t, stx_uid); OFFSET(statx_t, stx_gid);
    OFFSET(statx_t, stx_mode); OFFSET(statx_t, stx_ino); OFFSET(statx_t, stx_size); OFFSET(statx_t, stx_blocks);
    OFFSET(statx_t, stx_dev_major); OFFSET(statx_t, stx_dev_minor);
    SIZE(ucred); OFFSET(ucred, pid); OFFSET(ucred, uid); OFFSET(ucred, gid);
}

static void numbers(void)
{
    VALUE(MFD_CLOEXEC); VALUE(MFD_ALLOW_SEALING); VALUE(MFD_HUGETLB); VALUE(MFD_NOEXEC_SEAL);
    VALUE(MFD_HUGETLB | MFD_HUGE_2MB); VALUE(MFD_HUGETLB | MFD_HUGE_1GB);
    VALUE(F_SEAL_SEAL); VALUE(F_SEAL_SHRINK); VALUE(F_SEAL_GROW); VALUE(F_SEAL_WRITE); VALUE(F_SEAL_EXEC);
    VALUE(F_ADD_SEALS); VALUE(F_GET_SEALS); VALUE(F_DUPFD_CLOEXEC); VALUE(F_GETFD); VALUE(F_SETFD); VALUE(F_GETFL); VALUE(F_SETFL);
    VALUE(FD_CLOEXEC); VALUE(O_CLOEXEC); VALUE(O_CREAT); VALUE(O_NONBLOCK); VALUE(O_PATH); VALUE(O_NOFOLLOW);
    VALUE(O_RDONLY); VALUE(O_WRONLY); VALUE(O_RDWR); VALUE(O_ACCMODE);
    VALUE(FALLOC_FL_KEEP_SIZE); VALUE(FALLOC_FL_PUNCH_HOLE); VALUE(SEEK_END); VALUE(AT_EMPTY_PATH); VALUE(STATX_BASIC_STATS);
    VALUE(LOCK_EX); VALUE(LOCK_NB);
    VALUE(MAP_SHARED); VALUE(MAP_PRIVATE); VALUE(MAP_FIXED); VALUE(MAP_ANONYMOUS); VALUE(MAP_NORESERVE); VALUE(MAP_POPULATE);
    VALUE(PROT_NONE); VALUE(PROT_READ); VALUE(PROT_WRITE); VALUE(MS_SYNC);
    VALUE(MADV_DONTNEED); VALUE(MADV_REMOVE); VALUE(MADV_DONTFORK); VALUE(MADV_HUGEPAGE); VALUE(MADV_DONTDUMP);
    VALUE(MADV_POPULATE_READ); VALUE(MADV_POPULATE_WRITE); VALUE(MADV_COLLAPSE);
    VALUE(IN_DELETE_SELF); VALUE(IN_Q_OVERFLOW); VALUE(IN_IGNORED); VALUE(IN_MASK_CREATE); VALUE(IN_MASK_ADD);
    VALUE(IN_CLOEXEC); VALUE(IN_NONBLOCK);
    VALUE(EPOLL_CLOEXEC); VALUE(EPOLL_CTL_ADD); VALUE(EPOLL_CTL_DEL); VALUE(EPOLL_CTL_MOD); VALUE(EPOLLIN); VALUE(EPOLLOUT);
    VALUE(EPOLLERR); VALUE(EPOLLHUP); VALUE(EPOLLRDHUP); VALUE((unsigned)EPOLLONESHOT); VALUE((unsigned)EPOLLET);
    VALUE(EFD_CLOEXEC | EFD_NONBLOCK);
    VALUE(AF_UNIX); VALUE(SOCK_SEQPACKET); VALUE(SOCK_CLOEXEC); VALUE(SOCK_NONBLOCK); VALUE(SOL_SOCKET); VALUE(SCM_RIGHTS);
    VALUE(MSG_DONTWAIT); VALUE(MSG_NOSIGNAL); VALUE(MSG_CTRUNC); VALUE(MSG_TRUNC); VALUE(MSG_CMSG_CLOEXEC);
    VALUE(SO_PEERCRED); VALUE(SO_PEERGROUPS); VALUE(SO_PEERPIDFD);
    VALUE(RLIMIT_NOFILE); VALUE(RLIMIT_MEMLOCK); VALUE(PR_SET_PDEATHSIG); VALUE(PR_GET_DUMPABLE); VALUE(PR_SET_DUMPABLE);
    VALUE(SYS_memfd_secret); VALUE(SYS_pidfd_open); VALUE(SYS_pidfd_send_signal);
}

static void errors(void)
{
    VALUE(EPERM); VALUE(ENOENT); VALUE(ESRCH); VALUE(EINTR); VALUE(EIO); VALUE(ENXIO); VALUE(E2BIG); VALUE(EBADF); VALUE(ECHILD);
    VALUE(EAGAIN); VALUE(ENOMEM); VALUE(EACCES); VALUE(EFAULT); VALUE(EBUSY); VALUE(EEXIST); VALUE(EXDEV); VALUE(ENODEV); VALUE(ENOTDIR);
    VALUE(EISDIR); VALUE(EINVAL); VALUE(ENFILE); VALUE(EMFILE); VALUE(ENOTTY); VALUE(ETXTBSY); VALUE(EFBIG); VALUE(ENOSPC); VALUE(ESPIPE);
    VALUE(EROFS); VALUE(EPIPE); VALUE(ERANGE); VALUE(ENAMETOOLONG); VALUE(ENOSYS); VALUE(ENOTEMPTY); VALUE(ELOOP); VALUE(ENODATA);
    VALUE(EPROTO); VALUE(EOVERFLOW); VALUE(ENOTSOCK); VALUE(EMSGSIZE); VALUE(EPROTOTYPE); VALUE(ENOPROTOOPT); VALUE(EPROTONOSUPPORT);
    VALUE(EOPNOTSUPP); VALUE(EADDRINUSE); VALUE(ECONNABORTED); VALUE(ECONNRESET); VALUE(ENOBUFS); VALUE(EISCONN); VALUE(ENOTCONN);
    VALUE(ESHUTDOWN); VALUE(ETOOMANYREFS); VALUE(ETIMEDOUT); VALUE(ECONNREFUSED); VALUE(EALREADY); VALUE(EINPROGRESS); VALUE(EDQUOT);
    VALUE(ECANCELED);
}

int main(void)
{
    static const int counts[] = { 0, 1, 2, 3, 252, 253 };

    structs();
    numbers();
    errors();
    for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        printf("CMSG_LEN(%d) %zu\n", counts[i], CMSG_LEN(counts[i] * sizeof(int)));
        printf("CMSG_SPACE(%d) %zu\n", counts[i], CMSG_SPACE(counts[i] * sizeof(int)));
    }
    return 0;
}
