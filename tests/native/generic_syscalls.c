/* Prints the numbers of the kernel's generic syscall table, which is arm64's, on whatever machine this is compiled. */
#define __ARCH_WANT_MEMFD_SECRET /* as arm64's own asm/unistd.h does */
#define __ARCH_WANT_NEW_STAT
#include <asm-generic/unistd.h>
#include <stdio.h>

#define VALUE(x) printf(#x " %d\n", x)

int main(void)
{
    VALUE(__NR_memfd_secret);
    VALUE(__NR_pidfd_open);
    VALUE(__NR_pidfd_send_signal);
    VALUE(__NR_pidfd_getfd);
    VALUE(__NR_seccomp);
    VALUE(__NR_mknodat);
    VALUE(__NR_ioctl);
    VALUE(__NR_openat);
    VALUE(__NR_openat2);
    VALUE(__NR_newfstatat);
    VALUE(__NR_statx);
    VALUE(__NR_faccessat);
    VALUE(__NR_faccessat2);
    VALUE(__NR_readlinkat);
    VALUE(__NR_getdents64);
    VALUE(__NR_getxattr);
    VALUE(__NR_listxattr);
    VALUE(__NR_lseek);
    VALUE(__NR_read);
    VALUE(__NR_write);
    VALUE(__NR_ftruncate);
    VALUE(__NR_fallocate);
    VALUE(__NR_mmap);
    VALUE(__NR_fstat);
    VALUE(__NR_epoll_ctl);
    return 0;
}
