using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

/// <summary>Every struct and number shared with the kernel, held against what the C compiler says on this machine.</summary>
public sealed class LayoutTests
{
    [Fact]
    public void Structs_and_numbers_are_the_c_compilers()
    {
        var native = NativeProgram.Run("layout.c");
        var ours = Structs().Concat(Numbers()).Concat(ControlMessages())
            .Concat(Enum.GetValues<Errno>().Where(errno => errno != Errno.None).Select(errno => (errno.ToString(), (long)errno)))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
        Assert.Equal(native.Keys.Order(), ours.Keys.Order()); // nothing is printed and not compared, or the other way round
        Assert.All(native, pair => Assert.Equal((pair.Key, pair.Value), (pair.Key, ours[pair.Key])));
    }

    [Fact]
    public void The_arm64_table_is_the_generic_one()
    {
        var native = NativeProgram.Run("generic_syscalls.c");
        Assert.Equal(
            new SyscallTable(
                native["__NR_memfd_secret"], native["__NR_pidfd_open"], native["__NR_pidfd_send_signal"], native["__NR_pidfd_getfd"], native["__NR_seccomp"],
                native["__NR_mknodat"]),
            SyscallTable.Arm64);
        Assert.Equal(
            new SyscallNumbers(AuditArchitecture.Arm64)
            {
                Ioctl = (int)native["__NR_ioctl"], OpenAt = (int)native["__NR_openat"], OpenAt2 = (int)native["__NR_openat2"],
                FStatAt = (int)native["__NR_newfstatat"], Statx = (int)native["__NR_statx"], FAccessAt = (int)native["__NR_faccessat"],
                FAccessAt2 = (int)native["__NR_faccessat2"], ReadLinkAt = (int)native["__NR_readlinkat"], GetDents64 = (int)native["__NR_getdents64"],
                GetXAttr = (int)native["__NR_getxattr"], ListXAttr = (int)native["__NR_listxattr"],
                LSeek = (int)native["__NR_lseek"], Read = (int)native["__NR_read"], Write = (int)native["__NR_write"], FTruncate = (int)native["__NR_ftruncate"],
                FAllocate = (int)native["__NR_fallocate"], MMap = (int)native["__NR_mmap"], FStat = (int)native["__NR_fstat"], EpollCtl = (int)native["__NR_epoll_ctl"],
            },
            SyscallNumbers.Arm64);
    }

    static SyscallNumbers Native => SyscallNumbers.OfThisMachine[0];

    static IEnumerable<(string, long)> ControlMessages() => new[] { 0, 1, 2, 3, 252, 253 }.SelectMany(count => new (string, long)[]
    {
        ($"CMSG_LEN({count})", ControlMessage.Length(count * sizeof(int))), ($"CMSG_SPACE({count})", ControlMessage.Space(count * sizeof(int))),
    });

    static unsafe long Offset<T, TField>(ref T start, ref TField field) => Unsafe.ByteOffset(ref Unsafe.As<T, byte>(ref start), ref Unsafe.As<TField, byte>(ref field));

    static unsafe List<(string, long)> Structs()
    {
        ControlHeader control = default;
        InotifyHeader inotify = default;
        IoVector vector = default;
        MessageHeader message = default;
        UnixAddress address = default;
        StatxBuffer statx = default;
        RangeLockRequest range = default;
        StatfsBuffer statfs = default;
        PollRequest poll = default;
        SeccompAddDescriptor add = default;
        SeccompResponse response = default;
        BpfProgramPointer program = default;
        // The public structs keep their fields private or read-only: bytes that count up tell the order.
        Span<byte> counting = stackalloc byte[sizeof(SeccompNotification)];
        for (var i = 0; i < counting.Length; i++) counting[i] = (byte)i;
        var call = MemoryMarshal.Read<SeccompNotification>(counting);
        var instruction = MemoryMarshal.Read<BpfInstruction>(counting);
        var epoll = EventPollLayout.Current;
        // The public records keep their fields private: their bytes tell the order.
        var limit = MemoryMarshal.Cast<ResourceLimit, ulong>([new ResourceLimit(1, 2)]).ToArray();
        var peer = MemoryMarshal.Cast<PeerCredentials, int>([new PeerCredentials(1, 2, 3)]).ToArray();
        return
        [
            ("sizeof(cmsghdr)", sizeof(ControlHeader)), ("cmsghdr.cmsg_len", Offset(ref control, ref control.Length)),
            ("cmsghdr.cmsg_level", Offset(ref control, ref control.Level)), ("cmsghdr.cmsg_type", Offset(ref control, ref control.Type)),
            ("sizeof(epoll_event)", epoll.Size), ("epoll_event.events", 0), ("epoll_event.data", epoll.DataOffset),
            ("sizeof(inotify_event)", InotifyHeader.Size), ("inotify_event.wd", Offset(ref inotify, ref inotify.Watch)),
            ("inotify_event.mask", Offset(ref inotify, ref inotify.Mask)), ("inotify_event.cookie", Offset(ref inotify, ref inotify.Cookie)),
            ("inotify_event.len", Offset(ref inotify, ref inotify.NameLength)),
            ("sizeof(flock_t)", sizeof(RangeLockRequest)), ("flock_t.l_type", Offset(ref range, ref range.Type)), ("flock_t.l_whence", Offset(ref range, ref range.Whence)),
            ("flock_t.l_start", Offset(ref range, ref range.Start)), ("flock_t.l_len", Offset(ref range, ref range.Length)), ("flock_t.l_pid", Offset(ref range, ref range.ProcessId)),
            ("sizeof(statfs_t)", sizeof(StatfsBuffer)), ("statfs_t.f_type", Offset(ref statfs, ref statfs.Type)), ("statfs_t.f_bsize", Offset(ref statfs, ref statfs.BlockSize)),
            ("sizeof(iovec)", sizeof(IoVector)), ("iovec.iov_base", (byte*)&vector.Base - (byte*)&vector), ("iovec.iov_len", Offset(ref vector, ref vector.Length)),
            ("sizeof(msghdr)", sizeof(MessageHeader)), ("msghdr.msg_name", (byte*)&message.Name - (byte*)&message),
            ("msghdr.msg_namelen", Offset(ref message, ref message.NameLength)), ("msghdr.msg_iov", (byte*)&message.Vectors - (byte*)&message),
            ("msghdr.msg_iovlen", Offset(ref message, ref message.VectorCount)), ("msghdr.msg_control", (byte*)&message.Control - (byte*)&message),
            ("msghdr.msg_controllen", Offset(ref message, ref message.ControlLength)), ("msghdr.msg_flags", Offset(ref message, ref message.Flags)),
            ("sizeof(pollfd)", sizeof(PollRequest)), ("pollfd.fd", Offset(ref poll, ref poll.Descriptor)), ("pollfd.events", Offset(ref poll, ref poll.Events)),
            ("pollfd.revents", Offset(ref poll, ref poll.Returned)),
            ("sizeof(seccomp_notif)", sizeof(SeccompNotification)), ("seccomp_notif.id", (byte)call.Id), ("seccomp_notif.pid", (byte)call.ThreadId),
            ("seccomp_notif.data.nr", (byte)call.Number), ("seccomp_notif.data.arch", (byte)call.Architecture),
            ("seccomp_notif.data.instruction_pointer", (byte)call.InstructionPointer), ("seccomp_notif.data.args[0]", (byte)call.Argument0),
            ("seccomp_notif.data.args[1]", (byte)call.Argument1), ("seccomp_notif.data.args[2]", (byte)call.Argument2),
            ("seccomp_notif.data.args[3]", (byte)call.Argument3), ("seccomp_notif.data.args[4]", (byte)call.Argument4),
            ("seccomp_notif.data.args[5]", (byte)call.Argument5),
            ("sizeof(seccomp_notif_addfd)", sizeof(SeccompAddDescriptor)), ("seccomp_notif_addfd.id", Offset(ref add, ref add.Id)),
            ("seccomp_notif_addfd.flags", Offset(ref add, ref add.Flags)), ("seccomp_notif_addfd.srcfd", Offset(ref add, ref add.SourceDescriptor)),
            ("seccomp_notif_addfd.newfd", Offset(ref add, ref add.NewDescriptor)), ("seccomp_notif_addfd.newfd_flags", Offset(ref add, ref add.NewDescriptorFlags)),
            ("sizeof(seccomp_notif_resp)", sizeof(SeccompResponse)), ("seccomp_notif_resp.id", Offset(ref response, ref response.Id)),
            ("seccomp_notif_resp.val", Offset(ref response, ref response.Value)), ("seccomp_notif_resp.error", Offset(ref response, ref response.Error)),
            ("seccomp_notif_resp.flags", Offset(ref response, ref response.Flags)),
            ("sizeof(sock_filter)", sizeof(BpfInstruction)), ("sock_filter.code", (byte)instruction.Code), ("sock_filter.jt", instruction.IfTrue),
            ("sock_filter.jf", instruction.IfFalse), ("sock_filter.k", (byte)instruction.Operand),
            ("sizeof(sock_fprog)", sizeof(BpfProgramPointer)), ("sock_fprog.len", Offset(ref program, ref program.Length)),
            ("sock_fprog.filter", (byte*)&program.Instructions - (byte*)&program),
            ("sizeof(rlimit_t)", sizeof(ResourceLimit)), ("rlimit_t.rlim_cur", 8 * Array.IndexOf(limit, 1ul)), ("rlimit_t.rlim_max", 8 * Array.IndexOf(limit, 2ul)),
            ("sizeof(sockaddr_un)", address.Length), ("sockaddr_un.sun_family", Offset(ref address, ref address.Family)),
            ("sockaddr_un.sun_path", Offset(ref address, ref address.Path)),
            ("sizeof(statx_t)", sizeof(StatxBuffer)), ("statx_t.stx_mask", Offset(ref statx, ref statx.Mask)),
            ("statx_t.stx_blksize", Offset(ref statx, ref statx.BlockSize)), ("statx_t.stx_uid", Offset(ref statx, ref statx.Uid)),
            ("statx_t.stx_gid", Offset(ref statx, ref statx.Gid)), ("statx_t.stx_mode", Offset(ref statx, ref statx.Mode)),
            ("statx_t.stx_ino", Offset(ref statx, ref statx.Inode)), ("statx_t.stx_size", Offset(ref statx, ref statx.Size)),
            ("statx_t.stx_blocks", Offset(ref statx, ref statx.Blocks)), ("statx_t.stx_dev_major", Offset(ref statx, ref statx.DevMajor)),
            ("statx_t.stx_dev_minor", Offset(ref statx, ref statx.DevMinor)),
            ("statx_t.stx_rdev_major", Offset(ref statx, ref statx.RdevMajor)), ("statx_t.stx_rdev_minor", Offset(ref statx, ref statx.RdevMinor)),
            ("sizeof(ucred)", sizeof(PeerCredentials)), ("ucred.pid", 4 * Array.IndexOf(peer, 1)), ("ucred.uid", 4 * Array.IndexOf(peer, 2)),
            ("ucred.gid", 4 * Array.IndexOf(peer, 3)),
        ];
    }

    static List<(string, long)> Numbers() =>
    [
        ("MFD_CLOEXEC", (long)MemfdFlags.CloseOnExec), ("MFD_ALLOW_SEALING", (long)MemfdFlags.AllowSealing), ("MFD_HUGETLB", (long)MemfdFlags.HugeTlb),
        ("MFD_NOEXEC_SEAL", (long)MemfdFlags.NoExecSeal), ("MFD_HUGETLB | MFD_HUGE_2MB", (long)MemfdFlags.Huge2MiB),
        ("MFD_HUGETLB | MFD_HUGE_1GB", (long)MemfdFlags.Huge1GiB),
        ("F_SEAL_SEAL", (long)Seals.Seal), ("F_SEAL_SHRINK", (long)Seals.Shrink), ("F_SEAL_GROW", (long)Seals.Grow), ("F_SEAL_WRITE", (long)Seals.Write),
        ("F_SEAL_EXEC", (long)Seals.Exec), ("F_ADD_SEALS", FileSeals.AddCommand), ("F_GET_SEALS", FileSeals.GetCommand),
        ("F_DUPFD_CLOEXEC", DescriptorFlags.DuplicateCloseOnExec), ("F_GETFD", DescriptorFlags.GetDescriptor), ("F_SETFD", DescriptorFlags.SetDescriptor),
        ("F_GETFL", DescriptorFlags.GetStatus), ("F_SETFL", DescriptorFlags.SetStatus), ("FD_CLOEXEC", DescriptorFlags.CloseOnExecBit),
        ("O_CLOEXEC", OpenFlags.CloseOnExec), ("O_CREAT", OpenFlags.Create), ("O_NONBLOCK", DescriptorFlags.NonBlock), ("O_APPEND", DescriptorFlags.Append), ("O_PATH", OpenFlags.PathOnly),
        ("O_NOFOLLOW", OpenFlags.NoFollow), ("O_RDONLY", (long)FileAccessMode.ReadOnly), ("O_WRONLY", (long)FileAccessMode.WriteOnly),
        ("O_RDWR", (long)FileAccessMode.ReadWrite), ("O_ACCMODE", (long)FileAccessMode.IoctlOnly),
        ("FALLOC_FL_KEEP_SIZE", FileSpace.KeepSize), ("FALLOC_FL_PUNCH_HOLE", FileSpace.Punch), ("SEEK_END", FileSpace.SeekEnd),
        ("AT_EMPTY_PATH", FileStatusCalls.EmptyPath), ("STATX_BASIC_STATS", FileStatusCalls.BasicStats),
        ("F_OFD_SETLK", RangeLock.SetOwn), ("F_WRLCK", RangeLock.Write), ("HUGETLBFS_MAGIC", FileSystemStatus.HugePagesMagic),
        ("LOCK_EX", FileLock.Exclusive), ("LOCK_NB", FileLock.NonBlocking),
        ("MAP_SHARED", MemoryMapping.MapShared), ("MAP_PRIVATE", MemoryMapping.MapPrivate), ("MAP_FIXED", MemoryMapping.MapFixed),
        ("MAP_ANONYMOUS", MemoryMapping.MapAnonymous), ("MAP_NORESERVE", MemoryMapping.MapNoReserve), ("MAP_POPULATE", MemoryMapping.MapPopulate),
        ("PROT_NONE", (long)MapProtection.None), ("PROT_READ", (long)MapProtection.Read), ("PROT_WRITE", (long)MapProtection.Write), ("MS_SYNC", MemoryMapping.SyncNow),
        ("MADV_DONTNEED", (long)MemoryAdvice.DontNeed), ("MADV_REMOVE", (long)MemoryAdvice.Remove), ("MADV_DONTFORK", (long)MemoryAdvice.DontFork),
        ("MADV_HUGEPAGE", (long)MemoryAdvice.HugePage), ("MADV_NOHUGEPAGE", (long)MemoryAdvice.NoHugePage), ("MADV_DONTDUMP", (long)MemoryAdvice.DontDump), ("MADV_POPULATE_READ", (long)MemoryAdvice.PopulateRead),
        ("MADV_POPULATE_WRITE", (long)MemoryAdvice.PopulateWrite), ("MADV_COLLAPSE", (long)MemoryAdvice.Collapse),
        ("IN_DELETE_SELF", (long)InotifyMask.DeleteSelf), ("IN_Q_OVERFLOW", (long)InotifyMask.QueueOverflow), ("IN_IGNORED", (long)InotifyMask.Ignored),
        ("IN_MASK_CREATE", (long)InotifyMask.MaskCreate), ("IN_MASK_ADD", (long)InotifyMask.MaskAdd),
        ("IN_CLOEXEC", InotifyQueue.CloseOnExec), ("IN_NONBLOCK", InotifyQueue.NonBlock),
        ("EPOLL_CLOEXEC", EventPoll.CloseOnExec), ("EPOLL_CTL_ADD", EventPoll.AddOperation), ("EPOLL_CTL_DEL", EventPoll.RemoveOperation),
        ("EPOLL_CTL_MOD", EventPoll.ModifyOperation), ("EPOLLIN", (long)ReadyEvents.Readable), ("EPOLLOUT", (long)ReadyEvents.Writable),
        ("EPOLLERR", (long)ReadyEvents.Error), ("EPOLLHUP", (long)ReadyEvents.HangUp), ("EPOLLRDHUP", (long)ReadyEvents.PeerClosed),
        ("(unsigned)EPOLLONESHOT", (long)ReadyEvents.OneShot), ("(unsigned)EPOLLET", (long)ReadyEvents.EdgeTriggered),
        ("EFD_CLOEXEC | EFD_NONBLOCK", EventSignal.Flags),
        ("AF_UNIX", SeqpacketSocket.Unix), ("SOCK_SEQPACKET", SeqpacketSocket.Seqpacket), ("SOCK_CLOEXEC", SeqpacketSocket.CloseOnExec),
        ("SOCK_NONBLOCK", SeqpacketSocket.NonBlock), ("SOL_SOCKET", ControlMessage.SocketLevel), ("SCM_RIGHTS", ControlMessage.Rights),
        ("MSG_DONTWAIT", (long)MessageFlags.DontWait), ("MSG_NOSIGNAL", SocketMessages.NoSignal), ("MSG_CTRUNC", SocketMessages.ControlTruncated),
        ("MSG_TRUNC", SocketMessages.DataTruncated), ("MSG_CMSG_CLOEXEC", SocketMessages.CloseOnExecRights),
        ("SO_PEERCRED", SocketPeer.CredentialsOption), ("SO_PEERGROUPS", SocketPeer.GroupsOption), ("SO_PEERPIDFD", SocketPeer.PidfdOption),
        ("RLIMIT_NOFILE", (long)LimitedResource.OpenFiles), ("RLIMIT_MEMLOCK", (long)LimitedResource.LockedMemory),
        ("PR_SET_PDEATHSIG", ProcessControl.SetParentDeathSignalOption), ("PR_GET_DUMPABLE", ProcessControl.GetDumpableOption),
        ("PR_SET_DUMPABLE", ProcessControl.SetDumpableOption),
        ("PR_SET_NO_NEW_PRIVS", SeccompFilter.SetNoNewPrivilegesOption), ("POLLHUP", SeccompListener.HangUp), ("TIOCGPGRP", (long)Terminal.GetForegroundGroup),
        ("PIDFD_THREAD", ForeignDescriptors.ThreadFlag),
        ("AUDIT_ARCH_X86_64", (long)AuditArchitecture.X64), ("AUDIT_ARCH_I386", (long)AuditArchitecture.I386),
        ("AUDIT_ARCH_AARCH64", (long)AuditArchitecture.Arm64), ("AUDIT_ARCH_ARM", (long)AuditArchitecture.Arm),
        ("SECCOMP_RET_ALLOW", NotifyFilter.Allow), ("SECCOMP_RET_USER_NOTIF", NotifyFilter.Notify), ("SECCOMP_SET_MODE_FILTER", SeccompFilter.SetModeFilter),
        ("SECCOMP_FILTER_FLAG_NEW_LISTENER", SeccompFilter.NewListener), ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SeccompFilter.WaitKillable),
        ("SECCOMP_IOCTL_NOTIF_RECV", (long)SeccompListener.ReceiveCommand), ("SECCOMP_IOCTL_NOTIF_SEND", (long)SeccompListener.SendCommand),
        ("SECCOMP_IOCTL_NOTIF_ID_VALID", (long)SeccompListener.IsValidCommand), ("SECCOMP_IOCTL_NOTIF_ADDFD", (long)SeccompListener.AddDescriptorCommand),
        ("SECCOMP_IOCTL_NOTIF_SET_FLAGS", (long)SeccompListener.SetFlagsCommand), ("SECCOMP_USER_NOTIF_FLAG_CONTINUE", SeccompListener.ContinueFlag),
        ("SECCOMP_ADDFD_FLAG_SEND", SeccompListener.SendDescriptorFlag), ("SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP", (long)SeccompListener.SynchronousWakeUp),
        ("seccomp_data.nr", NotifyFilter.NumberOffset), ("seccomp_data.arch", NotifyFilter.ArchitectureOffset), ("seccomp_data.args[1]", NotifyFilter.CommandOffset),
        ("BPF_LD | BPF_W | BPF_ABS", BpfInstruction.LoadWord), ("BPF_ALU | BPF_AND | BPF_K", BpfInstruction.And),
        ("BPF_JMP | BPF_JEQ | BPF_K", BpfInstruction.JumpIfEqual), ("BPF_RET | BPF_K", BpfInstruction.Return),
        ("CLONE_NEWNS", MountNamespace.NewNamespace), ("MS_NOSUID", (long)MountNamespace.NoSetUserId), ("MS_NOEXEC", (long)MountNamespace.NoExec),
        ("MS_BIND", (long)MountNamespace.Bind), ("MS_REC", (long)MountNamespace.Recursive), ("MS_SLAVE", (long)MountNamespace.Slave),
        ("S_IFCHR", DeviceNode.CharacterType),
        ("POSIX_SPAWN_SETSIGMASK", PreparedProgram.SetSignalMask), ("POSIX_SPAWN_SETSIGDEF", PreparedProgram.SetSignalDefaults),
        ("WNOHANG", ChildProcess.WaitNot), ("WUNTRACED", ChildProcess.WaitUntraced), ("WCONTINUED", ChildProcess.WaitContinued),
        ("SYS_pidfd_getfd", SyscallTable.Current.PidfdGetfd), ("SYS_seccomp", SyscallTable.Current.Seccomp), ("SYS_mknodat", SyscallTable.Current.MakeNodeAt),
        ("SYS_ioctl", Native.Ioctl), ("SYS_openat", Native.OpenAt), ("SYS_openat2", Native.OpenAt2), ("SYS_newfstatat", Native.FStatAt),
        ("SYS_statx", Native.Statx), ("SYS_faccessat", Native.FAccessAt), ("SYS_faccessat2", Native.FAccessAt2), ("SYS_readlinkat", Native.ReadLinkAt),
        ("SYS_getdents64", Native.GetDents64), ("SYS_getxattr", Native.GetXAttr), ("SYS_lgetxattr", Native.GetXAttr + 1),
        ("SYS_listxattr", Native.ListXAttr), ("SYS_lseek", Native.LSeek), ("SYS_read", Native.Read),
        ("SYS_write", Native.Write), ("SYS_ftruncate", Native.FTruncate), ("SYS_fallocate", Native.FAllocate), ("SYS_mmap", Native.MMap), ("SYS_fstat", Native.FStat),
        ("SYS_epoll_ctl", Native.EpollCtl), ("SYS_llistxattr", Native.ListXAttr + 1),
        ("SYS_memfd_secret", SyscallTable.Current.MemfdSecret), ("SYS_pidfd_open", SyscallTable.Current.PidfdOpen),
        ("SYS_pidfd_send_signal", SyscallTable.Current.PidfdSendSignal),
    ];
}
