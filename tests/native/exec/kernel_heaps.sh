#!/bin/sh
# Runs a command where the kernel seems to have heaps of its own, for machines whose kernel has none:
#
#     sh kernel_heaps.sh NAME... -- COMMAND...
#
# In a mount namespace of the command's own, /dev has a directory dma_heap with a character device for each name: the zero
# device's, which reads as zeros and refuses every ioctl with ENOTTY by itself. By that a judge tells it from a heap of ours.
set -eu
if [ "$1" != --inside ]; then exec unshare --mount --propagation private -- sh "$0" --inside "$@"; fi
shift
devices=$(mktemp -d)
mount -t tmpfs -o mode=755,nosuid kernel-heaps "$devices"
for name in null zero full random urandom tty; do
    : >"$devices/$name"
    mount --bind "/dev/$name" "$devices/$name"
done
mkdir "$devices/dma_heap"
while [ "$1" != -- ]; do
    mknod -m 666 "$devices/dma_heap/$1" c 1 5
    shift
done
shift
mount --move "$devices" /dev
rmdir "$devices"
exec "$@"
