"""Becomes a program in unusual circumstances, which it has to find as they are: strange.py [--noted] PROGRAM ARGS...

With --noted the program is dmaheap itself, started as its launcher starts it: the .NET runtime raises the limit of open files before the first line of
dmaheap's runs, so the launcher notes in a variable what it was given."""

import os
import resource
import signal
import sys

signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR2, signal.SIGWINCH, signal.SIGRTMIN + 3])
for ignored in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTTOU, signal.SIGRTMIN + 5):
    signal.signal(ignored, signal.SIG_IGN)
for default in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT, signal.SIGQUIT):
    signal.signal(default, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 777))
resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
os.umask(0o027)
os.chdir("/usr")
os.environ["STRANGE"] = "a=b\nc"
command = sys.argv[1:]
if command[0] == "--noted":
    del command[0]
    os.environ["DMAHEAP_LAUNCHER"] = "nofile=%d" % resource.getrlimit(resource.RLIMIT_NOFILE)[0]
os.execvp(command[0], command)
