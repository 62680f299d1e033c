/* Dies as a library does: by a write through a pointer that leads nowhere. */
#include <signal.h>
#include <stdio.h>

void deadly_write(void)
{
    volatile int *nowhere = (volatile int *)0x600000000000;

    /* As many libraries have it: no handler of the runtime stands between. */
    signal(SIGSEGV, SIG_DFL);
    fprintf(stderr, "deadly: about to write\n");
    *nowhere = 1;
}
