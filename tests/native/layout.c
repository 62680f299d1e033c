/* Prints "name value" for every struct, offset and number that Linux/ shares with the kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>

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

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

#define VALUE(x) printf(#x " %lld\n", (long long)(x))
#define SIZE(t) printf("sizeof(" #t ") %zu\n", sizeof(t))
#define OFFSET(t, f) printf(#t "." #f " %zu\n", offsetof(t, f))

typedef struct cmsghdr cmsghdr;
typedef struct epoll_event epoll_event;
typedef struct flock flock_t;
typedef struct inotify_event inotify_event;
typedef struct iovec iovec;
typedef struct msghdr msghdr;
typedef struct pollfd pollfd;
typedef struct rlimit rlimit_t;
typedef struct seccomp_notif seccomp_notif;
typedef struct seccomp_notif_addfd seccomp_notif_addfd;
typedef struct seccomp_notif_resp seccomp_notif_resp;
typedef struct sock_filter sock_filter;
typedef struct sock_fprog sock_fprog;
typedef struct sockaddr_un sockaddr_un;
typedef struct statfs statfs_t;
typedef struct statx statx_t;
typedef struct ucred ucred;

static void structs(void)
{
    SIZE(cmsghdr); OFFSET(cmsghdr, cmsg_len); OFFSET(cmsghdr, cmsg_level); OFFSET(cmsghdr, cmsg_type);
    SIZE(epoll_event); OFFSET(epoll_event, events); OFFSET(epoll_event, data);
    SIZE(inotify_event); OFFSET(inotify_event, wd); OFFSET(inotify_event, mask); OFFSET(inotify_event, cookie); OFFSET(inotify_event, len);
    SIZE(flock_t); OFFSET(flock_t, l_type); OFFSET(flock_t, l_whence); OFFSET(flock_t, l_start); OFFSET(flock_t, l_len); OFFSET(flock_t, l_pid);
    SIZE(statfs_t); OFFSET(statfs_t, f_type); OFFSET(statfs_t, f_bsize);
    SIZE(iovec); OFFSET(iovec, iov_base); OFFSET(iovec, iov_len);
    SIZE(msghdr); OFFSET(msghdr, msg_name); OFFSET(msghdr, msg_namelen); OFFSET(msghdr, msg_iov); OFFSET(msghdr, msg_iovlen);
    OFFSET(msghdr, msg_control); OFFSET(msghdr, msg_controllen); OFFSET(msghdr, msg_flags);
    SIZE(pollfd); OFFSET(pollfd, fd); OFFSET(pollfd, events); OFFSET(pollfd, revents);
    SIZE(seccomp_notif); OFFSET(seccomp_notif, id); OFFSET(seccomp_notif, pid); OFFSET(seccomp_notif, data.nr); OFFSET(seccomp_notif, data.arch);
    OFFSET(seccomp_notif, data.instruction_pointer); OFFSET(seccomp_notif, data.args[0]); OFFSET(seccomp_notif, data.args[1]);
    OFFSET(seccomp_notif, data.args[2]); OFFSET(seccomp_notif, data.args[3]); OFFSET(seccomp_notif, data.args[4]); OFFSET(seccomp_notif, data.args[5]);
    SIZE(seccomp_notif_addfd); OFFSET(seccomp_notif_addfd, id); OFFSET(seccomp_notif_addfd, flags); OFFSET(seccomp_notif_addfd, srcfd);
    OFFSET(seccomp_notif_addfd, newfd); OFFSET(seccomp_notif_addfd, newfd_flags);
    SIZE(seccomp_notif_resp); OFFSET(seccomp_notif_resp, id); OFFSET(seccomp_notif_resp, val); OFFSET(seccomp_notif_resp, error);
    OFFSET(seccomp_notif_resp, flags);
    SIZE(sock_filter); OFFSET(sock_filter, code); OFFSET(sock_filter, jt); OFFSET(sock_filter, jf); OFFSET(sock_filter, k);
    SIZE(sock_fprog); OFFSET(sock_fprog, len); OFFSET(sock_fprog, filter);
    SIZE(rlimit_t); OFFSET(rlimit_t, rlim_cur); OFFSET(rlimit_t, rlim_max);
    SIZE(sockaddr_un); OFFSET(sockaddr_un, sun_family); OFFSET(sockaddr_un, sun_path);
    SIZE(statx_t); OFFSET(statx_t, stx_mask); OFFSET(statx_t, stx_blksize); OFFSET(statx_t, stx_uid); OFFSET(statx_t, stx_gid);
    OFFSET(statx_t, stx_mode); OFFSET(statx_t, stx_ino); OFFSET(statx_t, stx_size); OFFSET(statx_t, stx_blocks);
    OFFSET(statx_t, stx_dev_major); OFFSET(statx_t, stx_dev_minor);
    OFFSET(statx_t, stx_rdev_major); OFFSET(statx_t, stx_rdev_minor);
    SIZE(ucred); OFFSET(ucred, pid); OFFSET(ucred, uid); OFFSET(ucred, gid);
}

static void numbers(void)
{
    VALUE(MFD_CLOEXEC); VALUE(MFD_ALLOW_SEALING); VALUE(MFD_HUGETLB); VALUE(MFD_NOEXEC_SEAL);
    VALUE(MFD_HUGETLB | MFD_HUGE_2MB); VALUE(MFD_HUGETLB | MFD_HUGE_1GB);
    VALUE(F_SEAL_SEAL); VALUE(F_SEAL_SHRINK); VALUE(F_SEAL_GROW); VALUE(F_SEAL_WRITE); VALUE(F_SEAL_EXEC);
    VALUE(F_ADD_SEALS); VALUE(F_GET_SEALS); VALUE(F_DUPFD_CLOEXEC); VALUE(F_GETFD); VALUE(F_SETFD); VALUE(F_GETFL); VALUE(F_SETFL);
    VALUE(FD_CLOEXEC); VALUE(O_CLOEXEC); VALUE(O_CREAT); VALUE(O_NONBLOCK); VALUE(O_APPEND); VALUE(O_PATH); VALUE(O_NOFOLLOW);
    VALUE(O_RDONLY); VALUE(O_WRONLY); VALUE(O_RDWR); VALUE(O_ACCMODE);
    VALUE(FALLOC_FL_KEEP_SIZE); VALUE(FALLOC_FL_PUNCH_HOLE); VALUE(SEEK_END); VALUE(AT_EMPTY_PATH); VALUE(STATX_BASIC_STATS);
    VALUE(F_OFD_SETLK); VALUE(F_WRLCK); VALUE(HUGETLBFS_MAGIC);
    VALUE(LOCK_EX); VALUE(LOCK_NB);
    VALUE(MAP_SHARED); VALUE(MAP_PRIVATE); VALUE(MAP_FIXED); VALUE(MAP_ANONYMOUS); VALUE(MAP_NORESERVE); VALUE(MAP_POPULATE);
    VALUE(PROT_NONE); VALUE(PROT_READ); VALUE(PROT_WRITE); VALUE(MS_SYNC);
    VALUE(MADV_DONTNEED); VALUE(MADV_REMOVE); VALUE(MADV_DONTFORK); VALUE(MADV_HUGEPAGE); VALUE(MADV_NOHUGEPAGE); VALUE(MADV_DONTDUMP);
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
    VALUE(PR_SET_NO_NEW_PRIVS); VALUE(POLLHUP); VALUE(TIOCGPGRP); VALUE(PIDFD_THREAD);
    VALUE(AUDIT_ARCH_X86_64); VALUE(AUDIT_ARCH_I386); VALUE(AUDIT_ARCH_AARCH64); VALUE(AUDIT_ARCH_ARM);
    VALUE(SECCOMP_RET_ALLOW); VALUE(SECCOMP_RET_USER_NOTIF); VALUE(SECCOMP_SET_MODE_FILTER);
    VALUE(SECCOMP_FILTER_FLAG_NEW_LISTENER); VALUE(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    VALUE(SECCOMP_IOCTL_NOTIF_RECV); VALUE(SECCOMP_IOCTL_NOTIF_SEND); VALUE(SECCOMP_IOCTL_NOTIF_ID_VALID); VALUE(SECCOMP_IOCTL_NOTIF_ADDFD);
    VALUE(SECCOMP_IOCTL_NOTIF_SET_FLAGS); VALUE(SECCOMP_USER_NOTIF_FLAG_CONTINUE); VALUE(SECCOMP_ADDFD_FLAG_SEND);
    VALUE(SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    printf("seccomp_data.nr %zu\n", offsetof(struct seccomp_data, nr));
    printf("seccomp_data.arch %zu\n", offsetof(struct seccomp_data, arch));
    printf("seccomp_data.args[1] %zu\n", offsetof(struct seccomp_data, args[1]));
    VALUE(BPF_LD | BPF_W | BPF_ABS); VALUE(BPF_ALU | BPF_AND | BPF_K); VALUE(BPF_JMP | BPF_JEQ | BPF_K); VALUE(BPF_RET | BPF_K);
    VALUE(CLONE_NEWNS); VALUE(MS_NOSUID); VALUE(MS_NOEXEC); VALUE(MS_BIND); VALUE(MS_REC); VALUE(MS_SLAVE); VALUE(S_IFCHR);
    VALUE(POSIX_SPAWN_SETSIGMASK); VALUE(POSIX_SPAWN_SETSIGDEF); VALUE(WNOHANG); VALUE(WUNTRACED); VALUE(WCONTINUED);
    VALUE(SYS_pidfd_getfd); VALUE(SYS_seccomp); VALUE(SYS_mknodat); VALUE(SYS_ioctl); VALUE(SYS_openat); VALUE(SYS_openat2);
    VALUE(SYS_newfstatat); VALUE(SYS_statx); VALUE(SYS_faccessat); VALUE(SYS_faccessat2); VALUE(SYS_readlinkat); VALUE(SYS_getdents64); VALUE(SYS_getxattr); VALUE(SYS_lgetxattr); VALUE(SYS_listxattr);
    VALUE(SYS_lseek); VALUE(SYS_read); VALUE(SYS_write); VALUE(SYS_ftruncate); VALUE(SYS_fallocate); VALUE(SYS_mmap); VALUE(SYS_fstat); VALUE(SYS_epoll_ctl);
    VALUE(SYS_llistxattr);
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
