package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// fileCalls are the system calls that count: those that reach a file system.
var fileCalls = map[uint64]string{
	unix.SYS_OPENAT: "openat", unix.SYS_OPENAT2: "openat2", unix.SYS_CLOSE: "close",
	unix.SYS_READ: "read", unix.SYS_PREAD64: "pread64", unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64",
	unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_SYNCFS: "syncfs",
	unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2", unix.SYS_LINKAT: "linkat",
	unix.SYS_SYMLINKAT: "symlinkat", unix.SYS_UNLINKAT: "unlinkat", unix.SYS_MKDIRAT: "mkdirat",
	unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHMODAT: "fchmodat", unix.SYS_FCHOWN: "fchown", unix.SYS_FCHOWNAT: "fchownat",
	unix.SYS_UTIMENSAT: "utimensat", unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FALLOCATE: "fallocate",
	unix.SYS_FSTAT: "fstat", unix.SYS_NEWFSTATAT: "newfstatat", unix.SYS_STATX: "statx",
	unix.SYS_FSTATFS: "fstatfs", unix.SYS_STATFS: "statfs", unix.SYS_READLINKAT: "readlinkat",
	unix.SYS_GETDENTS64: "getdents64", unix.SYS_LSEEK: "lseek", unix.SYS_FLOCK: "flock", unix.SYS_FCNTL: "fcntl",
}

// fault is what happens to a program at one of its file system calls.
type fault struct {
	at    int           // the call, from 1; 0 for no fault
	errno syscall.Errno // what the call returns, instead of being made; 0: the program is killed before it
	ever  bool          // and all later ones
	short bool          // the call is made for half of its bytes, if it has some
}

func (f fault) String() string {
	switch {
	case f.short:
		return fmt.Sprintf("call %d is short", f.at)
	case f.errno == 0:
		return fmt.Sprintf("killed at call %d", f.at)
	case f.ever:
		return fmt.Sprintf("from call %d on: %s", f.at, unix.ErrnoName(f.errno))
	default:
		return fmt.Sprintf("call %d: %s", f.at, unix.ErrnoName(f.errno))
	}
}

// outcome is how a traced program ended.
type outcome struct {
	calls  int    // file system calls that it made or tried to make
	call   string // the one that the fault hit; empty if it ended before
	exit   int    // exit code, -1 if it was killed
	stderr string
}

// trace runs a program to its end with one fault.
func trace(argv []string, f fault) (outcome, error) {
	runtime.LockOSThread() // ptrace(2) requests come from the thread that started the program
	defer runtime.UnlockOSThread()
	defer onOneCPU()()

	null, err := os.Open(os.DevNull)
	if err != nil {
		return outcome{}, err
	}
	defer null.Close()
	stderr, err := os.CreateTemp("", "stderr")
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = errors.Join(stderr.Close(), os.Remove(stderr.Name())) }()
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Env:   []string{"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		Files: []*os.File{null, stderr, stderr},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = process.Release() }() // waited for below
	t := tracer{main: process.Pid, fault: f, inside: map[int]*unix.PtraceRegs{}}
	o, err := t.run()
	if err != nil {
		_ = unix.Kill(process.Pid, unix.SIGKILL)
		return o, err
	}
	said := make([]byte, 4096)
	n, _ := stderr.ReadAt(said, 0)
	o.stderr = string(said[:n])
	return o, nil
}

// onOneCPU keeps this thread, and what it starts, on one processor until the
// function that it gives is called: each call of the program is a switch from one
// to the other, and takes a third of the time there.
func onOneCPU() (free func()) {
	var all, one unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return func() {}
	}
	pick := rand.IntN(all.Count())
	for cpu := range len(all) * 64 {
		if all.IsSet(cpu) {
			if pick == 0 {
				one.Set(cpu)
				break
			}
			pick--
		}
	}
	_ = unix.SchedSetaffinity(0, &one) // slower without
	return func() { _ = unix.SchedSetaffinity(0, &all) }
}

// tracer follows all threads of one program.
type tracer struct {
	main   int
	fault  fault
	seen   outcome
	done   bool                     // the fault is over
	inside map[int]*unix.PtraceRegs // threads between the start and the end of a call, whose result is to be set
}

const waitFlags = unix.WALL | unix.WNOTHREAD

func (t *tracer) run() (outcome, error) {
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.main, &status, waitFlags, nil); err != nil {
		return t.seen, err
	}
	options := unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACESYSGOOD
	if err := unix.PtraceSetOptions(t.main, options); err != nil {
		return t.seen, err
	}
	entered := map[int]bool{}
	for thread, signal := t.main, 0; ; {
		on := unix.PtraceSyscall
		if t.done && t.inside[thread] == nil {
			on = unix.PtraceCont // to its end, without a stop at every call
		}
		if err := on(thread, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return t.seen, err
		}
		var err error
		if thread, err = unix.Wait4(-1, &status, waitFlags, nil); err != nil {
			return t.seen, err
		}
		signal = 0
		switch {
		case status.Exited() || status.Signaled():
			if thread == t.main {
				t.seen.exit = status.ExitStatus()
				return t.seen, nil
			}
			delete(entered, thread)
		case status.StopSignal() == unix.SIGTRAP|0x80:
			if entered[thread] = !entered[thread]; entered[thread] {
				err = t.enter(thread)
			} else {
				err = t.leave(thread)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) {
				return t.seen, err
			}
		case status.StopSignal() == unix.SIGTRAP, status.StopSignal() == unix.SIGSTOP:
			// of ptrace itself: a new thread, or one that begins
		default:
			signal = int(status.StopSignal())
		}
	}
}

// enter is called before a system call is made.
func (t *tracer) enter(thread int) error {
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(thread, &regs); err != nil {
		return err
	}
	name, counts := fileCalls[regs.Orig_rax]
	toStream := regs.Orig_rax == unix.SYS_WRITE && (regs.Rdi == 1 || regs.Rdi == 2)
	if !counts || toStream {
		return nil
	}
	t.seen.calls++
	f := t.fault
	if f.at == 0 || t.seen.calls < f.at || t.seen.calls > f.at && !f.ever {
		return nil
	}
	if t.seen.calls == f.at {
		t.seen.call, t.done = name, !f.ever
	}
	switch {
	case f.short:
		if strings.Contains(name, "read") && name != "readlinkat" || strings.Contains(name, "write") {
			regs.Rdx /= 2
			return unix.PtraceSetRegs(thread, &regs)
		}
		return nil
	case f.errno == 0:
		return unix.Kill(t.main, unix.SIGKILL)
	}
	regs.Orig_rax = ^uint64(0) // no call at all
	t.inside[thread] = &regs
	return unix.PtraceSetRegs(thread, &regs)
}

// leave is called when a system call is over.
func (t *tracer) leave(thread int) error {
	regs := t.inside[thread]
	if regs == nil {
		return nil
	}
	delete(t.inside, thread)
	regs.Rax = uint64(-int64(t.fault.errno))
	return unix.PtraceSetRegs(thread, regs)
}
