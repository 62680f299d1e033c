/* Prints the numbers of the kernel's generic syscall table, which is arm64's, on whatever machine this is compiled. */
#define __ARCH_WANT_MEMFD_SECRET /* as arm64's own asm/unistd.h does */
#include <asm-generic/unistd.h>
#include <stdio.h>

#define VALUE(x) printf(#x " %d\n", x)

int main(void)
{
    VALUE(__NR_memfd_secret);
    VALUE(__NR_pidfd_open);
    VALUE(__NR_pidfd_send_signal);
    return 0;
}
