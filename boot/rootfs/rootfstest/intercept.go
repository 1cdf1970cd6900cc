package rootfstest

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Call is a system call that is about to be made.
type Call struct {
	Number int // unix.SYS_RENAMEAT2, say
	Args   [6]uint64
}

// changing are the calls that change a file system or make changes durable,
// beside open and write.
var changing = []int{
	unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINKAT, unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_MKDIRAT,
	unix.SYS_FCHMOD, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE,
	unix.SYS_PWRITE64, unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_SYNCFS,
}

// Intercept runs do on a thread of its own and calls before ahead of every
// system call of that thread that may change a file system. What before gives
// becomes the call's error; with 0 the call is made. While before runs, do stands
// still, as if it had been killed there.
//
// It skips the test where the kernel does not offer it (Linux 5.19 does, to users
// of seccomp(2) filters).
func Intercept(t testing.TB, do func(), before func(Call) unix.Errno) {
	t.Helper()
	listener, done := make(chan int), make(chan struct{})
	var refused error
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and the filter with it
		var fd int
		if fd, refused = install(); refused == nil {
			listener <- fd
			do()
		}
	}()
	var fd int
	select {
	case fd = <-listener:
	case <-done:
		t.Skipf("cannot intercept system calls here: %v", refused)
	}
	defer unix.Close(fd)
	over, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	go func() {
		<-done
		end.Close()
	}()
	if err := supervise(fd, int(over.Fd()), before); err != nil {
		t.Fatalf("cannot go on intercepting: %v", err)
	}
}

// install gives the calling thread a filter that asks its listener about some
// calls, and returns the listener.
func install() (int, error) {
	const ask, allow = unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_ALLOW
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	argument := func(n uint32) unix.SockFilter { return load(16 + 8*n) }
	unless := func(test uint16, value uint32, skip uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: value, Jf: skip}
	}
	answer := func(verdict uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}
	}
	filter := []unix.SockFilter{load(0)} // the number
	for _, call := range changing {
		filter = append(filter, unless(unix.BPF_JEQ, uint32(call), 1), answer(ask))
	}
	filter = append(filter,
		// Most files are opened to be read.
		unless(unix.BPF_JEQ, unix.SYS_OPENAT, 4),
		argument(2), unless(unix.BPF_JSET, unix.O_CREAT|unix.O_TRUNC, 1), answer(ask), answer(allow),
		// Go's scheduler wakes itself with writes of 8 bytes, and cannot wait for
		// an answer; what a test says itself does not count.
		unless(unix.BPF_JEQ, unix.SYS_WRITE, 6),
		argument(2), unless(unix.BPF_JEQ, 8, 1), answer(allow),
		argument(0), unless(unix.BPF_JGT, 2, 1), answer(ask),
		answer(allow),
	)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// notification is struct seccomp_notif of seccomp_unotify(2), answer is
// struct seccomp_notif_resp.
type (
	notification struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		pointer    uint64
		args       [6]uint64
	}
	answer struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

// supervise answers the listener's questions until over is closed.
func supervise(fd, over int, before func(Call) unix.Errno) error {
	for {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(over), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			if ready[1].Revents != 0 {
				return nil
			}
			continue
		}
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			if errno == unix.EINTR || errno == unix.ENOENT {
				continue
			}
			return errno
		}
		a := answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if errno := before(Call{Number: int(n.nr), Args: n.args}); errno != 0 {
			a.flags, a.errno = 0, -int32(errno)
		}
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&a))); errno != 0 && errno != unix.ENOENT {
			return errno
		}
	}
}
