package insserv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/snapshot"
)

// limits are what the program may use (setrlimit(2)).
var limits = map[int]uint64{
	unix.RLIMIT_CPU:    10, // seconds
	unix.RLIMIT_AS:     512 << 20,
	unix.RLIMIT_FSIZE:  16 << 20,
	unix.RLIMIT_NOFILE: 256,
	unix.RLIMIT_NPROC:  1, // insserv has no children
	unix.RLIMIT_CORE:   0,
}

// namespaces of the program's own. It needs none for mounts: it has the scratch
// copy for a root directory and may not mount.
const namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS

// call runs the program in the thread's working directory.
func (e *Engine) call(ctx context.Context, args []string) (snapshot.Outcome, error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return snapshot.Outcome{}, fail("cannot keep insserv from getting privileges", err)
	}
	var stdout, stderr capped
	cmd := e.command(ctx, args, &stdout, &stderr)
	err := e.startConfined(cmd)
	if errors.Is(err, unix.EPERM) && e.live && cmd.Process == nil {
		cmd = e.command(ctx, args, &stdout, &stderr)
		err = e.startFree(cmd)
	}
	if err == nil {
		err = cmd.Wait()
	}
	if ctx.Err() != nil {
		return snapshot.Outcome{}, fmt.Errorf("the guest's %s was ended: %w", e.program.path, context.Cause(ctx))
	}
	failed, ran := errors.AsType[*exec.ExitError](err)
	code := cmd.ProcessState.ExitCode()
	switch {
	case ran && code == 1: // insserv exits with 0 or 1 only
	case ran && failed.Exited():
		err = fmt.Errorf("exit code %d, which is not one of insserv's: %s", code, strings.TrimSpace(stderr.String()))
		fallthrough
	case err != nil:
		return snapshot.Outcome{}, fail("cannot run the guest's "+e.program.path+lacking(err), err)
	}
	return snapshot.Outcome{ExitCode: code, Stdout: stdout.String(), Stderr: stderr.String()}, nil
}

// command prepares a call, to be ended with all its children when ctx is done.
func (e *Engine) command(ctx context.Context, args []string, stdout, stderr *capped) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.program.path, args...)
	cmd.Args[0] = "insserv" // it begins its messages with this
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "LD_LIBRARY_PATH=" + libraryDir}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second
	cmd.Cancel = func() error {
		if err := unix.Kill(-cmd.Process.Pid, unix.SIGKILL); !errors.Is(err, unix.ESRCH) {
			return err
		}
		return os.ErrProcessDone
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     ".",
		Credential: &syscall.Credential{Uid: stranger, Gid: stranger},
		Setsid:     true,
		Pdeathsig:  unix.SIGKILL,
	}
	return cmd
}

// startConfined starts a command in namespaces and within the limits. It is
// stopped before its first instruction until the limits hold: what it could start
// before would not have them. As it is ptrace(2) that stops it, a bootledger that
// strace -f follows cannot.
func (e *Engine) startConfined(cmd *exec.Cmd) error {
	cmd.SysProcAttr.Cloneflags = namespaces
	cmd.SysProcAttr.Ptrace = true
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &status, 0, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
		}
	}
	if !status.Stopped() {
		return nil // killed meanwhile, as Wait will tell
	}
	err := limit(pid)
	if err == nil {
		err = unix.PtraceDetach(pid)
	}
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return nil
}

// startFree starts a command that is not taken for hostile.
func (e *Engine) startFree(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = limit(cmd.Process.Pid) // a container may forbid this, too: then the timeout has to do
	return nil
}

// limit sets the limits of a process of the stranger's. The thread becomes the
// stranger for it, and stays so: to root without CAP_SYS_RESOURCE, as in many a
// container, the kernel would not allow it.
func limit(pid int) error {
	// Not the calls of package unix, which change every thread.
	for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
		if _, _, errno := unix.RawSyscall(call, stranger, stranger, stranger); errno != 0 {
			return fmt.Errorf("cannot give up root: %w", errno)
		}
	}
	for resource, most := range limits {
		if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("cannot limit what it may use: %w", err)
		}
	}
	return nil
}

// lacking says what it takes to run the program, where its error tells.
func lacking(err error) string {
	switch {
	case errors.Is(err, unix.ENOEXEC):
		return ", which is not for this machine's architecture"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EINVAL):
		return " in namespaces of its own"
	}
	return ""
}
