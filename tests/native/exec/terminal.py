"""Runs a program as a shell's foreground job under a pseudo-terminal: Ctrl-Z, fg, a line typed, Ctrl-C. Prints what happened.

    terminal.py PROGRAM ARGS...

The program is one that prints "ready", then "got LINE" for a line it reads, and reads on.
"""

import os
import pty
import select
import signal
import sys
import time

CTRL_C, CTRL_Z, DEADLINE = b"\x03", b"\x1a", time.monotonic() + 25


def be_the_shell(command):
    """In the terminal's session: starts the job, says when it stops, continues it as fg does, says how it ended."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvp(command[0], command)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        os.tcsetpgrp(0, os.getpgrp())
        os.write(1, b"[stopped by %d]\n" % os.WSTOPSIG(status))
        os.tcsetpgrp(0, job)
        os.killpg(job, signal.SIGCONT)
    os.tcsetpgrp(0, os.getpgrp())
    code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    os.write(1, b"[ended with %d]\n" % code)
    os._exit(0)


def wait_for(terminal, seen, text):
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0, DEADLINE - time.monotonic()))
        if not ready:
            print(f"no {text!r} in {bytes(seen)!r}")
            sys.exit(1)
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # the terminal's last user has gone
            print(f"no {text!r} in {bytes(seen)!r}")
            sys.exit(1)
    del seen[: seen.index(text) + len(text)]
    print(text.decode())


shell, terminal = pty.fork()
if shell == 0:
    be_the_shell(sys.argv[1:])
output = bytearray()
wait_for(terminal, output, b"ready")
os.write(terminal, CTRL_Z)
wait_for(terminal, output, b"[stopped by 20]")
os.write(terminal, b"hello\n")
wait_for(terminal, output, b"got hello")
os.write(terminal, CTRL_Z)
wait_for(terminal, output, b"[stopped by 20]")
os.write(terminal, b"again\n")
wait_for(terminal, output, b"got again")
os.write(terminal, CTRL_C)
wait_for(terminal, output, b"[ended with 130]")
os.waitpid(shell, 0)
